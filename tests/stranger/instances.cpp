// SPDX-License-Identifier: MIT
// Compiled, never run: the headers in a file of someone else's, with whatever warnings he switches
// on. Every function that a cluster compiles, and the layers of every kind.
#include ALL_HEADERS

namespace {

using namespace bitnet;

const dispatch::Table& table = dispatch::compiled<isa::native>;

template <class Layer>
int uses(std::span<const std::int8_t> codes, std::span<const float> x, std::span<float> y,
         std::span<std::byte> scratch) {
    Result<Layer> made = Layer::from_codes(codes, y.size(), x.size(), x, y, 32);
    if (!made || !made->verify()) return static_cast<int>(made.error().code);
    const Layer layer = std::move(*made);
    Result<Layer> copy = Layer::from_packed(layer.bytes());
    copy = Layer::map_packed(layer.bytes());
    if constexpr (requires { Layer::from_float(x, 1, 1); }) copy = Layer::from_float(x, 1, 1, y);
    const auto q = layer.quantize(x, 1, scratch);
    layer.forward(q, y);
    forward(q, serial, Output{layer, Matrix<float>(y.data(), 1, y.size())});
    layer.forward(x, y, 1, scratch);
    layer.template forward<isa::dynamic>(x, y, 1, scratch);
    return layer.code(0, 0) + copy.value().code(0, 0);
}

template <class... P>
int use_all(type_list<P...>, std::span<const std::int8_t> codes, std::span<const float> x,
            std::span<float> y, std::span<std::byte> scratch) {
    const auto use = [&]<class Product>() {
        if constexpr (std::is_same_v<typename Product::Codes, Ternary>) {
            return 0;
        } else {
            return uses<BitLinear<typename Product::Weights, typename Product::Codes,
                                  typename Product::Layout>>(codes, x, y, scratch);
        }
    };
    return (use.template operator()<P>() + ...);
}

/// Packs every format in every layout that holds it, and back.
bool packs_all(std::span<const std::int8_t> codes, std::span<std::int8_t> out) {
    bool all = true;
    for_each_type(weight_formats{}, [&]<class Format>() {
        for_each_type(layouts{}, [&]<class L>() {
            if constexpr (L::template holds<Format>) {
                const auto packed = pack<Format, L>(codes, 2, 3);
                unpack(packed->view(), out);
                all = all && verify(packed->view()) && packed->view()(0, 0) == out[0];
            }
        });
    });
    return all;
}

} // namespace

bool stranger(std::span<const std::int8_t> codes, std::span<const float> x, std::span<float> y,
              std::span<std::byte> scratch);
bool stranger(std::span<const std::int8_t> codes, std::span<const float> x, std::span<float> y,
              std::span<std::byte> scratch) {
    const auto head = ScreenedHead::from_codes(codes, 2, 3, x, 1);
    Logit best[1];
    head->top(quantize<Int8>(Matrix<const float>(x.data(), 1, 3), scratch), best, scratch);
    softmax(y);
    std::int8_t out[6];
    if (!packs_all(codes, out)) return false;
    return use_all(products{}, codes, x, y, scratch) != 0 && head->verify() && !self_test() &&
           table.name != nullptr;
}
