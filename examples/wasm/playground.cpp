// SPDX-License-Identifier: MIT
// A small matrix and a vector, quantized, and their product beside that of the floats.
#include "page.hpp"

#include "error.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet;
using example::UserError;

std::string integer(int value) {
    return std::to_string(value);
}

template <class Weights, class Activations>
void quantize(std::span<const float> weights, std::size_t rows, std::size_t cols,
              std::span<const float> x) {
    using Layer = BitLinear<Weights, Activations>;
    const auto made = Layer::from_float(weights, rows, cols);
    if (!made) throw UserError("the matrix: " + std::string(made.error().message()));
    const Layer& layer = *made;
    std::vector<std::byte> scratch(layer.scratch_bytes(1));
    const auto q = layer.template quantize<isa::dynamic>(x, 1, scratch);
    std::vector<float> y(rows);
    std::vector<std::int32_t> dots(rows);
    layer.template forward<isa::dynamic>(q, y);
    layer.template dots<isa::dynamic>(q, dots);

    std::vector<int> codes, x_codes;
    std::vector<float> exact;
    for (std::size_t c = 0; c < cols; ++c) x_codes.push_back(q(0, c));
    for (std::size_t r = 0; r < rows; ++r) {
        double sum = 0;
        for (std::size_t c = 0; c < cols; ++c) {
            codes.push_back(layer.code(r, c));
            sum += static_cast<double>(weights[r * cols + c]) * static_cast<double>(x[c]);
        }
        exact.push_back(static_cast<float>(sum));
    }
    // What one code of a token is worth: Int8 keeps the inverse.
    const float x_scale = Activations::codes::scale_divides ? 1.0f / q.scales[0] : q.scales[0];
    page::text() =
        "{\"codes\":" + page::list(codes, integer) + ",\"scale\":" + page::number(layer.scale(0)) +
        ",\"x_codes\":" + page::list(x_codes, integer) + ",\"x_scale\":" + page::number(x_scale) +
        ",\"dots\":" + page::list(dots, integer) + ",\"y\":" + page::list(y, page::number) +
        ",\"exact\":" + page::list(exact, page::number) + "}";
}

} // namespace

int page_quantize(const char* formats, const float* weights, unsigned rows, unsigned cols,
                  const float* x) {
    return page::guarded([&] {
        const std::span<const float> w(weights, std::size_t{rows} * cols), v(x, cols);
        for (const float value : v) {
            if (!detail::is_finite(value)) throw UserError("the vector has a number that is none");
        }
        const std::string_view name = formats;
        if (name == "ternary-int8") {
            quantize<Ternary, Int8>(w, rows, cols, v);
        } else if (name == "binary-int8") {
            quantize<Binary, Int8>(w, rows, cols, v);
        } else if (name == "ternary-signnorm") {
            quantize<Ternary, SignNorm>(w, rows, cols, v);
        } else if (name == "binary-signmean") {
            quantize<Binary, SignMean>(w, rows, cols, v);
        } else if (name == "int4-int8") {
            quantize<Int4, Int8>(w, rows, cols, v);
        } else {
            throw UserError("no formats are named " + std::string(name));
        }
        return 1;
    });
}
