// SPDX-License-Identifier: MIT
// Attention over a cache of every type, beside plain loops over what its codes are worth.
#include "kv_cache.hpp"

#include <bitnet/coded_rows.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "float_oracle.hpp"
#include "support.hpp"

using namespace bitnet;
using namespace bitnet::example;
using support::difference;

namespace {

struct Stored {
    std::vector<float> values; // without the scale
    float scale;
};

/// What a cache of a type makes of a head's key or value.
Stored stored(const std::vector<float>& x, KvType type) {
    if (type == KvType::f32) return {x, 1.0f};
    const unsigned bits = type == KvType::f16    ? 16
                          : type == KvType::int8 ? 8
                          : type == KvType::int4 ? 4
                                                 : 2;
    std::vector<std::uint16_t> u;
    Stored out{{}, 0};
    oracle::encode(x, bits, u, out.scale);
    for (const std::uint16_t code : u) {
        float value = static_cast<float>(code) - (bits == 8 ? 128.0f : bits == 4 ? 8.0f : 1.5f);
        if (bits == 16) halves_to_floats<isa::scalar>(&code, &value, 1);
        out.values.push_back(value);
    }
    return out;
}

struct KeptText {
    Config config;
    std::size_t tokens;
    std::vector<float> keys, values; // (tokens, kv_dim) of each layer

    KeptText(std::size_t head_dim, std::size_t tokens_) : tokens(tokens_) {
        config.layers = 2;
        config.heads = 6;
        config.kv_heads = 3;
        config.head_dim = head_dim;
        support::Random random(head_dim);
        keys = random.reals(config.layers * tokens * config.kv_dim(), 2.0f);
        values = random.reals(keys.size(), 5.0f);
    }
    Matrix<const float> of(const std::vector<float>& all, std::size_t layer, std::size_t head,
                           std::size_t first, std::size_t count) const {
        return {all.data() + (layer * tokens + first) * config.kv_dim() + head * config.head_dim,
                count, config.head_dim, config.kv_dim()};
    }
    void store(KvCache& cache, std::size_t first, std::size_t count) const {
        for (std::size_t layer = 0; layer < config.layers; ++layer) {
            for (std::size_t head = 0; head < config.kv_heads; ++head) {
                cache.store(layer, head, first, of(keys, layer, head, first, count),
                            of(values, layer, head, first, count));
            }
        }
    }
    /// Of tokens, the last of which sees `length` positions.
    std::vector<float> attend(const KvCache& cache, std::size_t layer, std::size_t head,
                              const std::vector<float>& q, std::size_t length,
                              std::size_t at_once = 1) const {
        const std::size_t queries = q.size() / config.head_dim;
        std::vector<float> scores(queries * cache.stride(), 77.0f), out = q;
        cache.attend(layer, head, at_once, {out.data(), queries, config.head_dim},
                     {scores.data(), queries, length, cache.stride()});
        return out;
    }
    std::vector<float> expected(KvType type, std::size_t layer, std::size_t head,
                                std::vector<float> q, std::size_t length) const {
        const auto shorten = [&](std::vector<float>& x) {
            if (type == KvType::f32) return;
            for (float& v : x) v = oracle::shortened(v);
        };
        shorten(q);
        const std::size_t n = config.head_dim;
        const float scale = 1.0f / std::sqrt(static_cast<float>(n));
        std::vector<Stored> k, v;
        for (std::size_t t = 0; t < length; ++t) {
            const float* const key = of(keys, layer, head, t, 1).data;
            const float* const value = of(values, layer, head, t, 1).data;
            k.push_back(stored({key, key + n}, type));
            v.push_back(stored({value, value + n}, type));
        }
        std::vector<float> out;
        for (std::size_t query = 0; query < q.size() / n; ++query) {
            std::vector<float> weights;
            for (const Stored& key : k) {
                const float dot = oracle::dot(q.data() + query * n, key.values.data(), n);
                weights.push_back(dot * (key.scale * scale));
            }
            weights = oracle::softmax(weights);
            for (std::size_t t = 0; t < length; ++t) weights[t] *= v[t].scale;
            shorten(weights);
            for (std::size_t i = 0; i < n; ++i) {
                std::vector<float> column;
                for (const Stored& value : v) column.push_back(value.values[i]);
                out.push_back(oracle::dot(weights.data(), column.data(), length));
            }
        }
        return out;
    }
};

} // namespace

