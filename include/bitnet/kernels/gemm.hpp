// SPDX-License-Identifier: MIT
// The products of gemm.hpp, which has their contracts. P is a Product, see products.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/kernels/epilogue.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE::functions {

template <class P>
struct GemmDots {
    BITNET_HIDDEN static constexpr const char* name = P::name;
    template <class Isa>
    BITNET_HIDDEN static void run(PackedView<typename P::Weights, typename P::Layout> weights,
                                  Quantized<typename P::Codes> x, Matrix<std::int32_t> y,
                                  std::size_t row_begin, std::size_t row_end) noexcept {
        kernels::compute<Isa>(weights, x, kernels::IntEpilogue<Isa>{},
                              kernels::OutputRows<std::int32_t>{y, row_begin, row_end});
    }
};

template <class P>
struct Gemm {
    BITNET_HIDDEN static constexpr const char* name = P::name;
    template <class Isa>
    BITNET_HIDDEN static void run(PackedView<typename P::Weights, typename P::Layout> weights,
                                  Quantized<typename P::Codes> x, ScaleView scales,
                                  const float* bias, Matrix<float> y, std::size_t row_begin,
                                  std::size_t row_end) noexcept {
        kernels::compute<Isa>(
            weights, x, kernels::FloatEpilogue<typename P::Codes, Isa>{x.scales, scales, bias},
            kernels::OutputRows<float>{y, row_begin, row_end});
    }
};

} // namespace BITNET_NAMESPACE::functions
