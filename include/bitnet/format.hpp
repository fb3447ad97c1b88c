// SPDX-License-Identifier: MIT
// The formats: which values a code may take, how many bits it has, what padding holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

/// The codes w = Minimum, Minimum + Step, ..., Maximum, each stored in Bits bits as
///   u = (w - Minimum) / Step
/// Padding holds w = 0, or u = 0 where 0 is no code.
template <int Minimum, int Maximum, unsigned Bits, int Step = 1>
struct CodeRange {
    static_assert(Minimum >= -128 && Maximum <= 127, "codes are int8");
    static_assert(Step == 1 || Step == 2, "a step is a shift");
    static_assert((Maximum - Minimum) % Step == 0 && (Maximum - Minimum) / Step < 1 << Bits);

    static constexpr int minimum = Minimum, maximum = Maximum, step = Step;
    static constexpr unsigned bits = Bits;
    /// How many codes there are; code i is code(i).
    static constexpr std::size_t count = (Maximum - Minimum) / Step + 1;
    /// The largest code that from_float() makes, of either sign.
    static constexpr int max_code = Maximum;
    /// Of activations: columns that share a scale; 0 = all of a token.
    static constexpr std::size_t scale_group = 0;
    /// What kernels multiply by an activation is at most this large: |w|, or u, which is at most 2
    /// where they sum u instead.
    static constexpr int largest = -Minimum > 2 ? -Minimum : 2;

    BITNET_INLINE static constexpr int code(std::size_t i) noexcept {
        return Minimum + static_cast<int>(i) * Step;
    }
    BITNET_INLINE static constexpr bool is_code(int w) noexcept {
        return w >= Minimum && w <= Maximum && ((w - Minimum) & (Step - 1)) == 0;
    }
    /// pre: is_code(w)
    BITNET_INLINE static constexpr unsigned encode(int w) noexcept {
        return static_cast<unsigned>(w - Minimum) >> (Step - 1);
    }
    BITNET_INLINE static constexpr int decode(unsigned u) noexcept {
        return static_cast<int>(u) * Step + Minimum;
    }
    BITNET_INLINE static constexpr bool is_encoding(unsigned u) noexcept { return u < count; }
    static constexpr unsigned pad = (0 - Minimum) % Step == 0 ? (0 - Minimum) / Step : 0;

    /// Four codes, one a byte, become four u, one a byte. With w + 128 = w ^ 0x80 in each byte, no
    /// byte borrows from another, so the order of bytes in a word does not matter.
    /// pre: is_code() of each byte
    BITNET_INLINE static constexpr std::uint32_t encode4(std::uint32_t codes) noexcept {
        return ((codes ^ 0x80808080u) - offsets) >> (Step - 1) & ((1u << Bits) - 1) * 0x01010101u;
    }
    /// The reverse: decode() of each byte, which is below 2^Bits.
    BITNET_INLINE static constexpr std::uint32_t decode4(std::uint32_t u) noexcept {
        return ((u << (Step - 1)) + offsets) ^ 0x80808080u;
    }

private:
    static constexpr std::uint32_t offsets =
        static_cast<std::uint32_t>(Minimum + 128) * 0x01010101u;
};

/// Columns of a matrix of Weights: |w q| is at most largest * 128 for int8 activations, and a sum
/// of cols of them must stay below 2^31.
template <class Weights>
inline constexpr std::size_t
    max_cols_of = (std::size_t{1} << 31) / (static_cast<std::size_t>(Weights::largest) * 128) - 1;

/// How float weights become codes; quantize_weights() has the formulas.
enum class FloatRule {
    sign,    ///< the sign of w, with the scale mean|w|
    absmean, ///< w / mean|w|, rounded and clamped
    absmax,  ///< w / (max|w| / max_code), rounded
};

/// b1.0: w in {-1, +1}, one bit a value, bit 1 = +1. Padding holds bit 0; kernels use the true
/// cols.
struct Binary : CodeRange<-1, 1, 1, 2> {
    BITNET_HIDDEN static constexpr const char* name = "binary";
    static constexpr const char* digits = "1"; ///< in the names of kernels
    static constexpr std::uint32_t id = 1;     ///< as stored in packed bytes
    static constexpr FloatRule float_rule = FloatRule::sign;
};

