// SPDX-License-Identifier: MIT
// THE list of ISA clusters: each tag names a whole set of CPU features that occur together.
//
// `native` is the best cluster that this translation unit's flags allow, `dynamic` the one that
// bitnet::dispatch chose for this CPU at run time.
#pragma once

#include <type_traits>

#include <xsimd/xsimd.hpp>

#include <bitnet/config.hpp>
#include <bitnet/isa/features.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE::isa {

/// Plain C++: the definition of every function.
struct scalar {
    BITNET_HIDDEN static constexpr const char* name = "scalar";
    static constexpr Features needs = {};
};

/// Whatever 128-bit SIMD the target guarantees.
struct baseline128 {
    BITNET_HIDDEN static constexpr const char* name = "baseline128";
    static constexpr Features needs = Feature::simd128;
    // Not what the flags allow: registers must be the same whatever they are.
#if defined(__x86_64__) || defined(_M_X64)
    using arch = xsimd::sse2;
#elif defined(__aarch64__) || defined(_M_ARM64)
    using arch = xsimd::neon64;
#elif !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    using arch = xsimd::default_arch;
#endif
};

/// 64-bit ARM: 128-bit registers, and instructions that baseline128 does without.
struct neon {
    BITNET_HIDDEN static constexpr const char* name = "neon";
    static constexpr Features needs = baseline128::needs | Feature::neon;
    using arch = xsimd::neon64;
};

/// Dots of bytes, SDOT: Armv8.2-A with the option, Armv8.4-A.
struct neon_dotprod {
    BITNET_HIDDEN static constexpr const char* name = "neon_dotprod";
    static constexpr Features needs = neon::needs | Feature::dotprod;
    using arch = xsimd::neon64;
};

/// Products of small matrices of bytes, USMMLA: Armv8.2-A with the option, Armv8.6-A.
struct neon_i8mm {
    BITNET_HIDDEN static constexpr const char* name = "neon_i8mm";
    static constexpr Features needs = neon_dotprod::needs | Feature::i8mm;
    using arch = xsimd::neon64;
};

/// WebAssembly's 128-bit registers, and instructions that baseline128 does without.
struct wasm_simd128 {
    BITNET_HIDDEN static constexpr const char* name = "wasm_simd128";
    static constexpr Features needs = baseline128::needs | Feature::wasm_simd128;
    using arch = xsimd::wasm;
};

/// Dots of bytes, i32x4.relaxed_dot_i8x16_i7x16_add_s: WebAssembly 3.0.
struct wasm_relaxed {
    BITNET_HIDDEN static constexpr const char* name = "wasm_relaxed";
    static constexpr Features needs = wasm_simd128::needs | Feature::wasm_relaxed_simd;
    using arch = xsimd::wasm;
};

/// 128-bit registers, PMADDUBSW and PSHUFB: x86 CPUs without AVX2.
struct westmere {
    BITNET_HIDDEN static constexpr const char* name = "westmere";
    static constexpr Features needs =
        baseline128::needs | Features{Feature::ssse3, Feature::sse4_1};
    using arch = xsimd::sse4_1;
};

/// 256-bit registers.
struct haswell {
    BITNET_HIDDEN static constexpr const char* name = "haswell";
    static constexpr Features needs =
        westmere::needs |
        Features{Feature::avx2, Feature::fma, Feature::bmi2, Feature::popcnt, Feature::f16c};
    using arch = xsimd::fma3<xsimd::avx2>;
};

/// 256-bit registers and VPDPBUSD.
struct alderlake {
    BITNET_HIDDEN static constexpr const char* name = "alderlake";
    static constexpr Features needs = haswell::needs | Feature::avx_vnni;
    using arch = xsimd::fma3<xsimd::avx2>; // xsimd::avxvnni loses FMA before 14.3
};

/// 512-bit registers.
struct skylakex {
    BITNET_HIDDEN static constexpr const char* name = "skylakex";
    static constexpr Features needs =
        haswell::needs | Features{Feature::avx512f, Feature::avx512cd, Feature::avx512bw,
                                  Feature::avx512dq, Feature::avx512vl};
    using arch = xsimd::avx512bw;
};

