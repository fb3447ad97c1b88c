// SPDX-License-Identifier: MIT
// A fuzz target (libFuzzer's entry): packed bytes from anywhere are refused or stay inside their
// memory, and whatever is accepted and verified gives the same bits on every cluster.
#include "source.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/scales.hpp>
#include <bitnet/screened_head.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "../layer_kinds.hpp"

namespace {

using namespace bitnet;
using fuzz::require;
using fuzz::Source;

/// The same bits; any NaN equals any NaN, whose sign and payload are the processor's choice.
bool same(const std::vector<float>& a, const std::vector<float>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != a[i] && b[i] != b[i]) continue;
        if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
    }
    return a.size() == b.size();
}

/// Runs the layer's kernels from every table; all outputs have the bits of the scalar ones.
template <class Weights, class Activations, class Layout>
void all_clusters_agree(const BitLinear<Weights, Activations, Layout>& layer, Source& source) {
    using Codes = codes_of<Activations>;
    const std::size_t tokens = 1 + source.number(20), rows = layer.rows(), cols = layer.cols();
    std::vector<float> scalar, y(tokens * rows);
    std::vector<std::byte> memory(layer.scratch_bytes(tokens));
    std::vector<float> x(tokens * cols);
    std::vector<std::int8_t> codes(tokens * cols);
    for (float& v : x) v = source.real();
    for (auto& c : codes) c = static_cast<std::int8_t>(source.byte() % 3 - 1);
    for (const char* name : dispatch::built()) {
        const dispatch::Table* table = dispatch::find(name);
        if (!table) continue;
        Quantized<Activations> q;
        if constexpr (std::is_same_v<Activations, Ternary>) {
            q = quantized_from_codes<Ternary>(codes, tokens, cols, {}, memory, layer.group())
                    .value();
        } else {
            q = detail::place<Activations>(memory, tokens, cols, layer.group());
            table->template get<functions::Quantize<Activations>>()({x.data(), tokens, cols}, q, 0,
                                                                    tokens);
        }
        table->template get<functions::Gemm<Product<Weights, Codes, Layout>>>()(
            layer.weights(), q.as_codes(), layer.scales(), nullptr, {y.data(), tokens, rows}, 0,
            rows);
        if (scalar.empty()) scalar = y; // the first table is the scalar one
        require(same(y, scalar), name);
    }
}

/// Bytes that claim to be a layer.
template <class Weights, class Activations, class Layout>
void try_image(std::span<const std::byte> bytes, Source& source) {
    using Layer = BitLinear<Weights, Activations, Layout>;
    auto made = Layer::from_packed(bytes);
    AlignedBytes aligned(bytes.size() + 1);
    if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
    auto mapped = Layer::map_packed({aligned.data(), bytes.size()});
    require(bool(made) == bool(mapped), "copying and mapping accept the same bytes");
    if (!made || made->rows() > 200 || made->cols() > 2000) return;
    if (!made->verify()) {
        // Not a layer, but its kernels stay inside its memory.
        std::vector<std::byte> memory(made->scratch_bytes(1));
        std::vector<std::int32_t> y(made->rows());
        const std::vector<std::int8_t> codes(made->cols(), 1);
        made->template dots<isa::dynamic>(
            *quantized_from_codes<Activations>(codes, 1, made->cols(), {}, memory, made->group()),
            y);
        return;
    }
    all_clusters_agree(*made, source);
}

/// A layer's own bytes, with some of them changed.
template <class Weights, class Activations, class Layout>
void damage(const BitLinear<Weights, Activations, Layout>& layer, Source& source) {
    std::vector<std::byte> bytes(layer.bytes().begin(), layer.bytes().end());
    for (std::size_t n = source.byte() % 4; n > 0; --n) {
        const std::size_t at = source.byte() % 2 ? source.number(64) : source.number(bytes.size());
        bytes[at] ^= static_cast<std::byte>(source.byte());
    }
    if (source.byte() % 8 == 0) bytes.resize(source.number(bytes.size() + 1));
    try_image<Weights, Activations, Layout>(bytes, source);
}

