// SPDX-License-Identifier: MIT
// THE list of CPU features that clusters need: one row says how a compiler tells that it may use
// one and how a CPU tells that it has one. And the flags of this translation unit as a number.
#pragma once

#include <cstdint>

#include <xsimd/config/xsimd_config.hpp>

#include <bitnet/config.hpp>
#include <bitnet/version.hpp>

// Whether a macro is defined, as a constant expression.
#define BITNET_DEFINED(macro) (!bitnet::isa::detail::equal(#macro, BITNET_STRING(macro)))

namespace BITNET_NAMESPACE::isa {

namespace detail {
consteval bool equal(const char* a, const char* b) noexcept {
    for (; *a && *a == *b; ++b) ++a;
    return *a == *b;
}
/// FNV-1a.
consteval unsigned long long hash(const char* text) noexcept {
    unsigned long long h = 14695981039346656037ull;
    for (; *text; ++text) h = (h ^ static_cast<unsigned char>(*text)) * 1099511628211ull;
    return h;
}
} // namespace detail

enum class Feature : unsigned {
    simd128,
    ssse3,
    sse4_1,
    avx2,
    fma,
    bmi2,
    popcnt,
    f16c,
    avx_vnni,
    avx512f,
    avx512cd,
    avx512bw,
    avx512dq,
    avx512vl,
    avx512ifma,
    avx512vbmi,
    avx512vbmi2,
    avx512vnni,
    avx512bitalg,
    avx512vpopcntdq,
    avx512vp2intersect,
    gfni,
    neon,
    dotprod,
    i8mm,
    wasm_simd128,
    wasm_relaxed_simd,
};

/// A set of features.
struct Features {
    std::uint64_t bits = 0;

    constexpr Features() noexcept = default;
    template <class... F>
    consteval Features(Feature first, F... rest) noexcept
        : bits(((std::uint64_t{1} << static_cast<unsigned>(first)) | ... |
                (std::uint64_t{1} << static_cast<unsigned>(rest)))) {}

