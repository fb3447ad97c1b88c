// SPDX-License-Identifier: MIT
// See odr_unit.hpp. Compiled several times, with different flags and ODR_UNIT.
#include "odr_unit.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/screened_head.hpp>

#include <algorithm>

namespace odr {
namespace {

template <class F>
const void* address(F* f) {
    return reinterpret_cast<const void*>(f);
}

bool finds_the_largest() {
    using namespace bitnet;
    const std::int8_t codes[] = {1, -2, 3, 7, -8, 9};
    const float scales[] = {1.0f, 2.0f}, x[] = {1.0f, -1.0f, 0.5f};
    const auto head = ScreenedHead::from_codes(codes, 2, 3, scales, 1);
    std::byte memory[1024], scratch[1024];
    if (!head || !head->verify() || head->scratch_bytes() > sizeof scratch) return false;
    const auto q = quantize<Int8>(Matrix<const float>(x, 1, 3), memory);
    Logit best[1], dynamic[1];
    float y[2];
    head->top(q, best, scratch);
    head->top<isa::dynamic>(q, dynamic, scratch);
    head->forward(q, y, scratch);
    return best[0].row == 1 && dynamic[0].row == 1 && best[0].value == y[1] &&
           dynamic[0].value == y[1] && ScreenedHead::map_packed(head->bytes());
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
    report.same_bytes = report.same_bytes && finds_the_largest();
    const void* native[] = {
        address(&functions::Quantize<Int8>::run<isa::native>),
        address(&functions::Quantize<SignNorm>::run<isa::native>),
        address(&gemm<isa::native, Ternary, Int8, layout::Rows16>),
        address(&gemm_dots<isa::native, Binary, Sign, layout::Rows16>),
        address(&pack_into<Ternary, layout::Rows16, isa::native>),
        address(&quantize_weights<Ternary, isa::native>),
    };
    const void* dynamic[] = {
        address(&quantize_weights<Ternary, isa::dynamic>),
        address(&gemm<isa::dynamic, Ternary, Int8, layout::Rows16>),
        address(&gemm_dots<isa::dynamic, Binary, Sign, layout::Rows16>),
    };
    std::copy(std::begin(native), std::end(native), report.functions);
    std::copy(std::begin(dynamic), std::end(dynamic), report.dynamic_functions);
    return report;
}

} // namespace odr
