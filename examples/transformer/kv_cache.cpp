// SPDX-License-Identifier: MIT
// Where a row is, and what goes into it.
#include "kv_cache.hpp"

#include <bitnet/activation.hpp>
#include <bitnet/coded_rows.hpp>
#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

namespace bitnet::example {
namespace {

using Isa = isa::dynamic;

// Rows of floats, in the place of codes.
struct FloatRows {
    static constexpr std::size_t row_bytes(std::size_t cols) noexcept {
        return cols * sizeof(float);
    }
};

template <class Rows>
constexpr bool has_scales = true;
template <>
constexpr bool has_scales<FloatRows> = false;

// f of the rows of a type.
template <class F>
auto with_rows(KvType type, F&& f) {
    switch (type) {
    case KvType::f16:
        return f.template operator()<HalfRows>();
    case KvType::int8:
        return f.template operator()<Int8Rows>();
    case KvType::int4:
        return f.template operator()<Int4Rows>();
    case KvType::int2:
        return f.template operator()<Int2Rows>();
    case KvType::f32:
        break;
    }
    return f.template operator()<FloatRows>();
}

struct Sizes {
    std::size_t key, value; // bytes of a row
    std::uint64_t keys, values, scales;
};

Sizes sizes_of(const Config& c, KvType type, std::size_t context) noexcept {
    const std::size_t stride = KvCache::stride_of(context);
    const std::uint64_t heads = std::uint64_t{c.layers} * c.kv_heads;
    return with_rows(type, [&]<class Rows>() {
        const std::size_t key = Rows::row_bytes(c.head_dim);
        // Whole lines, and of them an odd number, as in stride_of().
        const std::size_t value = (Rows::row_bytes(stride) + 63) / 64 | 1;
        return Sizes{key, value * 64, heads * stride * key, heads * c.head_dim * value * 64,
                     has_scales<Rows> ? heads * stride : 0};
    });
}

const float* floats(const std::byte* row) noexcept {
    return static_cast<const float*>(static_cast<const void*>(row));
}
std::uint8_t* codes(std::byte* row) noexcept {
    return static_cast<std::uint8_t*>(static_cast<void*>(row));
}

// Of codes, a is rounded to short floats.
template <class Rows>
void dots_of(Matrix<float> a, const std::byte* b, std::size_t stride, Matrix<float> y) {
    if constexpr (has_scales<Rows>) {
        const auto* const data = static_cast<const std::uint8_t*>(static_cast<const void*>(b));
        dots<Rows, Isa>(shorten<Isa>(a), CodedRows<Rows>{data, y.cols, a.cols, stride}, y);
    } else {
        dots<Isa>(Matrix<const float>(a),
                  Matrix<const float>(floats(b), y.cols, a.cols, stride / sizeof(float)), y);
    }
}

} // namespace

std::uint64_t KvCache::bytes(const Config& config, KvType type, std::size_t context) noexcept {
    const Sizes sizes = sizes_of(config, type, context);
    return sizes.keys + sizes.values + 2 * sizes.scales * sizeof(float);
}

KvCache::KvCache(const Config& config, KvType type, std::size_t context)
    : type_(type), heads_(config.kv_heads), head_dim_(config.head_dim),
      stride_(stride_of(context)) {
    const Sizes sizes = sizes_of(config, type, context);
    key_bytes_ = sizes.key;
    value_bytes_ = sizes.value;
    keys_.resize(static_cast<std::size_t>(sizes.keys));
    values_.resize(static_cast<std::size_t>(sizes.values));
    key_scales_.resize(static_cast<std::size_t>(sizes.scales));
    value_scales_.resize(static_cast<std::size_t>(sizes.scales));
}

void KvCache::store(std::size_t layer, std::size_t head, std::size_t position,
                    Matrix<const float> keys, Matrix<const float> values) noexcept {
    with_rows(type_, [&]<class Rows>() {
        store_rows<Rows>(layer * heads_ + head, position, keys, values);
    });
}

void KvCache::attend(std::size_t layer, std::size_t head, std::size_t tokens, Matrix<float> q,
                     Matrix<float> scores) const noexcept {
    with_rows(type_,
              [&]<class Rows>() { attend_rows<Rows>(layer * heads_ + head, tokens, q, scores); });
}

template <class Rows>
void KvCache::store_rows(std::size_t cached, std::size_t position, Matrix<const float> keys,
                         Matrix<const float> values) noexcept {
    std::byte* const key_rows = keys_.data() + (cached * stride_ + position) * key_bytes_;
    std::byte* const value_rows = values_.data() + cached * head_dim_ * value_bytes_;
    if constexpr (!has_scales<Rows>) {
        for (std::size_t t = 0; t < keys.rows; ++t) {
            std::memcpy(key_rows + t * key_bytes_, keys.row(t), head_dim_ * sizeof(float));
        }
        for (std::size_t i = 0; i < head_dim_; ++i) { // whole lines of a row at a time
            std::byte* const to = value_rows + i * value_bytes_ + position * sizeof(float);
            for (std::size_t t = 0; t < values.rows; ++t) {
                std::memcpy(to + t * sizeof(float), values.row(t) + i, sizeof(float));
            }
        }
    } else {
        std::array<std::uint16_t, Config::max_head_dim> u;
        const std::span<std::uint16_t> head_codes(u.data(), head_dim_);
        float* const key_scales = key_scales_.data() + cached * stride_ + position;
        float* const value_scales = value_scales_.data() + cached * stride_ + position;
        for (std::size_t t = 0; t < keys.rows; ++t) {
            key_scales[t] = encode_values<Rows, Isa>({keys.row(t), head_dim_}, head_codes);
            std::uint8_t* const key = codes(key_rows + t * key_bytes_);
            for (std::size_t i = 0; i < head_dim_; ++i) Rows::store(key, i, u[i]);

            value_scales[t] = encode_values<Rows, Isa>({values.row(t), head_dim_}, head_codes);
            for (std::size_t i = 0; i < head_dim_; ++i) {
                Rows::store(codes(value_rows + i * value_bytes_), position + t, u[i]);
            }
        }
    }
}

template <class Rows>
void KvCache::attend_rows(std::size_t cached, std::size_t tokens, Matrix<float> q,
                          Matrix<float> scores) const noexcept {
    const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim_));
    const float *key_scales = nullptr, *value_scales = nullptr;
    if constexpr (has_scales<Rows>) {
        key_scales = key_scales_.data() + cached * stride_;
        value_scales = value_scales_.data() + cached * stride_;
    }

    dots_of<Rows>(q, keys_.data() + cached * stride_ * key_bytes_, key_bytes_, scores);
    const std::size_t queries = q.rows / tokens; // of a token
    for (std::size_t r = 0; r < scores.rows; ++r) {
        const std::size_t later = tokens - 1 - r / queries; // tokens, which this one does not see
        const std::span<float> all(scores.row(r), scores.cols);
        const std::span<float> row = all.first(all.size() - later);
        if constexpr (has_scales<Rows>) {
            for (std::size_t t = 0; t < row.size(); ++t) row[t] *= key_scales[t] * scale;
        } else {
            for (float& score : row) score *= scale;
        }
        softmax<Isa>(row);
        if constexpr (has_scales<Rows>) {
            for (std::size_t t = 0; t < row.size(); ++t) row[t] *= value_scales[t];
            std::fill(row.end(), all.end(), 0.0f); // zeros change no sum
        }
    }

    const std::byte* const values = values_.data() + cached * head_dim_ * value_bytes_;
    if constexpr (has_scales<Rows>) {
        dots_of<Rows>(scores, values, value_bytes_, q);
    } else { // a value may be NaN, which no zero takes away
        for (std::size_t t = 0; t < tokens; ++t) {
            const std::size_t length = scores.cols - (tokens - 1 - t);
            dots_of<Rows>({scores.row(t * queries), queries, length, scores.stride}, values,
                          value_bytes_, {q.row(t * queries), queries, q.cols, q.stride});
        }
    }
}

} // namespace bitnet::example
