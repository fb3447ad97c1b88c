// SPDX-License-Identifier: MIT
// A benchmark's operands, drawn at random, and the plain loop that its output must equal.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include <bitnet/bitlinear.hpp>

#include "arena.hpp"

namespace bench {

/// Columns of the weights that share a scale, 0 = all, and whether the layer holds their scales as
/// halves.
struct Groups {
    std::size_t cols = 0;
    bool halves = false;
};

template <class Weights, class Activations,
          class Layout = bitnet::preferred_layout<Weights, Activations>>
class Problem {
public:
    using Layer = bitnet::BitLinear<Weights, Activations, Layout>;
    using Codes = bitnet::codes_of<Activations>;
    /// What of a layer a product reads.
    struct View {
        decltype(std::declval<const Layer&>().weights()) codes;
        bitnet::ScaleView scales;
        explicit View(const Layer& layer) : codes(layer.weights()), scales(layer.scales()) {}
    };

    Problem(std::size_t rows, std::size_t cols, std::size_t tokens, Groups group)
        : rows_(rows), cols_(cols), tokens_(tokens), group_(group.cols), weights_(rows * cols),
          x_(tokens * cols), scales_(rows * groups()),
          token_scales_(tokens * bitnet::groups_of(cols, Activations::scale_group), 1.0f),
          y_(tokens * rows) {
        std::mt19937 numbers(1);
        for (auto& w : weights_) {
            w = static_cast<std::int8_t>(Weights::code(numbers() % Weights::count));
        }
        for (auto& q : x_) {
            q = static_cast<std::int8_t>(Activations::code(numbers() % Activations::count));
        }
        const auto draw = [&](std::vector<float>& scales) {
            for (auto& s : scales) s = 0.5f + static_cast<float>(numbers() % 1024) / 1024.0f;
        };
        draw(scales_);
        if (Activations::scale_group != 0) draw(token_scales_);
        if (group.halves) {
            layer_.push_back(Layer::from_codes(weights_, rows, cols, halves(), {}, group_).value());
        } else {
            layer_.push_back(Layer::from_codes(weights_, rows, cols, scales_, {}, group_).value());
        }
        memory_.resize(layer().scratch_bytes(tokens));
        q_ = bitnet::quantized_from_codes<Activations>(x_, tokens, cols, token_scales_, memory_,
                                                       group_)
                 .value()
                 .as_codes();
    }

    const Layer& layer() const { return layer_.front(); }
    bitnet::Quantized<Codes> x() const { return q_; }
    bitnet::Matrix<float> y() { return {y_.data(), tokens_, rows_}; }
    double ops() const { return 2.0 * static_cast<double>(rows_ * cols_ * tokens_); }

    /// Copies of the layer that no cache holds, in pages of this size.
    const std::vector<View>& copies(Pages pages) {
        const std::span<const std::byte> bytes = layer().bytes();
        return copies_.in(pages, bytes.size(), bytes.size(), [&](std::span<std::byte> memory) {
            std::memcpy(memory.data(), bytes.data(), bytes.size());
            return View(Layer::map_packed(memory).value());
        });
    }
    /// Codes and scales, which a product reads.
    std::span<const std::byte> read() const { return layer().bytes().subspan(header_bytes); }

    /// Whether y is what plain loops give. Wide problems check every row for the first and last
    /// token, and every token for some rows.
    bool verified() const {
        for (std::size_t t = 0; t < tokens_; ++t) {
            const bool whole = t == 0 || t + 1 == tokens_;
            for (std::size_t r = 0; r < rows_; r += whole ? 1 : 61) {
                if (y_[t * rows_ + r] != expected(r, t)) return false;
            }
        }
        return true;
    }
    void clear() { std::memset(y_.data(), 0xff, y_.size() * sizeof(float)); } // NaN equals nothing

private:
    static constexpr std::size_t header_bytes = 64;

    /// The scales, exactly: 10 bits and their sign are enough for what the constructor draws.
    std::vector<std::uint16_t> halves() const {
        std::vector<std::uint16_t> out;
        for (const float scale : scales_) {
            const auto bits = std::bit_cast<std::uint32_t>(scale);
            out.push_back(static_cast<std::uint16_t>((bits >> 13) - (112u << 10)));
        }
        return out;
    }
    std::size_t groups() const { return bitnet::groups_of(cols_, group_); }

    float expected(std::size_t r, std::size_t t) const {
        const std::size_t step = q_.group ? q_.group : cols_;
        const std::size_t token_group = q_.scale_group ? q_.scale_group : cols_;
        const std::size_t token_groups = bitnet::groups_of(cols_, q_.scale_group);
        float sum = 0;
        for (std::size_t begin = 0; begin < cols_; begin += step) {
            const std::size_t end = cols_ - begin < step ? cols_ : begin + step;
            std::int32_t dot = 0;
            for (std::size_t c = begin; c < end; ++c) {
                dot += weights_[r * cols_ + c] * x_[t * cols_ + c];
            }
            const float weight_scale = scales_[r * groups() + (group_ ? begin / group_ : 0)];
            const float token_scale = token_scales_[t * token_groups + begin / token_group];
            // volatile: no compiler may contract the product and the sum
            const volatile float part = static_cast<float>(dot) * (weight_scale * token_scale);
            sum = q_.group ? sum + part : part;
        }
        return sum;
    }

    std::size_t rows_, cols_, tokens_, group_;
    std::vector<std::int8_t> weights_, x_;
    std::vector<float> scales_, token_scales_, y_;
    std::vector<Layer> layer_;
    std::vector<std::byte> memory_;
    Copies<View> copies_;
    bitnet::Quantized<Codes> q_;
};

} // namespace bench