    BITNET_INLINE constexpr bool contains(Features other) const noexcept {
        return !(other.bits & ~bits);
    }
    BITNET_INLINE friend constexpr Features operator|(Features a, Features b) noexcept {
        a.bits |= b.bits;
        return a;
    }
    friend constexpr bool operator==(Features, Features) noexcept = default;
};

/// The register state that an operating system must save for a feature: bits of XCR0.
enum XsaveState : std::uint32_t { no_state = 0, ymm_state = 0x6, zmm_state = 0xe6 };

/// Bit `bit` of register `reg` (0 eax, 1 ebx, 2 ecx, 3 edx) of CPUID(leaf, subleaf).
struct X86Place {
    std::uint32_t leaf = 0, subleaf = 0, reg = 0, bit = 0;
    XsaveState state = no_state;
};
/// Bit `bit` of Linux's AT_HWCAP (word 1) or AT_HWCAP2 (word 2) on aarch64, a name of macOS's
/// sysctl, a number of Windows' IsProcessorFeaturePresent.
struct ArmPlace {
    unsigned word = 0, bit = 0;
    const char* sysctl = nullptr;
    unsigned windows = 0;
};

struct FeatureRow {
    Feature feature;
    bool in_flags; ///< whether this unit's flags let the compiler use it
    X86Place x86 = {};
    ArmPlace arm = {};
    bool wasm = false; ///< an extension of WebAssembly
};

// static: each unit has its own, as each has its own flags.
static constexpr FeatureRow feature_rows[] = {
    // What the target guarantees is in the flags of every unit; no CPU is asked.
    // The vectors of 32-bit ARM flush denormals to zero, which scalar code there does not.
    {Feature::simd128, !BITNET_DEFINED(XSIMD_NO_SUPPORTED_ARCHITECTURE) &&
                           !BITNET_DEFINED(__arm__) && !BITNET_DEFINED(_M_ARM)},
    {Feature::ssse3, BITNET_DEFINED(__SSSE3__), {1, 0, 2, 9}},
    {Feature::sse4_1, BITNET_DEFINED(__SSE4_1__), {1, 0, 2, 19}},
    {Feature::avx2, BITNET_DEFINED(__AVX2__), {7, 0, 1, 5, ymm_state}},
    {Feature::fma, BITNET_DEFINED(__FMA__), {1, 0, 2, 12, ymm_state}},
    {Feature::bmi2, BITNET_DEFINED(__BMI2__), {7, 0, 1, 8}},
    {Feature::popcnt, BITNET_DEFINED(__POPCNT__), {1, 0, 2, 23}},
    {Feature::f16c, BITNET_DEFINED(__F16C__), {1, 0, 2, 29, ymm_state}},
    {Feature::avx_vnni, BITNET_DEFINED(__AVXVNNI__), {7, 1, 0, 4, ymm_state}},
    {Feature::avx512f, BITNET_DEFINED(BITNET_512_BIT_REGISTERS), {7, 0, 1, 16, zmm_state}},
    {Feature::avx512cd, BITNET_DEFINED(__AVX512CD__), {7, 0, 1, 28, zmm_state}},
    {Feature::avx512bw, BITNET_DEFINED(__AVX512BW__), {7, 0, 1, 30, zmm_state}},
    {Feature::avx512dq, BITNET_DEFINED(__AVX512DQ__), {7, 0, 1, 17, zmm_state}},
    {Feature::avx512vl, BITNET_DEFINED(__AVX512VL__), {7, 0, 1, 31, zmm_state}},
    {Feature::avx512ifma, BITNET_DEFINED(__AVX512IFMA__), {7, 0, 1, 21, zmm_state}},
    {Feature::avx512vbmi, BITNET_DEFINED(__AVX512VBMI__), {7, 0, 2, 1, zmm_state}},
    {Feature::avx512vbmi2, BITNET_DEFINED(__AVX512VBMI2__), {7, 0, 2, 6, zmm_state}},
    {Feature::avx512vnni, BITNET_DEFINED(__AVX512VNNI__), {7, 0, 2, 11, zmm_state}},
    {Feature::avx512bitalg, BITNET_DEFINED(__AVX512BITALG__), {7, 0, 2, 12, zmm_state}},
    {Feature::avx512vpopcntdq, BITNET_DEFINED(__AVX512VPOPCNTDQ__), {7, 0, 2, 14, zmm_state}},
    // g++ 12 and clang 14 define it for Sapphire Rapids too, which has AMX and no VP2INTERSECT.
    {Feature::avx512vp2intersect,
     BITNET_DEFINED(__AVX512VP2INTERSECT__) && !BITNET_DEFINED(__AMX_TILE__) &&
         !BITNET_DEFINED(__AMXTILE__),
     {7, 0, 3, 8, zmm_state}},
    {Feature::gfni, BITNET_DEFINED(__GFNI__), {7, 0, 2, 8}},
    {Feature::neon, BITNET_DEFINED(__aarch64__) || BITNET_DEFINED(_M_ARM64)}, // guaranteed there
    {Feature::dotprod,
     BITNET_DEFINED(__ARM_FEATURE_DOTPROD),
     {},
     {1, 20, "hw.optional.arm.FEAT_DotProd", 43}},
    {Feature::i8mm,
     BITNET_DEFINED(__ARM_FEATURE_MATMUL_INT8),
     {},
     {2, 13, "hw.optional.arm.FEAT_I8MM", 66}},
    {Feature::wasm_simd128, BITNET_DEFINED(__wasm_simd128__), {}, {}, true},
    {Feature::wasm_relaxed_simd, BITNET_DEFINED(BITNET_WASM_RELAXED_SIMD), {}, {}, true},
};

/// The features of the rows for which has(row) is true.
template <class F>
BITNET_INLINE constexpr Features features_where(F&& has) noexcept {
    Features all;
    for (const FeatureRow& row : feature_rows) {
        if (has(row)) all.bits |= std::uint64_t{1} << static_cast<unsigned>(row.feature);
    }
    return all;
}

/// What this unit's flags let the compiler use.
static constexpr Features features_of_flags =
    features_where([](const FeatureRow& row) { return row.in_flags; });

/// The flags of this unit that change what a compiler may emit or round, as a number: a hash of
/// what these macros expand to. It is part of `native`, so that units of different flags share no
/// symbol.
static constexpr unsigned long long flag_set = detail::hash(BITNET_STRING(
    __SSE2__, __SSE3__, __SSSE3__, __SSE4_1__, __SSE4_2__, __SSE4A__, __AVX__, __AVX2__, __FMA__,
    __FMA4__, __XOP__, __TBM__, __BMI__, __BMI2__, __POPCNT__, __LZCNT__, __F16C__, __MOVBE__,
    __AVXVNNI__, __AVXVNNIINT8__, __AVXVNNIINT16__, __AVXIFMA__, __AVXNECONVERT__, __AVX512F__,
    __AVX512CD__, __AVX512BW__, __AVX512DQ__, __AVX512VL__, __AVX512IFMA__, __AVX512VBMI__,
    __AVX512VBMI2__, __AVX512VNNI__, __AVX512BITALG__, __AVX512VPOPCNTDQ__, __AVX512BF16__,
    __AVX512FP16__, __AVX512VP2INTERSECT__, __EVEX512__, __AVX10_1__, __AVX10_2__, __APX_F__,
    __AMX_TILE__, __GFNI__, __VAES__, __VPCLMULQDQ__, __ARM_ARCH, __ARM_FEATURE_AES,
    __ARM_FEATURE_ATOMICS, __ARM_FEATURE_BF16, __ARM_FEATURE_BTI_DEFAULT, __ARM_FEATURE_COMPLEX,
    __ARM_FEATURE_CRC32, __ARM_FEATURE_CRYPTO, __ARM_FEATURE_DOTPROD, __ARM_FEATURE_FP16_FML,
    __ARM_FEATURE_FP16_SCALAR_ARITHMETIC, __ARM_FEATURE_FP16_VECTOR_ARITHMETIC, __ARM_FEATURE_FRINT,
    __ARM_FEATURE_JCVT, __ARM_FEATURE_MATMUL_INT8, __ARM_FEATURE_MOPS, __ARM_FEATURE_PAC_DEFAULT,
    __ARM_FEATURE_QRDMX, __ARM_FEATURE_RCPC, __ARM_FEATURE_SHA2, __ARM_FEATURE_SHA3,
    __ARM_FEATURE_SHA512, __ARM_FEATURE_SME, __ARM_FEATURE_SME2, __ARM_FEATURE_SVE,
    __ARM_FEATURE_SVE_BITS, __ARM_FEATURE_SVE_MATMUL_INT8, __ARM_FEATURE_SVE2, __ARM_FEATURE_SVE2p1,
    __ARM_NEON, __ARM_FP, __wasm_simd128__, __wasm_relaxed_simd__, __riscv_v_fixed_vlen,
    __riscv_vector, __riscv_compressed, __riscv_zba, __riscv_zbb, __riscv_zbc, __riscv_zbs,
    __riscv_zfa, __riscv_zfh, __riscv_zicond, __riscv_zbkb, __riscv_zcb, __riscv_zvbb, __riscv_zvkb,
    __riscv_v_min_vlen, __riscv_xtheadbb, _ARCH_PWR8, _ARCH_PWR9, _ARCH_PWR10, _ARCH_PWR11, __VSX__,
    __loongarch_sx, __loongarch_asx, __mips_isa_rev, __mips_msa, __ARCH__, __VEC__, __FAST_MATH__,
    __FINITE_MATH_ONLY__, _M_FP_FAST, _M_FP_CONTRACT, BITNET_FLOATS_WITHOUT_ASM, __OPTIMIZE__,
    NDEBUG));

} // namespace BITNET_NAMESPACE::isa