/// A layer built from arbitrary codes, whose own bytes are then damaged here and there.
template <class Weights, class Activations, class Layout>
void try_codes(Source& source) {
    using Layer = BitLinear<Weights, Activations, Layout>;
    const std::size_t rows = 1 + source.number(70), cols = 1 + source.number(300);
    constexpr std::size_t choices[] = {0, 0, 32, 64, 128, 256};
    const std::size_t group = choices[source.number(6)];
    const std::size_t groups = group ? (cols + group - 1) / group : 1;
    const bool shared = source.byte() % 2; // by all rows, or by 64 of a group of 64
    std::vector<float> scales(group == 64 && shared ? (rows + 63) / 64 * groups
                              : group               ? rows * groups
                              : shared              ? 1
                                                    : rows);
    for (float& s : scales) s = source.real();
    std::vector<float> packed(packed_scale_floats(scales.size(), rows, cols, group));
    const auto view = pack_scales(scales, rows, cols, group, packed);
    std::vector<std::int8_t> codes(rows * cols);
    for (auto& c : codes)
        c = static_cast<std::int8_t>(Weights::code(source.byte() % Weights::count));
    auto made = Layer::from_codes(codes, rows, cols, scales, {}, group);
    require(bool(made) == bool(view), "a layer's scales are those that can be packed");
    if (!made) return;
    if (group != 0 && source.byte() % 2) {
        std::vector<std::uint16_t> halves(scales.size());
        for (auto& half : halves) half = static_cast<std::uint16_t>(source.number(65536));
        made = Layer::from_codes(codes, rows, cols, halves, {}, group);
        if (!made) return;
        require(bool(made->verify()), "what from_codes made of halves is sound");
        all_clusters_agree(*made, source);
        return damage<Weights, Activations, Layout>(*made, source);
    }
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t g = 0; g < groups; ++g) {
            require(same({view->at(r / layout::tile_rows, g)[r % layout::tile_rows]},
                         {made->scale(r, g)}),
                    "a scale");
        }
    }
    require(bool(made->verify()), "what from_codes made is sound");
    all_clusters_agree(*made, source);
    damage<Weights, Activations, Layout>(*made, source);
}

template <class Weights, class Activations, class Layout>
void run(Source& source) {
    if (source.byte() % 2) {
        try_codes<Weights, Activations, Layout>(source);
    } else {
        const auto bytes = std::as_bytes(source.rest());
        try_image<Weights, Activations, Layout>(bytes, source);
    }
}

/// Bytes that claim to be a screened head. Whatever its codes are, the best logits are logits.
void try_screened(std::span<const std::byte> bytes, Source& source) {
    AlignedBytes aligned(bytes.size() + 1);
    if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
    const auto head = ScreenedHead::map_packed({aligned.data(), bytes.size()});
    if (!head || head->rows() > 200 || head->cols() > 2000) return;
    static_cast<void>(head->verify());
    std::vector<std::int8_t> codes(head->cols());
    for (auto& c : codes) c = static_cast<std::int8_t>(source.byte());
    const float drawn = source.real(), a = drawn < 0 ? -drawn : drawn;
    std::vector<std::byte> memory(scratch_bytes<Int8>(1, head->cols()));
    std::vector<std::byte> scratch(head->scratch_bytes());
    const auto x = quantized_from_codes<Int8>(codes, 1, head->cols(), {&a, 1}, memory);
    if (!x) return;
    std::vector<float> y(head->rows());
    std::vector<Logit> best(1 + source.number(head->rows()));
    head->forward<isa::dynamic>(*x, y, scratch);
    require(head->top<isa::dynamic>(*x, best, scratch) <= head->rows(), "rows taken");
    for (std::size_t i = 0; i < best.size(); ++i) {
        require(best[i].row < head->rows(), "a row of the head");
        require(same({best[i].value}, {y[best[i].row]}), "its logit");
        require(i == 0 || !(best[i - 1].value < best[i].value), "in order");
        for (std::size_t j = 0; j < i; ++j) require(best[j].row != best[i].row, "once");
    }
}
void run_screened(Source& source) {
    if (source.byte() % 2 == 0) {
        const auto bytes = std::as_bytes(source.rest());
        return try_screened(bytes, source);
    }
    const std::size_t rows = 1 + source.number(70), cols = 1 + source.number(300);
    std::vector<std::int8_t> codes(rows * cols);
    for (auto& c : codes) c = static_cast<std::int8_t>(source.byte() % 225 - 112);
    std::vector<float> scales(rows);
    for (float& s : scales) s = source.real();
    const auto made = ScreenedHead::from_codes(codes, rows, cols, scales, source.byte());
    if (!made) return;
    require(bool(made->verify()), "what from_codes made is sound");
    std::vector<std::byte> bytes(made->bytes().begin(), made->bytes().end());
    for (std::size_t n = source.byte() % 4; n > 0; --n) {
        const std::size_t at = source.byte() % 2 ? source.number(128) : source.number(bytes.size());
        bytes[at] ^= static_cast<std::byte>(source.byte());
    }
    if (source.byte() % 8 == 0) bytes.resize(source.number(bytes.size() + 1));
    try_screened(bytes, source);
}

/// Kind `which` of the lists, over and over.
template <class... Kind>
void run_one(std::size_t which, Source& source, type_list<Kind...>) {
    std::size_t i = 0;
    const auto run_if = [&]<class K>(K) {
        if (i++ != which % sizeof...(Kind)) return;
        run<typename K::Weights, typename K::Activations, typename K::Layer::Layout>(source);
    };
    (run_if(Kind{}), ...);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Source source(data, size);
    const std::size_t which = source.byte();
    if (which % 16 == 0) {
        run_screened(source);
    } else {
        run_one(which - which / 16 - 1, source, joined<support::FloatKinds, support::ByteKinds>{});
    }
    return 0;
}
