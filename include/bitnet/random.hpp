// SPDX-License-Identifier: MIT
// Random bits from a counter: the same seed gives the same bits on every ISA and thread count,
// whatever the order in which they are drawn.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/philox.hpp>

namespace BITNET_NAMESPACE {

/// Four 32-bit words: a counter of the generator, or what it makes of one.
struct Philox4 {
    std::uint32_t word[4];
};
/// The key of the generator.
struct Philox2 {
    std::uint32_t word[2];
};

/// Philox4x32-10: four random words for each counter.
/// source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011)
BITNET_INLINE constexpr Philox4 philox4x32(Philox4 counter, Philox2 key) noexcept {
    std::uint32_t c[4][1] = {
        {counter.word[0]}, {counter.word[1]}, {counter.word[2]}, {counter.word[3]}};
    detail::philox(c, key.word[0], key.word[1]);
    return {{c[0][0], c[1][0], c[2][0], c[3][0]}};
}

/// The 32 random bits of one element of one token: word 0 of philox4x32(counter, key), with
/// key = (low, high half of seed), counter = (element, low half of token, stream, high half of
/// token): for tokens below 2^32 simply (element, token, stream, 0). One draw for each element.
BITNET_INLINE constexpr std::uint32_t random_bits(std::uint64_t seed, std::uint32_t element,
                                                  std::uint64_t token,
                                                  std::uint32_t stream) noexcept {
    return philox4x32({{element, static_cast<std::uint32_t>(token), stream,
                        static_cast<std::uint32_t>(token >> 32)}},
                      {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}})
        .word[0];
}

/// u = ((r >> 9) + 0.5) * 2^-23, r = random_bits(...): never 0 or 1, and exact in float32
BITNET_INLINE constexpr float uniform(std::uint64_t seed, std::uint32_t element,
                                      std::uint64_t token, std::uint32_t stream) noexcept {
    // As an odd number of 24 bits times a power of two, so that no compiler can round anything.
    const std::uint32_t r = random_bits(seed, element, token, stream);
    return static_cast<float>(static_cast<std::int32_t>((r >> 9) * 2 + 1)) * 0x1p-24f;
}

} // namespace BITNET_NAMESPACE
