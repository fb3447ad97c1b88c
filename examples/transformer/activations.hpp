// SPDX-License-Identifier: MIT
// What the quantized inputs of a model's projections are like: their scales, codes and dots.
#pragma once

#include "observer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// Of one quantized input, which several projections of a layer may share.
struct InputStatistics {
    std::vector<std::string> projections; // "q", "k", "v"
    std::string_view activations;         // "int8", ...; "float": the input is not quantized
    std::size_t cols = 0;
    std::size_t scale_group = 0; // columns that share a scale; 0: all of a token
    std::size_t tokens = 0;

    /// What a code of 1 stands for, of each token and group.
    float least_scale = std::numeric_limits<float>::infinity();
    float largest_scale = 0;
    std::vector<float> scales; // all of them, where they are kept

    std::array<std::uint64_t, 129> magnitudes{}; // [m]: how many codes are m or -m
    std::uint64_t codes = 0;

    /// Sums of weight code times input code, as kernels add them up in int32: over a row, or over
    /// each group of columns that shares its scales. least > largest: none were looked at.
    std::size_t sum_group = 0; // columns of a sum; 0: all
    std::int32_t least_dot = std::numeric_limits<std::int32_t>::max();
    std::int32_t largest_dot = std::numeric_limits<std::int32_t>::min();
    std::uint64_t dot_bound = 0; // no dot of these formats and columns is larger

    bool has_codes() const noexcept { return codes != 0; }
    bool has_dots() const noexcept { return least_dot <= largest_dot; }
    double zero_share() const noexcept {
        return static_cast<double>(magnitudes[0]) / static_cast<double>(codes);
    }
    /// Of an even number of scales the lower one of the two in the middle. pre: they are kept
    float median_scale() const;
    /// The largest |dot|.
    std::uint64_t dot_magnitude() const noexcept;
};

struct LayerStatistics {
    std::vector<InputStatistics> inputs; // in the order in which the forward pass has them
    std::uint64_t gated = 0;             // values of act(gate) * up
    std::uint64_t gated_zeros = 0;

    double gated_zero_share() const noexcept {
        return static_cast<double>(gated_zeros) / static_cast<double>(gated);
    }
};

class ActivationStatistics : public Observer {
public:
    enum class Detail {
        brief, ///< ranges of scales, and codes: no memory per token, and little time
        full,  ///< all scales, and dots, which are computed once more
    };
    explicit ActivationStatistics(Detail detail) : detail_(detail) {}

    void input(Matrix<const float> x, std::span<const Projection> projections,
               const ThreadPool& pool) override;
    void gated(Matrix<const float> gate) override;

    std::span<const LayerStatistics> layers() const noexcept { return layers_; }
    /// Tokens that were run.
    std::size_t tokens() const noexcept;
    /// Whether some input held NaN or infinity; its scale is not counted.
    bool has_nan() const noexcept { return has_nan_; }

private:
    // An input, on its way through its projections.
    struct Shared {
        Matrix<const float> x;
        const ThreadPool& pool;
        std::size_t before; // which of the layer's inputs the last projection had; none: npos
        static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    };
    // A projection's statistics, and whether they are still to be made.
    struct Found {
        InputStatistics& in;
        bool is_new;
    };
    Found find(const Linear& linear, std::string_view activations, std::size_t sum_group,
               Shared& shared);
    template <class W, class A, class L>
    void look(const BitLinear<W, A, L>& layer, const Linear& linear, Shared& shared);
    void look(const ScreenedHead& layer, const Linear& linear, Shared& shared);
    template <class Value>
    void look(const Dense<Value>& layer, const Linear& linear, Shared& shared);
    template <class A>
    void count(const Quantized<A>& q, InputStatistics& in);
    template <class W, class A, class L>
    void count_dots(const BitLinear<W, A, L>& layer, const Quantized<A>& q, InputStatistics& in,
                    const ThreadPool& pool);
    template <class W, class A, class L>
    void count_dots_of_groups(const BitLinear<W, A, L>& layer, const Quantized<A>& q,
                              InputStatistics& in, const ThreadPool& pool);

    Detail detail_;
    std::vector<LayerStatistics> layers_;
    std::size_t layer_ = 0; // of the last input
    bool has_nan_ = false;
    std::vector<std::byte> scratch_;
    std::vector<std::int32_t> dots_;
};

} // namespace bitnet::example
