// SPDX-License-Identifier: MIT
// The kinds of tensors in model files: one row each. Names and sizes in the file, how a projection
// of it is loaded and run, and what the tests try follow from this list.
#pragma once

#include "model_file.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/screened_head.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

namespace bitnet::example {

template <class Value>
struct Dense; // linear.hpp

/// `Layer` is the class that a projection of this kind is; void where there is none.
template <class Layer>
struct KindRow {
    TensorKind kind; // its number in the file, which never changes
    std::string_view name;
    std::size_t value_bytes = 0; // of one value; 0: only the layer knows the size
};

/// The packed kinds name weights, then activations: how a projection quantizes its input is a
/// property of the file, chosen per projection. docs/formats.md has the same table for readers.
inline constexpr std::tuple tensor_kinds{
    KindRow<Dense<float>>{TensorKind{0}, "f32", sizeof(float)},
    KindRow<Dense<std::uint16_t>>{TensorKind{1}, "f16", sizeof(std::uint16_t)},
    KindRow<void>{TensorKind{2}, "u16", sizeof(std::uint16_t)},
    KindRow<void>{TensorKind{3}, "bytes", 1},
    KindRow<BitLinear<Ternary, Int8>>{TensorKind{16}, "ternary-int8"},
    KindRow<BitLinear<Binary, Int8>>{TensorKind{17}, "binary-int8"},
    KindRow<BitLinear<Ternary, Sign>>{TensorKind{18}, "ternary-sign"},
    KindRow<BitLinear<Ternary, SignNorm>>{TensorKind{19}, "ternary-signnorm"},
    KindRow<BitLinear<Ternary, SignMean>>{TensorKind{20}, "ternary-signmean"},
    KindRow<BitLinear<Binary, Sign>>{TensorKind{21}, "binary-sign"},
    KindRow<BitLinear<Binary, SignNorm>>{TensorKind{22}, "binary-signnorm"},
    KindRow<BitLinear<Binary, SignMean>>{TensorKind{23}, "binary-signmean"},
    KindRow<BitLinear<Ternary, Int8, layout::Dense16>>{TensorKind{24}, "ternary-dense-int8"},
    KindRow<BitLinear<Int8, Int8>>{TensorKind{25}, "int8-int8"},
    KindRow<BitLinear<Int6, Int8>>{TensorKind{26}, "int6-int8"},
    KindRow<ScreenedHead>{TensorKind{27}, "screened-int8"},
    KindRow<BitLinear<Ternary, Int8Groups<32>>>{TensorKind{28}, "ternary-int8g32"},
    KindRow<BitLinear<Ternary, Int8Groups<128>>>{TensorKind{29}, "ternary-int8g128"},
    KindRow<BitLinear<Binary, Int8Groups<32>>>{TensorKind{30}, "binary-int8g32"},
    KindRow<BitLinear<Binary, Int8Groups<128>>>{TensorKind{31}, "binary-int8g128"},
    KindRow<BitLinear<Int8, Int8Groups<32>>>{TensorKind{32}, "int8-int8g32"},
    KindRow<BitLinear<Int8, Int8Groups<128>>>{TensorKind{33}, "int8-int8g128"},
    KindRow<BitLinear<Int6, Int8Groups<32>>>{TensorKind{34}, "int6-int8g32"},
    KindRow<BitLinear<Int6, Int8Groups<128>>>{TensorKind{35}, "int6-int8g128"},
    KindRow<BitLinear<Ternary, Int8Groups<32>, layout::Dense16>>{TensorKind{36},
                                                                 "ternary-dense-int8g32"},
    KindRow<BitLinear<Ternary, Int8Groups<128>, layout::Dense16>>{TensorKind{37},
                                                                  "ternary-dense-int8g128"},
};

/// Calls f(row) for each row of the list until one call returns true; whether one did.
template <class F>
constexpr bool find_kind(F&& f) {
    return std::apply([&](const auto&... row) { return (f(row) || ...); }, tensor_kinds);
}

/// The kind of that name. A name that is not in the list does not compile.
consteval TensorKind kind_named(std::string_view name) {
    TensorKind kind{};
    const bool found = find_kind([&](const auto& row) {
        kind = row.kind;
        return row.name == name;
    });
    return found ? kind : throw "no such kind";
}

/// Calls f(std::type_identity<Layer>()) with the row's layer; false when no row is of that kind.
template <class F>
bool visit_layer(TensorKind kind, F&& f) {
    return find_kind([&]<class Layer>(const KindRow<Layer>& row) {
        if (row.kind == kind) f(std::type_identity<Layer>());
        return row.kind == kind;
    });
}

namespace detail {

template <class... Layers>
auto without_void(std::tuple<KindRow<Layers>...>) {
    return std::tuple_cat(std::conditional_t<std::is_void_v<Layers>, std::tuple<>,
                                             std::tuple<std::type_identity<Layers>>>()...);
}
template <class... Layers>
std::variant<Layers...> variant_of(std::tuple<std::type_identity<Layers>...>);

} // namespace detail

/// One of the list's layers.
using AnyLayer = decltype(detail::variant_of(detail::without_void(tensor_kinds)));

} // namespace bitnet::example
