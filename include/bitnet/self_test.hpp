// SPDX-License-Identifier: MIT
// self_test<Isa>(): do a cluster's kernels agree with the scalar ones on this machine?
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <bitnet/bitlinear.hpp>

namespace bitnet {

namespace detail {

/// Numbers that look random; the same everywhere.
struct SelfTestNumbers {
    std::uint32_t state = 12345;
    BITNET_INLINE std::uint32_t next() noexcept {
        state = state * 1664525u + 1013904223u;
        return state >> 8;
    }
};

/// Whether a layer of each shape gives the same bits on Isa as on scalar.
template <class Weights, class Activations, class Isa>
bool agrees_with_scalar() noexcept {
    constexpr std::size_t most_rows = 67, most_cols = 300, most_tokens = 9;
    constexpr std::size_t shapes[][4] = {// rows, cols, tokens, group
                                         {67, 300, 1, 0},
                                         {50, 129, 9, 0},
                                         {67, 300, 3, 64}};
    std::int8_t codes[most_rows * most_cols];
    float scales[most_rows * 5], bias[most_rows], x[most_tokens * most_cols];
    float expected[most_tokens * most_rows], actual[most_tokens * most_rows];
    SelfTestNumbers numbers;
    for (const auto& [rows, cols, tokens, group] : shapes) {
        const std::size_t groups = group ? (cols + group - 1) / group : 1;
        for (std::size_t i = 0; i < rows * cols; ++i) {
            const auto n = static_cast<int>(numbers.next() % 3);
            codes[i] = static_cast<std::int8_t>(std::is_same_v<Weights, Binary> ? (n > 0 ? 1 : -1)
                                                                                : n - 1);
        }
        const auto real = [&]() noexcept {
            return static_cast<float>(static_cast<int>(numbers.next() % 20001) - 10000) * 0.001f;
        };
        for (std::size_t i = 0; i < rows * groups; ++i) scales[i] = real();
        for (std::size_t i = 0; i < rows; ++i) bias[i] = real();
        for (std::size_t i = 0; i < tokens * cols; ++i) x[i] = real();
        auto layer = BitLinear<Weights, Activations>::template from_codes<Isa>(
            {codes, rows * cols}, rows, cols, {scales, rows * groups}, {bias, rows}, group);
        if (!layer) return false;
        AlignedBytes scratch(layer->scratch_bytes(tokens));
        if (!scratch) return false;
        const std::span<std::byte> memory{scratch.data(), scratch.size()};
        const Matrix<const float> in(x, tokens, cols);
        layer->template forward<isa::here<isa::scalar>>(in, Matrix<float>(expected, tokens, rows),
                                                        memory);
        layer->template forward<Isa>(in, Matrix<float>(actual, tokens, rows), memory);
        if (std::memcmp(expected, actual, tokens * rows * sizeof(float)) != 0) return false;
    }
    return true;
}

/// The same for a pair whose activations come as codes.
template <class Weights, class Isa>
bool agrees_on_ternary_activations() noexcept {
    constexpr std::size_t rows = 67, cols = 300, tokens = 9;
    std::int8_t codes[rows * cols], x[tokens * cols];
    std::int32_t expected[tokens * rows], actual[tokens * rows];
    SelfTestNumbers numbers;
    for (auto& c : codes) {
        const auto n = static_cast<int>(numbers.next() % 3);
        c = static_cast<std::int8_t>(std::is_same_v<Weights, Binary> ? (n > 0 ? 1 : -1) : n - 1);
    }
    for (auto& c : x) c = static_cast<std::int8_t>(static_cast<int>(numbers.next() % 3) - 1);
    const float one = 1.0f;
    auto layer =
        BitLinear<Weights, Ternary>::template from_codes<Isa>(codes, rows, cols, {&one, 1});
    if (!layer) return false;
    AlignedBytes memory(layer->quantized_bytes(tokens));
    if (!memory) return false;
    auto q =
        quantized_from_codes<Ternary, Isa>(x, tokens, cols, {}, {memory.data(), memory.size()});
    if (!q) return false;
    layer->template dots<isa::here<isa::scalar>>(*q, Matrix<std::int32_t>(expected, tokens, rows));
    layer->template dots<Isa>(*q, Matrix<std::int32_t>(actual, tokens, rows));
    return std::memcmp(expected, actual, sizeof expected) == 0;
}

} // namespace detail

/// Runs every kernel of a cluster on small shapes and compares with the scalar ones, bit for bit.
/// Returns nullptr when all agree, else the name of the kernel that does not.
/// cost: a few milliseconds; allocates; noexcept
template <class Isa = isa::native>
const char* self_test() noexcept {
    if (!detail::agrees_with_scalar<Ternary, Int8, Isa>()) return "w158a8";
    if (!detail::agrees_with_scalar<Binary, Int8, Isa>()) return "w1a8";
    if (!detail::agrees_with_scalar<Ternary, SignNorm, Isa>()) return "w158a1 signnorm";
    if (!detail::agrees_with_scalar<Binary, SignNorm, Isa>()) return "w1a1 signnorm";
    if (!detail::agrees_with_scalar<Ternary, SignMean, Isa>()) return "w158a1 signmean";
    if (!detail::agrees_with_scalar<Binary, Sign, Isa>()) return "w1a1";
    if (!detail::agrees_on_ternary_activations<Ternary, Isa>()) return "w158a158";
    if (!detail::agrees_on_ternary_activations<Binary, Isa>()) return "w1a158";
    return nullptr;
}

} // namespace bitnet
