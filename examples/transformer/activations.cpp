// SPDX-License-Identifier: MIT
// Inputs are quantized once more, as linear.cpp does, and looked at in plain loops.
#include "activations.hpp"

#include <bitnet/pack.hpp>
#include <bitnet/quantize.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <variant>

namespace bitnet::example {
namespace {

constexpr std::size_t rows_per_task = 64;

struct Place {
    std::size_t layer;
    std::string_view projection;
};

// "model.layers.12.self_attn.q_proj.weight" is q of layer 12; an output head is of no layer.
std::optional<Place> place_in_model(std::string_view name) {
    constexpr std::string_view front = "model.layers.", back = "_proj.weight";
    if (!name.starts_with(front) || !name.ends_with(back)) return std::nullopt;
    name.remove_prefix(front.size());
    name.remove_suffix(back.size());
    Place place{};
    std::from_chars(name.data(), name.data() + name.size(), place.layer);
    place.projection = name.substr(name.rfind('.') + 1);
    return place;
}

// The largest magnitude of a code.
template <class Format>
constexpr int largest_code = std::max(-Format::minimum, Format::maximum);

} // namespace

float InputStatistics::median_scale() const {
    std::vector<float> sorted = scales;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
}

std::uint64_t InputStatistics::dot_magnitude() const noexcept {
    return static_cast<std::uint64_t>(
        std::max(std::abs(std::int64_t{least_dot}), std::abs(std::int64_t{largest_dot})));
}

std::size_t ActivationStatistics::tokens() const noexcept {
    return layers_.empty() ? 0 : layers_.front().inputs.front().tokens;
}

// Neighbours that quantize one x alike share its statistics.
ActivationStatistics::Found ActivationStatistics::find(const Linear& linear,
                                                       std::string_view activations,
                                                       std::size_t sum_group, Shared& shared) {
    const std::string name(place_in_model(linear.name())->projection);
    std::vector<InputStatistics>& inputs = layers_[layer_].inputs;
    const auto has_name = [&](const InputStatistics& in) {
        return std::find(in.projections.begin(), in.projections.end(), name) !=
               in.projections.end();
    };
    auto at = static_cast<std::size_t>(std::find_if(inputs.begin(), inputs.end(), has_name) -
                                       inputs.begin());
    if (at == inputs.size()) { // the first time
        const bool shares = shared.before != Shared::npos &&
                            inputs[shared.before].activations == activations &&
                            inputs[shared.before].sum_group == sum_group;
        if (shares) {
            at = shared.before;
        } else {
            InputStatistics& in = inputs.emplace_back();
            in.activations = activations;
            in.cols = shared.x.cols;
            in.sum_group = sum_group;
        }
        inputs[at].projections.push_back(name);
    }
    const bool is_new = at != shared.before;
    if (is_new) inputs[at].tokens += shared.x.rows;
    shared.before = at;
    return {inputs[at], is_new};
}

template <class A>
void ActivationStatistics::count(const Quantized<A>& q, InputStatistics& in) {
    const auto at = q.layout();
    in.scale_group = A::scale_group;
    for (std::size_t i = 0; i < at.scale_groups() * q.tokens; ++i) {
        constexpr bool divides = codes_of<A>::scale_divides && A::scale_group == 0;
        const float scale = divides ? 1.0f / q.scales[i] : q.scales[i];
        if (!std::isfinite(scale)) {
            has_nan_ = true;
            continue;
        }
        in.least_scale = std::min(in.least_scale, scale);
        in.largest_scale = std::max(in.largest_scale, scale);
        if (detail_ == Detail::full) in.scales.push_back(scale);
    }
    for (std::size_t t = 0; t < q.tokens; ++t) {
        for (std::size_t c = 0; c < q.cols; ++c) {
            ++in.magnitudes[static_cast<std::size_t>(std::abs(q(t, c)))];
        }
    }
    in.codes += q.tokens * q.cols;
}

template <class W, class A, class L>
void ActivationStatistics::count_dots(const BitLinear<W, A, L>& layer, const Quantized<A>& q,
                                      InputStatistics& in, const ThreadPool& pool) {
    const std::size_t cols = in.sum_group == 0 ? in.cols : std::min(in.sum_group, in.cols);
    constexpr int largest_input = std::is_same_v<codes_of<A>, Int8> ? 127 : 1; // as quantized
    in.dot_bound = std::max(in.dot_bound, std::uint64_t{cols} * largest_code<W> * largest_input);
    if (in.sum_group != 0) {
        count_dots_of_groups(layer, q, in, pool);
        return;
    }
    dots_.resize(q.tokens * layer.rows());
    layer.template dots<Isa>(q, std::span<std::int32_t>(dots_), pool);
    const auto [least, largest] = std::minmax_element(dots_.begin(), dots_.end());
    in.least_dot = std::min(in.least_dot, *least);
    in.largest_dot = std::max(in.largest_dot, *largest);
}

// Kernels keep the sums of groups to themselves.
template <class W, class A, class L>
void ActivationStatistics::count_dots_of_groups(const BitLinear<W, A, L>& layer,
                                                const Quantized<A>& q, InputStatistics& in,
                                                const ThreadPool& pool) {
    const std::size_t cols = q.cols;
    std::vector<std::int8_t> codes(q.tokens * cols);
    for (std::size_t t = 0; t < q.tokens; ++t) {
        for (std::size_t c = 0; c < cols; ++c) {
            codes[t * cols + c] = static_cast<std::int8_t>(q(t, c));
        }
    }
    struct Worker {
        std::vector<std::int8_t> row;
        std::int32_t least, largest;
    };
    std::vector<Worker> workers(pool.workers(),
                                {std::vector<std::int8_t>(cols), in.least_dot, in.largest_dot});
    const std::size_t tasks = (layer.rows() + rows_per_task - 1) / rows_per_task;
    pool.parallel_for(tasks, [&](std::size_t task, std::size_t worker) noexcept {
        Worker& w = workers[worker];
        const std::size_t end = std::min(layer.rows(), (task + 1) * rows_per_task);
        for (std::size_t row = task * rows_per_task; row < end; ++row) {
            unpack(layer.weights(), std::span(w.row), row);
            for (std::size_t t = 0; t < q.tokens; ++t) {
                const std::int8_t* const x = codes.data() + t * cols;
                for (std::size_t begin = 0; begin < cols; begin += in.sum_group) {
                    std::int32_t dot = 0;
                    for (std::size_t c = begin; c < std::min(cols, begin + in.sum_group); ++c) {
                        dot += w.row[c] * x[c];
                    }
                    w.least = std::min(w.least, dot);
                    w.largest = std::max(w.largest, dot);
                }
            }
        }
    });
    for (const Worker& w : workers) {
        in.least_dot = std::min(in.least_dot, w.least);
        in.largest_dot = std::max(in.largest_dot, w.largest);
    }
}

template <class W, class A, class L>
void ActivationStatistics::look(const BitLinear<W, A, L>& layer, const Linear& linear,
                                Shared& shared) {
    const Found found = find(linear, A::name, layer.sum_group(), shared);
    const bool wants_dots = detail_ == Detail::full;
    if (!found.is_new && !wants_dots) return;
    scratch_.resize(layer.scratch_bytes(shared.x.rows));
    const Quantized<A> q = layer.template quantize<Isa>(shared.x, scratch_, shared.pool);
    if (found.is_new) count(q, found.in);
    if (wants_dots) count_dots(layer, q, found.in, shared.pool);
}

// Its dots are of two passes over the codes.
void ActivationStatistics::look(const ScreenedHead&, const Linear& linear, Shared& shared) {
    const Found found = find(linear, Int8::name, 0, shared);
    if (!found.is_new) return;
    scratch_.resize(bitnet::scratch_bytes<Int8>(shared.x.rows, shared.x.cols));
    count(quantize<Int8, Isa>(shared.x, scratch_), found.in);
}

template <class Value>
void ActivationStatistics::look(const Dense<Value>&, const Linear& linear, Shared& shared) {
    find(linear, "float", 0, shared);
}

void ActivationStatistics::input(Matrix<const float> x, std::span<const Projection> projections,
                                 const ThreadPool& pool) {
    const std::optional<Place> place = place_in_model(projections.front().linear->name());
    if (!place) return;
    layer_ = place->layer;
    layers_.resize(std::max(layers_.size(), layer_ + 1));
    Shared shared{x, pool, Shared::npos};
    for (const Projection& projection : projections) {
        const Linear& linear = *projection.linear;
        std::visit([&](const auto& layer) { look(layer, linear, shared); }, linear.layer());
    }
}

void ActivationStatistics::gated(Matrix<const float> gate) {
    LayerStatistics& layer = layers_[layer_];
    layer.gated += gate.rows * gate.cols;
    for (std::size_t t = 0; t < gate.rows; ++t) {
        layer.gated_zeros +=
            static_cast<std::uint64_t>(std::count(gate.row(t), gate.row(t) + gate.cols, 0.0f));
    }
}

} // namespace bitnet::example
