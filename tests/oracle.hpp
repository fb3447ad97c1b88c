// SPDX-License-Identifier: MIT
// What the right answer is, written apart from the library: values unpacked to integers, triple
// loops, and the float expressions of the documentation one operation at a time. oracle.cpp is
// compiled with -ffp-contract=off and includes no header of the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace oracle {

/// The rules for activations, and the one of a name: "int8", "signnorm", ...
enum class Rule {
    int8,
    int8_by_32,
    int8_by_64,
    int8_by_128,
    int4,
    int2,
    sign,
    sign_norm,
    sign_mean
};
Rule rule_named(std::string_view name);

/// Quantized tokens as plain integers. factors: Int8 and Int4 divide by it, other kinds multiply;
/// with groups there is one for each `group` columns of a token.
struct Tokens {
    std::size_t tokens = 0, cols = 0;
    bool divides = false;
    std::vector<int> codes;     // (tokens, cols)
    std::vector<float> factors; // (tokens) or (tokens, groups)
    std::size_t group = 0;
};

/// x (tokens, cols) float, row t at x + t * stride
Tokens quantize(Rule rule, const float* x, std::size_t tokens, std::size_t cols,
                std::size_t stride);
inline Tokens quantize(Rule rule, const std::vector<float>& x, std::size_t tokens,
                       std::size_t cols) {
    return quantize(rule, x.data(), tokens, cols, cols);
}

/// A layer as plain integers and floats.
struct Weights {
    std::size_t rows = 0, cols = 0, group = 0;
    std::vector<std::int8_t> codes; // (rows, cols)
    std::vector<float> scales;      // 1, rows, or (rows, groups)
    std::vector<float> bias;        // rows, or none
};

/// How many floats of weights share a scale, and whether the mean is taken away before the sign.
/// largest: codes from -largest to largest by the largest |w|; 0: ternary or binary ones.
struct WeightRule {
    bool binary = false, centred = false, per_row = false;
    std::size_t group = 0;
    int largest = 0;
};
Weights quantize_weights(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                         WeightRule rule);

/// dots (tokens, rows): sums of products in 64 bits
std::vector<std::int64_t> dots(const Weights& w, const Tokens& x);
/// y (tokens, rows)
std::vector<float> forward(const Weights& w, const Tokens& x);

/// The partial-sum rule of every float sum: element i into partial i mod 16, folded 8, 4, 2, 1.
float sum16(std::span<const float> v);

/// What is stored for a code of a format of so many bits, or for value (r, c) of packed bytes, from
/// the words of docs/formats.md, whose number a layout has. Mostly the code value u; of planes
/// mask + 2 sign; 3 where a byte of five digits is illegal.
unsigned stored_for(unsigned layout, unsigned bits, int code);
unsigned stored(unsigned layout, unsigned bits, const std::uint8_t* bytes, std::size_t cols,
                std::size_t r, std::size_t c);
/// Bytes of a packed matrix.
std::size_t stored_bytes(unsigned layout, unsigned bits, std::size_t rows, std::size_t cols);

/// The stored value (t, c) of quantized tokens: an int8, or bits: sign, or mask + 2 sign.
enum class Words { int8, sign, ternary };
int token_code(Words words, const std::uint8_t* bytes, std::size_t tokens, std::size_t cols,
               std::size_t t, std::size_t c);

} // namespace oracle
