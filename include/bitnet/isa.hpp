// SPDX-License-Identifier: MIT
// THE list of ISA clusters: each tag names a whole set of CPU features that occur together.
//
// tag          registers  needs (gcc/clang flags)
// scalar       none       nothing; plain C++
// baseline128  128 bit    whatever 128-bit SIMD the target guarantees
// haswell      256 bit    AVX2 FMA BMI BMI2 POPCNT F16C LZCNT
// alderlake    256 bit    haswell + AVX-VNNI
// skylakex     512 bit    haswell + AVX-512 F CD BW DQ VL
// icelake      512 bit    skylakex + AVX-512 VNNI IFMA VBMI VBMI2 BITALG VPOPCNTDQ, GFNI
//
// `native` is the best cluster that this translation unit's flags allow, `dynamic` the one that
// bitnet::dispatch chose for this CPU at run time.
#pragma once

#include <type_traits>

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE::isa {

struct scalar {
    static constexpr const char* name = "scalar";
};

struct baseline128 {
    static constexpr const char* name = "baseline128";
#if defined(__x86_64__) || defined(_M_X64)
    using arch = xsimd::sse2;
#elif !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    using arch = xsimd::default_arch;
#endif
};
struct haswell {
    static constexpr const char* name = "haswell";
    using arch = xsimd::fma3<xsimd::avx2>;
};
struct alderlake {
    static constexpr const char* name = "alderlake";
    using arch = xsimd::fma3<xsimd::avx2>; // xsimd::avxvnni loses FMA before 14.3
};
struct skylakex {
    static constexpr const char* name = "skylakex";
    using arch = xsimd::avx512bw;
};
struct icelake {
    static constexpr const char* name = "icelake";
    using arch = xsimd::avx512bw;
};

/// All of them, worst first. What lists clusters elsewhere is checked against this.
template <class... Clusters>
struct list {};
using clusters = list<scalar, baseline128, haswell, alderlake, skylakex, icelake>;

// Which of them this translation unit's flags allow.
#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
#define BITNET_HAS_BASELINE128 1
#endif
#if defined(BITNET_HAS_BASELINE128) && defined(__AVX2__) && defined(__FMA__) &&                    \
    defined(__BMI2__) && defined(__POPCNT__) && defined(__F16C__)
#define BITNET_HAS_HASWELL 1
#endif
#if defined(BITNET_HAS_HASWELL) && defined(__AVXVNNI__)
#define BITNET_HAS_ALDERLAKE 1
#endif
#if defined(BITNET_HAS_HASWELL) && defined(__AVX512F__) && defined(__AVX512BW__) &&                \
    defined(__AVX512DQ__) && defined(__AVX512VL__) && defined(__AVX512CD__)
#define BITNET_HAS_SKYLAKEX 1
#endif
#if defined(BITNET_HAS_SKYLAKEX) && defined(__AVX512VNNI__) && defined(__AVX512VBMI__) &&          \
    defined(__AVX512VBMI2__) && defined(__AVX512BITALG__) && defined(__AVX512VPOPCNTDQ__) &&       \
    defined(__AVX512IFMA__) && defined(__GFNI__)
#define BITNET_HAS_ICELAKE 1
#endif

#if defined(BITNET_HAS_ICELAKE)
using best = icelake;
#elif defined(BITNET_HAS_SKYLAKEX)
using best = skylakex;
#elif defined(BITNET_HAS_ALDERLAKE)
using best = alderlake;
#elif defined(BITNET_HAS_HASWELL)
using best = haswell;
#elif defined(BITNET_HAS_BASELINE128)
using best = baseline128;
#else
using best = scalar;
#endif

/// The flags of this translation unit that change what a compiler may emit or round. They are part
/// of `native`, so two units of one cluster with different flags never share a symbol.
inline namespace flags_of_this_unit {
enum : unsigned long long {
    flag_set = 0
#if defined(__SSE3__)
               | 1ull << 0
#endif
#if defined(__SSSE3__)
               | 1ull << 1
#endif
#if defined(__SSE4_1__)
               | 1ull << 2
#endif
#if defined(__SSE4_2__)
               | 1ull << 3
#endif
#if defined(__AVX__)
               | 1ull << 4
#endif
#if defined(__AVX2__)
               | 1ull << 5
#endif
#if defined(__FMA__)
               | 1ull << 6
#endif
#if defined(__BMI__)
               | 1ull << 7
#endif
#if defined(__BMI2__)
               | 1ull << 8
#endif
#if defined(__POPCNT__)
               | 1ull << 9
#endif
#if defined(__LZCNT__)
               | 1ull << 10
#endif
#if defined(__F16C__)
               | 1ull << 11
#endif
#if defined(__MOVBE__)
               | 1ull << 12
#endif
#if defined(__AVXVNNI__)
               | 1ull << 13
#endif
#if defined(__AVX512F__)
               | 1ull << 14
#endif
#if defined(__AVX512VL__)
               | 1ull << 15
#endif
#if defined(__AVX512VNNI__)
               | 1ull << 16
#endif
#if defined(__AVX512BF16__)
               | 1ull << 17
#endif
#if defined(__AVX512FP16__)
               | 1ull << 18
#endif
#if defined(__AMX_TILE__)
               | 1ull << 19
#endif
#if defined(__AVX512VPOPCNTDQ__)
               | 1ull << 20
#endif
#if defined(__GFNI__)
               | 1ull << 21
#endif
#if defined(__AVX512VBMI__)
               | 1ull << 22
#endif
#if defined(__AVX512IFMA__)
               | 1ull << 23
#endif
#if defined(__AVX512VBMI2__)
               | 1ull << 24
#endif
#if defined(__AVX512BITALG__)
               | 1ull << 25
#endif
#if defined(__AVX512CD__)
               | 1ull << 26
#endif
#if defined(__AVX512BW__)
               | 1ull << 27
#endif
#if defined(__AVX512DQ__)
               | 1ull << 28
#endif
#if defined(__VAES__)
               | 1ull << 29
#endif
#if defined(__AVXVNNIINT8__)
               | 1ull << 30
#endif
#if defined(__AVXIFMA__)
               | 1ull << 31
#endif
#if defined(__FAST_MATH__)
               | 1ull << 32
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
               | 1ull << 33
#endif
#if defined(__OPTIMIZE__)
               | 1ull << 34
#endif
#if defined(NDEBUG)
               | 1ull << 35
#endif
#if defined(__SSE4A__)
               | 1ull << 36
#endif
#if defined(__XOP__)
               | 1ull << 37
#endif
#if defined(__FMA4__)
               | 1ull << 38
#endif
#if defined(__TBM__)
               | 1ull << 39
#endif
#if defined(__AVX10_2__)
               | 1ull << 40
#endif
#if defined(__APX_F__)
               | 1ull << 41
#endif
#if defined(__ARM_FEATURE_SVE)
               | 1ull << 42
#endif
#if defined(__ARM_FEATURE_SVE2)
               | 1ull << 43
#endif
#if defined(__ARM_FEATURE_DOTPROD)
               | 1ull << 44
#endif
#if defined(__ARM_FEATURE_MATMUL_INT8)
               | 1ull << 45
#endif
#if defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
               | 1ull << 46
#endif
};
} // namespace flags_of_this_unit

/// A cluster together with the flags it was compiled with.
template <class Cluster, unsigned long long Flags>
struct with_flags : Cluster {
    using cluster = Cluster;
};

/// A cluster in this translation unit: what calls that name a cluster take, `here<scalar>` say,
/// since a bare tag would share its symbols with units of other flags.
template <class Cluster>
using here = with_flags<Cluster, flag_set>;

using native = here<best>;

/// Chosen once, at run time, by the optional library bitnet::dispatch. It carries flags as well:
/// what stands before and after the call through the table is compiled with them.
struct dispatched {
    static constexpr const char* name = "dynamic";
};
using dynamic = here<dispatched>;

/// The bare tag of an ISA: `cluster_of<native>` is `icelake`, say.
template <class Isa>
struct cluster {
    using type = Isa;
};
template <class Cluster, unsigned long long Flags>
struct cluster<with_flags<Cluster, Flags>> {
    using type = Cluster;
};
template <class Isa>
using cluster_of = typename cluster<Isa>::type;

template <class Isa>
inline constexpr bool is_scalar = std::is_same_v<cluster_of<Isa>, scalar>;
template <class Isa>
inline constexpr bool is_dynamic = std::is_same_v<cluster_of<Isa>, dispatched>;

} // namespace BITNET_NAMESPACE::isa
