// SPDX-License-Identifier: MIT
// See odr_unit.hpp. Compiled several times, with different flags and ODR_UNIT.
#include "odr_unit.hpp"

#include <algorithm>

namespace odr {
namespace {

template <class F>
const void* address(F* f) {
    return reinterpret_cast<const void*>(f);
}

} // namespace

Report ODR_UNIT(const Input& in, std::span<float> (&y)[4]) {
    using namespace bitnet;
    in.int8.forward(in.x, y[0], in.tokens, in.scratch);
    in.sign.forward(in.x, y[1], in.tokens, in.scratch);
    in.int8.forward<isa::dynamic>(in.x, y[2], in.tokens, in.scratch);
    in.sign.forward<isa::dynamic>(in.x, y[3], in.tokens, in.scratch);

    Report report;
    report.cluster = isa::cluster_of<isa::native>::name;
    report.flags = isa::flag_set;
    const auto made = Int8Layer::from_float(in.weights, in.int8.rows(), in.int8.cols());
    report.same_bytes = made && std::ranges::equal(made->bytes(), in.int8.bytes());
    const void* native[] = {
        address(&quantize_tokens<Int8, isa::native>),
        address(&quantize_tokens<SignNorm, isa::native>),
        address(&gemm<isa::native, Ternary, layout::Rows16, Int8>),
        address(&gemm_dots<isa::native, Binary, layout::Rows16, Sign>),
        address(&pack_into<Ternary, layout::Rows16, isa::native>),
        address(&absmean_scale<isa::native>),
    };
    const void* dynamic[] = {
        address(&quantize_tokens<Int8, isa::dynamic>),
        address(&gemm<isa::dynamic, Ternary, layout::Rows16, Int8>),
        address(&gemm_dots<isa::dynamic, Binary, layout::Rows16, Sign>),
    };
    std::copy(std::begin(native), std::end(native), report.functions);
    std::copy(std::begin(dynamic), std::end(dynamic), report.dynamic_functions);
    return report;
}

} // namespace odr
