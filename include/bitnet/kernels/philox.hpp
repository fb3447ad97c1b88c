// SPDX-License-Identifier: MIT
// The rounds of Philox4x32-10, on one counter or on several at once; random.hpp has the contract.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/i32x16.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

// Multipliers of the round and increments of the key, as the paper chose them.
inline constexpr std::uint32_t philox_m0 = 0xD2511F53u, philox_m1 = 0xCD9E8D57u;
inline constexpr std::uint32_t philox_w0 = 0x9E3779B9u, philox_w1 = 0xBB67AE85u;
inline constexpr int philox_rounds = 10;

/// Runs the generator on Lanes counters at once; counter[w][i] is word w of counter i.
template <std::size_t Lanes>
BITNET_INLINE constexpr void philox(std::uint32_t (&counter)[4][Lanes], std::uint32_t key0,
                                    std::uint32_t key1) noexcept {
    for (int round = 0; round < philox_rounds; ++round) {
        for (std::size_t i = 0; i < Lanes; ++i) {
            const std::uint64_t p0 = std::uint64_t{philox_m0} * counter[0][i];
            const std::uint64_t p1 = std::uint64_t{philox_m1} * counter[2][i];
            counter[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ counter[1][i] ^ key0;
            counter[1][i] = static_cast<std::uint32_t>(p1);
            counter[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ counter[3][i] ^ key1;
            counter[3][i] = static_cast<std::uint32_t>(p0);
        }
        key0 += philox_w0;
        key1 += philox_w1;
    }
}

} // namespace detail

namespace simd {

/// Lane i: uniform(seed, element + i, token, stream).
template <class Isa>
BITNET_INLINE f32x16<Isa> uniform16(std::uint64_t seed, std::uint32_t element, std::uint64_t token,
                                    std::uint32_t stream) noexcept {
    std::uint32_t counter[4][f32x16<Isa>::size];
    for (std::uint32_t i = 0; i < f32x16<Isa>::size; ++i) {
        counter[0][i] = element + i;
        counter[1][i] = static_cast<std::uint32_t>(token);
        counter[2][i] = stream;
        counter[3][i] = static_cast<std::uint32_t>(token >> 32);
    }
    detail::philox(counter, static_cast<std::uint32_t>(seed),
                   static_cast<std::uint32_t>(seed >> 32));
    std::int32_t r[f32x16<Isa>::size];
    for (std::size_t i = 0; i < f32x16<Isa>::size; ++i)
        r[i] = static_cast<std::int32_t>(counter[0][i] >> 9);
    return (f32x16<Isa>::from(i32x16<Isa>::load(r)) + f32x16<Isa>::set1(0.5f)) *
           f32x16<Isa>::set1(0x1p-23f);
}

} // namespace simd
} // namespace BITNET_NAMESPACE
