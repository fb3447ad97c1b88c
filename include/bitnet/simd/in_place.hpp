// SPDX-License-Identifier: MIT
// in_place(v): v, an integer register of x86 or ARM, computed here. Compilers reorder a tile's sums
// so that dozens of products wait for their turn in memory. Costs no instruction.
#pragma once

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::simd {

#if (defined(__x86_64__) || defined(__i386__)) && defined(BITNET_GNU)
template <class Register>
BITNET_INLINE Register in_place(Register v) noexcept {
    asm volatile("" : "+v"(v));
    return v;
}
#elif defined(__aarch64__) && defined(BITNET_GNU)
template <class Register>
BITNET_INLINE Register in_place(Register v) noexcept {
    asm("" : "+w"(v)); // not volatile: clang would load again after each
    return v;
}
#else
template <class Register>
BITNET_INLINE Register in_place(Register v) noexcept {
    return v;
}
#endif

} // namespace BITNET_NAMESPACE::simd
