// SPDX-License-Identifier: MIT
// A benchmark's operands, drawn at random, and the plain loop that its output must equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include <bitnet/bitlinear.hpp>

namespace bench {

template <class Weights, class Activations>
class Problem {
public:
    using Layer = bitnet::BitLinear<Weights, Activations>;
    using Codes = bitnet::codes_of<Activations>;

    Problem(std::size_t rows, std::size_t cols, std::size_t tokens)
        : rows_(rows), cols_(cols), tokens_(tokens), weights_(rows * cols), x_(tokens * cols),
          y_(tokens * rows), scales_(rows) {
        std::mt19937 numbers(1);
        for (auto& w : weights_) {
            const auto n = static_cast<int>(numbers() % 3);
            w = static_cast<std::int8_t>(std::is_same_v<Weights, bitnet::Binary> ? (n > 0 ? 1 : -1)
                                                                                 : n - 1);
        }
        for (auto& q : x_) {
            const auto n = static_cast<int>(numbers() % 255) - 127;
            q = static_cast<std::int8_t>(std::is_same_v<Codes, bitnet::Int8>   ? n
                                         : std::is_same_v<Codes, bitnet::Sign> ? (n < 0 ? -1 : 1)
                                                                               : n % 2);
        }
        for (auto& s : scales_) s = 0.5f + static_cast<float>(numbers() % 1024) / 1024.0f;
        layer_.emplace_back(Layer::from_codes(weights_, rows, cols, scales_).value());
        memory_.resize(layer().quantized_bytes(tokens));
        q_ = bitnet::quantized_from_codes<Codes>(x_, tokens, cols, {}, memory_).value();
    }

    const Layer& layer() const { return layer_.front(); }
    bitnet::Quantized<Codes> x() const { return q_; }
    bitnet::Matrix<float> y() { return {y_.data(), tokens_, rows_}; }
    double ops() const { return 2.0 * static_cast<double>(rows_ * cols_ * tokens_); }

    /// Whether y is what plain loops give. Wide problems check every row for the first and last
    /// token, and every token for some rows.
    bool verified() const {
        for (std::size_t t = 0; t < tokens_; ++t) {
            const bool whole = t == 0 || t + 1 == tokens_;
            for (std::size_t r = 0; r < rows_; r += whole ? 1 : 61) {
                std::int32_t dot = 0;
                for (std::size_t c = 0; c < cols_; ++c) {
                    dot += weights_[r * cols_ + c] * x_[t * cols_ + c];
                }
                if (y_[t * rows_ + r] != static_cast<float>(dot) * scales_[r]) return false;
            }
        }
        return true;
    }

private:
    std::size_t rows_, cols_, tokens_;
    std::vector<std::int8_t> weights_, x_;
    std::vector<float> y_, scales_;
    std::vector<Layer> layer_;
    std::vector<std::byte> memory_;
    bitnet::Quantized<Codes> q_;
};

} // namespace bench
