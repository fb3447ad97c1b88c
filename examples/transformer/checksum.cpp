// SPDX-License-Identifier: MIT
// XXH64: four lanes over stripes of 32 bytes, then the rest, then an avalanche.
#include "checksum.hpp"

#include "model_format.hpp"

#include <bit>

namespace bitnet::example {
namespace {

constexpr std::uint64_t p1 = 0x9e3779b185ebca87u, p2 = 0xc2b2ae3d27d4eb4fu,
                        p3 = 0x165667b19e3779f9u, p4 = 0x85ebca77c2b2ae63u,
                        p5 = 0x27d4eb2f165667c5u;

std::uint64_t mixed(std::uint64_t lane, std::uint64_t word) noexcept {
    return std::rotl(lane + word * p2, 31) * p1;
}

} // namespace

std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t hash = p5;
    if (left >= 32) {
        std::uint64_t lane[4] = {p1 + p2, p2, 0, 0 - p1};
        for (; left >= 32; left -= 32, at += 32) {
            for (std::size_t i = 0; i < 4; ++i) {
                lane[i] = mixed(lane[i], file_format::load<std::uint64_t>(at + 8 * i));
            }
        }
        hash = std::rotl(lane[0], 1) + std::rotl(lane[1], 7) + std::rotl(lane[2], 12) +
               std::rotl(lane[3], 18);
        for (const std::uint64_t value : lane) hash = (hash ^ mixed(0, value)) * p1 + p4;
    }
    hash += bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        hash = std::rotl(hash ^ mixed(0, file_format::load<std::uint64_t>(at)), 27) * p1 + p4;
    }
    for (; left >= 4; left -= 4, at += 4) {
        hash = std::rotl(hash ^ file_format::load<std::uint32_t>(at) * p1, 23) * p2 + p3;
    }
    for (; left > 0; --left, ++at) {
        hash = std::rotl(hash ^ std::to_integer<std::uint64_t>(*at) * p5, 11) * p1;
    }
    hash = (hash ^ hash >> 33) * p2;
    hash = (hash ^ hash >> 29) * p3;
    return hash ^ hash >> 32;
}

} // namespace bitnet::example
