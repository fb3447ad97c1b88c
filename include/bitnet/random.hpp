// SPDX-License-Identifier: MIT
// Random bits from a counter: the same seed gives the same bits on every ISA and thread count,
// whatever the order in which they are drawn.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/f32x16.hpp>

namespace BITNET_NAMESPACE {

/// Four 32-bit words: a counter of the generator, or what it makes of one.
struct Philox4 {
    std::uint32_t word[4];
};
/// The key of the generator.
struct Philox2 {
    std::uint32_t word[2];
};

namespace detail {

// Multipliers of the round and increments of the key, as the paper chose them.
inline constexpr std::uint32_t philox_m0 = 0xD2511F53u, philox_m1 = 0xCD9E8D57u;
inline constexpr std::uint32_t philox_w0 = 0x9E3779B9u, philox_w1 = 0xBB67AE85u;
inline constexpr int philox_rounds = 10;

/// Runs the generator on Lanes counters at once; counter[w][i] is word w of counter i.
template <std::size_t Lanes>
BITNET_INLINE constexpr void philox(std::uint32_t (&counter)[4][Lanes], Philox2 key) noexcept {
    for (int round = 0; round < philox_rounds; ++round) {
        for (std::size_t i = 0; i < Lanes; ++i) {
            const std::uint64_t p0 = std::uint64_t{philox_m0} * counter[0][i];
            const std::uint64_t p1 = std::uint64_t{philox_m1} * counter[2][i];
            counter[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ counter[1][i] ^ key.word[0];
            counter[1][i] = static_cast<std::uint32_t>(p1);
            counter[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ counter[3][i] ^ key.word[1];
            counter[3][i] = static_cast<std::uint32_t>(p0);
        }
        key.word[0] += philox_w0;
        key.word[1] += philox_w1;
    }
}

BITNET_INLINE constexpr Philox2 seed_key(std::uint64_t seed) noexcept {
    return {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
}

} // namespace detail

/// Philox4x32-10: four random words for each counter.
/// source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011)
BITNET_INLINE constexpr Philox4 philox4x32(Philox4 counter, Philox2 key) noexcept {
    std::uint32_t c[4][1] = {
        {counter.word[0]}, {counter.word[1]}, {counter.word[2]}, {counter.word[3]}};
    detail::philox(c, key);
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
                      detail::seed_key(seed))
        .word[0];
}

/// u = ((r >> 9) + 0.5) * 2^-23, r = random_bits(...): never 0 or 1, and exact in float32
BITNET_INLINE constexpr float uniform(std::uint64_t seed, std::uint32_t element,
                                      std::uint64_t token, std::uint32_t stream) noexcept {
    // As an odd number of 24 bits times a power of two, so that no compiler can round anything.
    const std::uint32_t r = random_bits(seed, element, token, stream);
    return static_cast<float>(static_cast<std::int32_t>((r >> 9) * 2 + 1)) * 0x1p-24f;
}

namespace simd {

/// Lane i: uniform(seed, element + i, token, stream).
template <class Isa>
BITNET_INLINE f32x16<Isa> uniform16(std::uint64_t seed, std::uint32_t element, std::uint64_t token,
                                    std::uint32_t stream) noexcept {
    std::uint32_t counter[4][16];
    for (std::uint32_t i = 0; i < 16; ++i) {
        counter[0][i] = element + i;
        counter[1][i] = static_cast<std::uint32_t>(token);
        counter[2][i] = stream;
        counter[3][i] = static_cast<std::uint32_t>(token >> 32);
    }
    detail::philox(counter, detail::seed_key(seed));
    std::int32_t r[16];
    for (std::size_t i = 0; i < 16; ++i) r[i] = static_cast<std::int32_t>(counter[0][i] >> 9);
    return (f32x16<Isa>::from(i32x16<Isa>::load(r)) + f32x16<Isa>::set1(0.5f)) *
           f32x16<Isa>::set1(0x1p-23f);
}

} // namespace simd
} // namespace BITNET_NAMESPACE
