// SPDX-License-Identifier: MIT
// Loops over any number of floats, a chunk at a time.
#pragma once

#include <cstddef>

#include <bitnet/config.hpp>
#include <bitnet/simd/f32x16.hpp>

namespace BITNET_NAMESPACE::simd {

/// Runs f(index, how many) for each chunk of n elements. The last may have fewer than Size.
template <std::size_t Size = 16, class F>
BITNET_INLINE void for_chunks(std::size_t n, F&& f) noexcept {
    std::size_t i = 0;
    for (; i + Size <= n; i += Size) f(i, Size);
    if (i < n) f(i, n - i);
}
/// The n <= 16 floats at p, then zeros.
template <class Isa>
BITNET_INLINE f32x16<Isa> load_chunk(const float* p, std::size_t n) noexcept {
    return n == f32x16<Isa>::size ? f32x16<Isa>::load(p) : f32x16<Isa>::load_first(p, n);
}
/// The first n <= 16 lanes to p.
template <class Isa>
BITNET_INLINE void store_chunk(const f32x16<Isa>& v, float* p, std::size_t n) noexcept {
    if (n == f32x16<Isa>::size) {
        v.store(p);
    } else {
        v.store_first(p, n);
    }
}

} // namespace BITNET_NAMESPACE::simd
