// SPDX-License-Identifier: MIT
// GroupSums: one token and weights whose columns have scales per group. The dots of a group go from
// their registers into the sum, since groups are short: a call, a loop or a memory operand for each
// would take as long as its dots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/epilogue.hpp>
#include <bitnet/kernels/tile.hpp>
#include <bitnet/kernels/tile_runner.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/simd/generic.hpp>
#include <bitnet/simd/i32x16.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::kernels {

/// Whether a product has them: with tokens of int8, and with steps of a few groups where a step is
/// a straight line.
template <class Weights, class Codes, class Layout, class Isa>
concept SumsGroups =
    !isa::is_scalar<Isa> && token_layout<Codes>::is_int8 &&
    (Layout::template mapping<Weights>::step_cols == layout::tile_cols || is_straight_line<Isa>);

template <class Weights, class Codes, class Layout, class Isa, class Epilogue>
struct GroupSums {
    using Kernel = Tile<Weights, Codes, Layout>;
    using Values = typename Epilogue::Values;
    using Dots = simd::i32x16<Isa>;
    using ops = simd::ops<Isa>;
    // Scales are a second stream: with busy memory one prefetch a line lost up to 14 % on Zen 5.
    using Asking = std::conditional_t<ops::asks_twice, Isa, simd::asking_twice<Isa>>;

    const PackedView<Weights, Layout>& weights;
    const Quantized<Codes>& x;
    const Epilogue& epilogue;

    /// Row blocks [begin, end) of y. pre: one token, x.group != 0
    template <class T>
    BITNET_INLINE void operator()(std::size_t begin, std::size_t end,
                                  const OutputRows<T>& rows) const noexcept {
        for (std::size_t block = begin; block < end; ++block) {
            Values sum = epilogue.zero();
            add_whole(block, sum, std::make_index_sequence<std::size(group_sizes)>{});
            const std::size_t whole = x.cols / x.group;
            if (whole < x.layout().groups()) add_last(block, whole, sum);
            rows.store(epilogue.finish(sum, epilogue.of_token(0), block, true), block, 0);
        }
    }

private:
    /// The groups that are whole. Their number of columns is a constant, so that the loops of a
    /// group are straight lines.
    template <std::size_t... Is>
    BITNET_INLINE void add_whole(std::size_t block, Values& sum,
                                 std::index_sequence<Is...>) const noexcept {
        ((x.group == group_sizes[Is] ? add<group_sizes[Is]>(block, sum) : void()), ...);
    }
    template <std::size_t Group>
    BITNET_NOINLINE void add(std::size_t block, Values& total) const noexcept {
        using layout::tile_cols;
        using Mapping = typename Layout::template mapping<Weights>;
        constexpr std::size_t word_bytes = 4, chunks = Group / tile_cols;
        // Where a step of the layout has several groups, they go together: all is a constant then.
        constexpr std::size_t in_step = Group < Mapping::step_cols ? Mapping::step_cols / Group : 1;
        constexpr std::size_t step_bytes = Mapping{tile_rows, in_step * Group}.block_bytes();
        constexpr std::size_t token_bytes =
            in_step * chunks * token_layout<Codes>::chunk_words * word_bytes;
        const std::size_t block_bytes = weights.mapping().block_bytes();
        const std::uint8_t* line = weights.data + block * block_bytes;
        const std::uint8_t* const block_end = line + block_bytes;
        const std::uint8_t* words = x.codes;
        Values sum = total;
        const std::size_t whole = x.cols / Group;
        for (std::size_t step = 0; step < whole; step += in_step) {
            for_constants<in_step>([&](auto i) BITNET_INLINE_LAMBDA {
                const std::size_t g = step + i;
                if (g >= whole) return;
                constexpr bool has_steps = Mapping::step_cols != tile_cols;
                constexpr std::size_t before = has_steps ? i * Group : 0;
                const TileInput in{line,  block_bytes, block_end,  words,   word_bytes,   chunks,
                                   Group, before,      x.sums + g, nullptr, OutputLines{}};
                alignas(64) std::int32_t dots[tile_rows];
                if constexpr (has_steps) {
                    Kernel::template run_in_step<Asking, before, Group>(in, dots);
                } else {
                    Kernel::template run<Asking, 1, 1>(in, dots);
                }
                const Dots dot = Dots::load(dots).computed(); // of_group() has a branch
                epilogue.prefetch(block, g);
                sum = epilogue.add(sum, dot, epilogue.of_group(block, g), 0, g);
            });
            line += step_bytes;
            words += token_bytes;
        }
        total = sum;
    }

    BITNET_INLINE void add_last(std::size_t block, std::size_t g, Values& sum) const noexcept {
        alignas(64) std::int32_t dots[tile_rows];
        runner<Isa>(weights, x)(TileRange{block, 1, 0, 1}, g, g + 1, OutputLines{}, dots);
        sum = epilogue.add(sum, Dots::load(dots), epilogue.of_group(block, g), 0, g);
    }
};

} // namespace BITNET_NAMESPACE::kernels
