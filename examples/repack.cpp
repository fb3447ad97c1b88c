// SPDX-License-Identifier: MIT
// Weights that another program packed, two bits each and row by row: checked, and converted once
// into a layout that kernels read.
// prints: row-major 16 bytes, rows16 128; y = 4 -2.5
#include <bitnet/gemm.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/scales.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

using namespace bitnet;

int main() {
    constexpr std::size_t rows = 2, cols = 5;
    // Two bits hold w + 1, the lowest first; a row pads to 64 bits with w = 0, which is 01.
    const std::vector<std::uint8_t> bytes{0x5a, 0x56, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                          0x41, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
    const auto exchanged =
        PackedView<Ternary, layout::RowMajor>::make(std::as_bytes(std::span(bytes)), rows, cols);
    if (!exchanged || !verify(*exchanged)) return 1; // sizes; then codes and padding

    const auto rows16 = repack<layout::Rows16>(*exchanged);
    if (!rows16) return 1;

    // Weights that are no BitLinear run through gemm(), with the scales in its order.
    const std::vector<float> scale{0.5f};
    std::vector<float> scales(packed_scale_floats(scale.size(), rows, cols)), y(rows);
    const ScaleView view = pack_scales(scale, rows, cols, 0, scales).value();

    const std::vector<std::int8_t> x{1, 2, 3, 4, 5};
    std::vector<std::byte> memory(scratch_bytes<Int8>(1, cols));
    const auto quantized = quantized_from_codes<Int8>(x, 1, cols, {}, memory).value();
    gemm(rows16->view(), quantized, view, nullptr, Matrix<float>(y.data(), 1, rows), 0, rows);
    std::printf("row-major %zu bytes, rows16 %zu; y = %g %g\n", bytes.size(),
                rows16->bytes().size(), y[0], y[1]);
}
