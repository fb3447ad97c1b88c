// SPDX-License-Identifier: MIT
// oneDNN primitives, made once per shape and kept: making one costs a thousand times more than
// running it.
#include "matmul.hpp"

#include <dnnl.hpp>

#include <array>
#include <map>
#include <type_traits>
#include <utility>

namespace bitnet::train {
namespace {

struct Primitive {
    dnnl::matmul run;
    dnnl::memory a, b, c, scratch;
};

using Key = std::array<std::size_t, 5>;

constexpr dnnl::memory::data_type type =
    std::is_same_v<operand, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;

} // namespace

struct Matmul::Cache {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    std::map<Key, Primitive> made;

    Primitive& find(Transposed ta, Transposed tb, std::size_t m, std::size_t n, std::size_t k) {
        const Key key{static_cast<std::size_t>(ta), static_cast<std::size_t>(tb), m, n, k};
        if (const auto it = made.find(key); it != made.end()) return it->second;
        using Dims = dnnl::memory::dims;
        const auto M = static_cast<dnnl::memory::dim>(m);
        const auto N = static_cast<dnnl::memory::dim>(n);
        const auto K = static_cast<dnnl::memory::dim>(k);
        const dnnl::memory::desc a(Dims{M, K}, type,
                                   ta == Transposed::yes ? Dims{1, M} : Dims{K, 1});
        const dnnl::memory::desc b(Dims{K, N}, type,
                                   tb == Transposed::yes ? Dims{1, K} : Dims{N, 1});
        const dnnl::memory::desc c(Dims{M, N}, dnnl::memory::data_type::f32, Dims{N, 1});
        dnnl::primitive_attr attributes;
        // The library's own scratchpad is shared between primitives and must not be used by two
        // threads.
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        const dnnl::matmul::primitive_desc description({a, b, c}, attributes, engine);
        Primitive primitive{dnnl::matmul(description), dnnl::memory(a, engine, nullptr),
                            dnnl::memory(b, engine, nullptr), dnnl::memory(c, engine, nullptr),
                            dnnl::memory(description.scratchpad_desc(), engine)};
        return made.emplace(key, std::move(primitive)).first->second;
    }
};

Matmul::Matmul() : cache_(std::make_unique<Cache>()) {}
Matmul::~Matmul() = default;

void Matmul::operator()(const operand* a, Transposed ta, const operand* b, Transposed tb, float* c,
                        std::size_t m, std::size_t n, std::size_t k) {
    Primitive& p = cache_->find(ta, tb, m, n, k);
    // oneDNN only reads its sources; its handle type has no const.
    p.a.set_data_handle(const_cast<operand*>(a));
    p.b.set_data_handle(const_cast<operand*>(b));
    p.c.set_data_handle(c);
    p.run.execute(cache_->stream, {{DNNL_ARG_SRC, p.a},
                                   {DNNL_ARG_WEIGHTS, p.b},
                                   {DNNL_ARG_DST, p.c},
                                   {DNNL_ARG_SCRATCHPAD, p.scratch}});
}

} // namespace bitnet::train
