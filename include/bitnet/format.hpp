// SPDX-License-Identifier: MIT
// The formats: which values a code may take, how many bits it has, what padding holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

/// The largest |w q| of Weights and int8 activations is largest * 128, and a sum of cols of them
/// must stay below 2^31. Binary and Ternary have largest = 2: kernels sum codes up to 2.
template <class Weights>
inline constexpr std::size_t
    max_cols_of = (std::size_t{1} << 31) / (static_cast<std::size_t>(Weights::largest) * 128) - 1;

/// b1.0: w in {-1, +1}, one bit a value, bit 1 = +1. Padding holds bit 0; kernels use the true
/// cols.
struct Binary {
    static constexpr const char* name = "binary";
    static constexpr const char* digits = "1"; // in the names of kernels
    static constexpr std::uint32_t id = 1;     // as stored in packed bytes
    static constexpr unsigned bits = 1;
    static constexpr int largest = 2;
    BITNET_INLINE static constexpr bool is_code(int w) noexcept { return w == -1 || w == 1; }
    BITNET_INLINE static constexpr unsigned encode(int w) noexcept { return w > 0 ? 1u : 0u; }
    BITNET_INLINE static constexpr int decode(unsigned u) noexcept {
        return static_cast<int>(u) * 2 - 1;
    }
    BITNET_INLINE static constexpr bool is_encoding(unsigned) noexcept { return true; }
    static constexpr unsigned pad = 0;
};

/// b1.58: w in {-1, 0, +1}, two bits a value holding w + 1. Padding holds w = 0.
/// As activations (what BitGLU yields) the values travel as a mask plane and a sign plane.
struct Ternary {
    static constexpr const char* name = "ternary";
    static constexpr const char* digits = "158"; // in the names of kernels
    static constexpr std::uint32_t id = 2;
    static constexpr unsigned bits = 2;
    static constexpr int largest = 2;
    BITNET_INLINE static constexpr bool is_code(int w) noexcept { return w >= -1 && w <= 1; }
    BITNET_INLINE static constexpr unsigned encode(int w) noexcept {
        return static_cast<unsigned>(w + 1);
    }
    BITNET_INLINE static constexpr int decode(unsigned u) noexcept {
        return static_cast<int>(u) - 1;
    }
    BITNET_INLINE static constexpr bool is_encoding(unsigned u) noexcept { return u < 3; }
    static constexpr unsigned pad = 1;

    using codes = Ternary;
    static constexpr bool scale_divides = false; ///< of a token: dots are multiplied by it
};

/// Weights of output heads: w in [-32, 31], six bits a value holding w + 32. Padding holds w = 0.
struct Int6 {
    static constexpr const char* name = "int6";
    static constexpr const char* digits = "6"; // in the names of kernels
    static constexpr std::uint32_t id = 3;
    static constexpr unsigned bits = 6;
    static constexpr int largest = 32;
    static constexpr int max_code = 31; ///< the largest that from_float() makes, of either sign
    BITNET_INLINE static constexpr bool is_code(int w) noexcept { return w >= -32 && w <= 31; }
    BITNET_INLINE static constexpr unsigned encode(int w) noexcept {
        return static_cast<unsigned>(w + 32);
    }
    BITNET_INLINE static constexpr int decode(unsigned u) noexcept {
        return static_cast<int>(u) - 32;
    }
    BITNET_INLINE static constexpr bool is_encoding(unsigned u) noexcept { return u < 64; }
    static constexpr unsigned pad = 32;
};

/// As activations, absmax int8 per token: a = 127 / max(max|x|, 1e-5), q = round-half-even(x * a).
/// Source: arXiv 2402.17764. As weights of output heads: w in [-128, 127], a byte holding w + 128.
struct Int8 {
    static constexpr const char* name = "int8";
    static constexpr const char* digits = "8"; // in the names of kernels
    static constexpr std::uint32_t id = 16;
    static constexpr unsigned bits = 8;
    static constexpr int largest = 128;
    static constexpr int max_code = 127;
    BITNET_INLINE static constexpr bool is_code(int w) noexcept { return w >= -128 && w <= 127; }
    BITNET_INLINE static constexpr unsigned encode(int w) noexcept {
        return static_cast<unsigned>(w + 128);
    }
    BITNET_INLINE static constexpr int decode(unsigned u) noexcept {
        return static_cast<int>(u) - 128;
    }
    BITNET_INLINE static constexpr bool is_encoding(unsigned u) noexcept { return u < 256; }
    static constexpr unsigned pad = 128;

    using codes = Int8;
    static constexpr bool scale_divides = true; ///< of a token: dots are divided by it
};

/// As activations, four bits per token: a = 7 / max(max|x|, 1e-5), q = round-half-even(x * a), so q
/// in [-7, 7]; they travel as Int8's codes and meet its kernels. As weights, the first pass of a
/// ScreenedHead: w in [-8, 7], four bits holding w + 8. Padding holds w = 0.
struct Int4 {
    static constexpr const char* name = "int4";
    static constexpr const char* digits = "4"; // in the names of kernels
    static constexpr std::uint32_t id = 20;
    static constexpr unsigned bits = 4;
    static constexpr int largest = 8;
    static constexpr int max_code = 7;
    BITNET_INLINE static constexpr bool is_code(int w) noexcept { return w >= -8 && w <= 7; }
    BITNET_INLINE static constexpr unsigned encode(int w) noexcept {
        return static_cast<unsigned>(w + 8);
    }
    BITNET_INLINE static constexpr int decode(unsigned u) noexcept {
        return static_cast<int>(u) - 8;
    }
    BITNET_INLINE static constexpr bool is_encoding(unsigned u) noexcept { return u < 16; }
    static constexpr unsigned pad = 8;

    using codes = Int8;
};

/// Activations, two bits per token: m = max(max|x|, 1e-5), q = round-half-even(x * (1 / m)) in
/// {-1, 0, 1}; scale m. They travel as Ternary's planes: popcounts beat byte dots.
struct Int2 {
    static constexpr const char* name = "int2";
    static constexpr const char* digits = "2"; // in the names of kernels
    static constexpr std::uint32_t id = 21;
    using codes = Ternary;
};

/// Activations, one bit: q = -1 where x < 0, else +1 (so both zeros give +1); scale 1.
struct Sign {
    static constexpr const char* name = "sign";
    static constexpr const char* digits = "1"; // in the names of kernels
    static constexpr std::uint32_t id = 17;
    using codes = Sign;
    static constexpr bool scale_divides = false; ///< of a token: dots are multiplied by it
};

/// Sign, with the scale std(|x|) over the token's features (population form, divided by cols).
struct SignNorm {
    static constexpr const char* name = "signnorm";
    static constexpr const char* digits = "1"; // in the names of kernels
    static constexpr std::uint32_t id = 18;
    using codes = Sign;
};

/// Sign, with the scale mean|x| over the token's features.
struct SignMean {
    static constexpr const char* name = "signmean";
    static constexpr const char* digits = "1"; // in the names of kernels
    static constexpr std::uint32_t id = 19;
    using codes = Sign;
};

/// What kernels see of an activation kind: Int8, Sign or Ternary; the sign kinds differ in scale.
template <class Activations>
using codes_of = typename Activations::codes;

/// cols of any matrix; wider weights allow fewer.
inline constexpr std::size_t max_cols = max_cols_of<Ternary>;
static_assert(max_cols == (std::size_t{1} << 23) - 1);

} // namespace BITNET_NAMESPACE