TEST_CASE("attention is that of what the cache keeps", "[kv_cache]") {
    for (const KvTypeName& type : kv_types) {
        for (std::size_t head_dim : {2u, 32u, 80u, 128u}) {
            const KeptText text(head_dim, 70);
            const std::vector<float> q = support::Random(5).reals(2 * head_dim, 3.0f);
            // All at once, one by one, and in parts that end anywhere; over what was there before.
            for (std::size_t at_once : {70u, 1u, 13u}) {
                INFO(type.name << ", heads of " << head_dim << ", " << at_once << " at once");
                KvCache cache(text.config, type.type, 75);
                for (int round = 0; round < 2; ++round) {
                    for (std::size_t t = 0; t < text.tokens; t += at_once) {
                        text.store(cache, t, std::min(at_once, text.tokens - t));
                    }
                }
                for (std::size_t length : {1u, 15u, 16u, 33u, 70u}) {
                    for (std::size_t head = 0; head < text.config.kv_heads; ++head) {
                        REQUIRE(difference(text.attend(cache, 1, head, q, length),
                                           text.expected(type.type, 1, head, q, length)) == "");
                        if (length < 3) continue;
                        // Tokens together: each as alone.
                        std::vector<float> three, alone;
                        for (std::size_t t = 0; t < 3; ++t) {
                            const auto own = support::Random(t).reals(2 * head_dim, 3.0f);
                            three.insert(three.end(), own.begin(), own.end());
                            const auto y = text.expected(type.type, 1, head, own, length - 2 + t);
                            alone.insert(alone.end(), y.begin(), y.end());
                        }
                        REQUIRE(difference(text.attend(cache, 1, head, three, length, 3), alone) ==
                                "");
                    }
                }
            }
        }
    }
}

TEST_CASE("no number stays none", "[kv_cache]") {
    for (const KvTypeName& type : kv_types) {
        for (bool in_key : {true, false}) {
            KeptText text(32, 3);
            (in_key ? text.keys : text.values)[40] = std::nanf(""); // of the second head
            KvCache cache(text.config, type.type, 3);
            text.store(cache, 0, 3);
            const std::vector<float> q(32, 1.0f);
            INFO(type.name << (in_key ? ", key" : ", value"));
            CHECK(!std::isnan(text.attend(cache, 0, 0, q, 3)[8]));
            CHECK(std::isnan(text.attend(cache, 0, 1, q, 3)[8]));
        }
    }
}

TEST_CASE("a number that is none reaches no earlier token", "[kv_cache]") {
    for (const KvTypeName& type : kv_types) {
        for (const float wrong : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
            for (bool in_key : {true, false}) {
                INFO(type.name << (in_key ? ", key " : ", value ") << wrong);
                KeptText text(32, 3);
                (in_key ? text.keys : text.values)[2 * 3 * 32 + 8] = wrong; // of the last token
                KvCache cache(text.config, type.type, 3);
                text.store(cache, 0, 3);
                const std::vector<float> q = support::Random(6).reals(3 * 32, 3.0f);
                const std::vector<float> all = text.attend(cache, 0, 0, q, 3, 3);
                for (std::size_t t = 0; t < 3; ++t) {
                    const auto of_token = [&](const std::vector<float>& x) {
                        return std::vector<float>(x.data() + t * 32, x.data() + (t + 1) * 32);
                    };
                    const auto alone = text.attend(cache, 0, 0, of_token(q), t + 1);
                    CHECK(difference(of_token(all), alone) == "");
                    if (t < 2) CHECK(!std::isnan(alone[8]));
                }
            }
        }
    }
}

TEST_CASE("fewer bits take less memory", "[kv_cache]") {
    Config config;
    config.layers = 30;
    config.kv_heads = 5;
    config.head_dim = 128;
    const std::size_t context = 16384;
    double before = 0;
    for (const auto& [type, bits] : {std::pair{KvType::int2, 2},
                                     {KvType::int4, 4},
                                     {KvType::int8, 8},
                                     {KvType::f16, 16},
                                     {KvType::f32, 32}}) {
        const auto bytes = static_cast<double>(KvCache::bytes(config, type, context));
        const double values = 30.0 * 5 * 128 * 16384 * 2;
        CHECK(8 * bytes / values > bits);
        CHECK(8 * bytes / values < bits + 0.5); // the scales, and the ends of rows
        CHECK(bytes > before);
        before = bytes;
    }
}
