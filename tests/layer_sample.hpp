// SPDX-License-Identifier: MIT
// A random layer of any kind, its oracle and its input, for the tests of bitlinear.hpp.
#pragma once

#include <bitnet/dispatch.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "oracle.hpp"
#include "support.hpp"

namespace support {

/// Random weights, in the oracle's form, and tokens for them; of no format, so that it is compiled
/// once for all kinds.
struct Case {
    std::size_t rows, cols, tokens;
    oracle::Rule rule;
    oracle::Weights weights;
    std::vector<float> x;

    /// codes: draws so many
    Case(std::size_t r, std::size_t c, std::size_t t, std::size_t scales, bool bias,
         std::size_t group, std::uint64_t seed, oracle::Rule activations,
         std::vector<std::int8_t> (Random::*codes)(std::size_t))
        : rows(r), cols(c), tokens(t), rule(activations) {
        Random random(seed);
        weights = {r, c, group, (random.*codes)(r * c), random.reals(scales), {}};
        if (bias) weights.bias = random.reals(r);
        x = Random(seed + 1).reals(t * c, 3.0f);
    }
    oracle::Tokens quantized() const { return oracle::quantize(rule, x, tokens, cols); }
    std::vector<float> expected() const { return oracle::forward(weights, quantized()); }

    std::string text() const {
        return std::string(bitnet::dispatch::name()) + ": " + std::to_string(rows) + " rows, " +
               std::to_string(cols) + " columns, " + std::to_string(tokens) + " tokens, group " +
               std::to_string(weights.group);
    }
    void require(const std::vector<float>& y, const std::vector<float>& wanted) const {
        INFO(text());
        REQUIRE(difference(y, wanted) == "");
    }
};

/// The same as a layer of a kind.
template <class K>
struct Sample : Case {
    using Layer = typename K::Layer;
    Layer layer;

    Sample(std::size_t r, std::size_t c, std::size_t t, std::size_t scales, bool bias,
           std::size_t group = 0, std::uint64_t seed = 30)
        : Case(r, c, t, scales, bias, group, seed, rule_of<typename K::Activations>(),
               &Random::codes<typename K::Weights>),
          layer(
              Layer::from_codes(weights.codes, r, c, weights.scales, weights.bias, group).value()) {
    }
};

} // namespace support