/// 512-bit registers, VPDPBUSD and VPOPCNTD.
struct icelake {
    BITNET_HIDDEN static constexpr const char* name = "icelake";
    static constexpr Features needs =
        skylakex::needs | Features{Feature::avx512vnni,   Feature::avx512ifma,
                                   Feature::avx512vbmi,   Feature::avx512vbmi2,
                                   Feature::avx512bitalg, Feature::avx512vpopcntdq,
                                   Feature::gfni};
    using arch = xsimd::avx512bw;
};

/// The same with AVX-VNNI and VP2INTERSECT: Zen 5 has both, and no CPU of Intel's as it is sold; an
/// early Alder Lake with AVX-512 switched on may, and is as exact, if not as fast.
struct zen5 {
    BITNET_HIDDEN static constexpr const char* name = "zen5";
    static constexpr Features needs =
        icelake::needs | Features{Feature::avx_vnni, Feature::avx512vp2intersect};
    using arch = xsimd::avx512bw;
};

/// All of them, worst first.
using clusters = type_list<scalar, baseline128, neon, neon_dotprod, neon_i8mm, wasm_simd128,
                           wasm_relaxed, westmere, haswell, alderlake, skylakex, icelake, zen5>;

namespace detail {
template <class Best, class... Rest>
struct best_of {
    using type = Best;
};
template <class Best, class Next, class... Rest>
struct best_of<Best, Next, Rest...>
    : best_of<std::conditional_t<features_of_flags.contains(Next::needs), Next, Best>, Rest...> {};
template <class... Clusters>
typename best_of<Clusters...>::type best(type_list<Clusters...>);
} // namespace detail

/// The last of `clusters` that this unit's flags allow.
using best = decltype(detail::best(clusters{}));

/// A cluster together with the flags it was compiled with.
template <class Cluster, unsigned long long Flags>
struct with_flags : Cluster {};

/// A cluster in this translation unit: what calls that name a cluster take, `here<scalar>` say,
/// since a bare tag would share its symbols with units of other flags.
template <class Cluster>
using here = with_flags<Cluster, flag_set>;

using native = here<best>;

/// Chosen once, at run time, by the optional library bitnet::dispatch. It carries flags as well:
/// what comes before and after the call through the table is compiled with them.
struct dispatched {
    BITNET_HIDDEN static constexpr const char* name = "dynamic";
};
using dynamic = here<dispatched>;

namespace detail {
template <class Isa>
struct cluster {
    using type = Isa;
};
template <class Cluster, unsigned long long Flags>
struct cluster<with_flags<Cluster, Flags>> {
    using type = Cluster;
};
} // namespace detail

/// The bare tag of an ISA: `cluster_of<native>` is `icelake`, say.
template <class Isa>
using cluster_of = typename detail::cluster<Isa>::type;

template <class Isa>
inline constexpr bool is_scalar = std::is_same_v<cluster_of<Isa>, scalar>;
template <class Isa>
inline constexpr bool is_dynamic = std::is_same_v<cluster_of<Isa>, dispatched>;

/// Isa, or `native` in place of `dynamic`: for what no cluster compiles, such as packing.
template <class Isa>
using or_native = std::conditional_t<is_dynamic<Isa>, native, Isa>;

/// The argument by which chosen() finds a function's place in the table.
template <class F>
struct Slot;

/// Runs a function of functions.hpp: F::run<Isa>, or for `dynamic` that of the chosen cluster. The
/// one place that decides. chosen() is declared in dispatch.hpp, which is far above.
template <class F, class Isa, class... Args>
BITNET_INLINE decltype(auto) call(Args... args) noexcept {
    if constexpr (!is_dynamic<Isa>) {
        return F::template run<Isa>(args...);
    } else if constexpr (requires(const Slot<F>* slot) { chosen(slot); }) {
        return chosen(static_cast<const Slot<F>*>(nullptr))(args...);
    } else {
        static_assert(!is_dynamic<Isa>,
                      "isa::dynamic needs #include <bitnet/dispatch.hpp>, before the call, and the "
                      "library bitnet::dispatch");
    }
}

} // namespace BITNET_NAMESPACE::isa