/// b1.58: w in {-1, 0, +1}, two bits a value.
/// As activations (what BitGLU yields) the values travel as a mask plane and a sign plane.
struct Ternary : CodeRange<-1, 1, 2> {
    BITNET_HIDDEN static constexpr const char* name = "ternary";
    static constexpr const char* digits = "158";
    static constexpr std::uint32_t id = 2;
    static constexpr FloatRule float_rule = FloatRule::absmean;
    using codes = Ternary;
    static constexpr bool scale_divides = false; ///< of a token: dots are multiplied by it
};

/// Weights of output heads: w in [-32, 31], six bits a value.
struct Int6 : CodeRange<-32, 31, 6> {
    BITNET_HIDDEN static constexpr const char* name = "int6";
    static constexpr const char* digits = "6";
    static constexpr std::uint32_t id = 3;
    static constexpr FloatRule float_rule = FloatRule::absmax;
};

/// As activations, absmax int8 per token: a = 127 / max(max|x|, 1e-5), q = round-half-even(x * a).
/// Source: arXiv 2402.17764. As weights of output heads: w in [-128, 127], a byte a value.
struct Int8 : CodeRange<-128, 127, 8> {
    BITNET_HIDDEN static constexpr const char* name = "int8";
    static constexpr const char* digits = "8";
    static constexpr std::uint32_t id = 16;
    static constexpr FloatRule float_rule = FloatRule::absmax;
    using codes = Int8;
    static constexpr bool scale_divides = true; ///< of a token: dots are divided by it
};

/// As activations, four bits per token: a = 7 / max(max|x|, 1e-5), q = round-half-even(x * a), so q
/// in [-7, 7]; they travel as Int8's codes and meet its kernels. As weights, w in [-8, 7], four
/// bits a value; a ScreenedHead has them for its first pass.
struct Int4 : CodeRange<-8, 7, 4> {
    BITNET_HIDDEN static constexpr const char* name = "int4";
    static constexpr const char* digits = "4";
    static constexpr std::uint32_t id = 20;
    static constexpr FloatRule float_rule = FloatRule::absmax;
    using codes = Int8;
};

/// Activations, int8 with a scale for each Group columns: m = max(max|x|, 1e-5) of these columns,
/// q = round-half-even(x * (127 / m)), scale m / 127. They travel as Int8's codes.
template <std::size_t Group>
struct Int8Groups : CodeRange<-128, 127, 8> {
    static_assert(Group == 32 || Group == 64 || Group == 128,
                  "int8 activations have a scale per 32, 64 or 128 columns, or (Int8) per token");
    BITNET_HIDDEN static constexpr const char* name = Group == 32   ? "int8g32"
                                                      : Group == 64 ? "int8g64"
                                                                    : "int8g128";
    static constexpr std::size_t scale_group = Group;
    using codes = Int8;
};

/// Activations, two bits per token: m = max(max|x|, 1e-5), q = round-half-even(x * (1 / m)) in
/// {-1, 0, 1}; scale m. They travel as Ternary's planes: popcounts beat byte dots.
struct Int2 : CodeRange<-1, 1, 2> {
    BITNET_HIDDEN static constexpr const char* name = "int2";
    using codes = Ternary;
};

/// Activations, one bit: q = -1 where x < 0, else +1 (so both zeros give +1); scale 1.
struct Sign : CodeRange<-1, 1, 1, 2> {
    BITNET_HIDDEN static constexpr const char* name = "sign";
    static constexpr const char* digits = "1";
    using codes = Sign;
    static constexpr bool scale_divides = false; ///< of a token: dots are multiplied by it
};

/// Sign, with the scale std(|x|) over the token's features (population form, divided by cols).
struct SignNorm : CodeRange<-1, 1, 1, 2> {
    BITNET_HIDDEN static constexpr const char* name = "signnorm";
    using codes = Sign;
};

/// Sign, with the scale mean|x| over the token's features.
struct SignMean : CodeRange<-1, 1, 1, 2> {
    BITNET_HIDDEN static constexpr const char* name = "signmean";
    using codes = Sign;
};

/// All formats of weights.
using weight_formats = type_list<Binary, Ternary, Int4, Int6, Int8>;

/// What kernels see of an activation kind: Int8, Sign or Ternary; the sign kinds differ in scale.
template <class Activations>
using codes_of = typename Activations::codes;

/// cols of any matrix; wider weights allow fewer.
inline constexpr std::size_t max_cols = max_cols_of<Ternary>;
static_assert(max_cols == (std::size_t{1} << 23) - 1);

} // namespace BITNET_NAMESPACE
