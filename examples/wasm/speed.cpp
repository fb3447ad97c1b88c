// SPDX-License-Identifier: MIT
// How fast this engine runs a product, once its result has been found right.
#include "page.hpp"

#include "error.hpp"
#include "stopwatch.hpp"

#include <bitnet/bitlinear.hpp>
#include <bitnet/dispatch.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet;
using example::UserError;

/// Numbers that look random and are the same each time: a linear congruential generator.
struct Random {
    std::uint32_t state = 1;
    std::size_t below(std::size_t n) {
        state = state * 1664525u + 1013904223u;
        return (state >> 8) % n;
    }
};

template <class P>
double gop_per_second(const dispatch::Table& table, std::size_t size, std::size_t tokens,
                      double seconds) {
    using Weights = typename P::Weights;
    using Codes = typename P::Codes;
    Random random;
    std::vector<std::int8_t> w(size * size), x(tokens * size);
    for (auto& code : w) {
        code = static_cast<std::int8_t>(Weights::code(random.below(Weights::count)));
    }
    for (auto& code : x) code = static_cast<std::int8_t>(Codes::code(random.below(Codes::count)));
    const float one = 1.0f;
    using Layer = BitLinear<Weights, Codes, typename P::Layout>;
    const Layer layer = Layer::from_codes(w, size, size, {&one, 1}).value();
    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
    const auto q = quantized_from_codes<Codes>(x, tokens, size, {}, scratch).value();
    std::vector<float> y(tokens * size);
    const auto multiply = [&] {
        table.get<functions::Gemm<P>>()(layer.weights(), q, layer.scales(), nullptr,
                                        Matrix<float>(y.data(), tokens, size), 0, size);
    };
    multiply();
    for (std::size_t t = 0; t<tokens; t += tokens> 1 ? tokens - 1 : 1) { // the first, the last
        for (std::size_t r = 0; r < size; ++r) {
            std::int32_t dot = 0;
            for (std::size_t c = 0; c < size; ++c) dot += w[r * size + c] * x[t * size + c];
            if (y[t * size + r] != static_cast<float>(dot)) {
                throw UserError("a product on " + std::string(table.name) + " is wrong");
            }
        }
    }
    const example::Stopwatch watch;
    std::size_t times = 0;
    double passed = 0;
    do {
        multiply();
        ++times;
        passed = watch.seconds();
    } while (passed < seconds);
    return 2e-9 * static_cast<double>(size) * static_cast<double>(size) *
           static_cast<double>(tokens) * static_cast<double>(times) / passed;
}

/// The product of that name, "w158a8" say, among all that the library has.
template <class... P>
double find_product(type_list<P...>, std::string_view name, const dispatch::Table& table,
                    std::size_t size, std::size_t tokens, double seconds) {
    double speed = -1;
    ((name == P::name ? void(speed = gop_per_second<P>(table, size, tokens, seconds)) : void()),
     ...);
    if (speed < 0) throw UserError("no product is named " + std::string(name));
    return speed;
}

} // namespace

int page_speed(const char* product, const char* cluster, unsigned size, unsigned tokens,
               double milliseconds) {
    return page::guarded([&] {
        const dispatch::Table* const table = dispatch::find(cluster);
        if (!table) throw UserError("no cluster is named " + std::string(cluster));
        char digits[32];
        std::snprintf(digits, sizeof digits, "%.4g",
                      find_product(products{}, product, *table, size, tokens, milliseconds / 1000));
        page::text() = digits;
        return 1;
    });
}
