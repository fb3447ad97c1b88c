// SPDX-License-Identifier: MIT
// The keys and values of all tokens, in floats or in codes of fewer bits, and attention over them.
#pragma once

#include "config.hpp"
#include "line_allocator.hpp"

#include <bitnet/tensor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// How keys and values are kept. Codes have a scale for each token and head.
enum class KvType { f32, f16, int8, int4, int2 };
inline constexpr KvType default_kv = KvType::f16; // costs nothing that perplexity shows

struct KvTypeName {
    std::string_view name;
    KvType type;
};
inline constexpr std::array<KvTypeName, 5> kv_types{{{"f32", KvType::f32},
                                                     {"f16", KvType::f16},
                                                     {"int8", KvType::int8},
                                                     {"int4", KvType::int4},
                                                     {"int2", KvType::int2}}};

class KvCache {
public:
    /// Room for `context` positions.
    KvCache(const Config& config, KvType type, std::size_t context);

    /// All that it allocates. The caps of Config keep it far below 2^64.
    static std::uint64_t bytes(const Config& config, KvType type, std::size_t context) noexcept;

    /// Positions that it has room for, and floats from one row of attend()'s scores to the next: an
    /// odd number of cache lines, so that neighbours, which are read side by side, do not meet in
    /// the same few sets of a cache.
    static constexpr std::size_t stride_of(std::size_t context) noexcept {
        return ((context + 15) / 16 | 1) * 16;
    }
    std::size_t stride() const noexcept { return stride_; }

    /// The tokens from `position` on: keys, values (tokens, head_dim). Calls for other heads may
    /// run at the same time.
    void store(std::size_t layer, std::size_t head, std::size_t position, Matrix<const float> keys,
               Matrix<const float> values) noexcept;

    /// q = softmax(q · keys / sqrt(head_dim)) · values, of tokens that follow each other: the last
    /// sees as many positions as scores has columns, each before it one less. What it does not see
    /// changes no bit.
    /// q (tokens, queries, head_dim) · scores (q.rows, positions >= tokens), written over
    void attend(std::size_t layer, std::size_t head, std::size_t tokens, Matrix<float> q,
                Matrix<float> scores) const noexcept;

private:
    template <class Rows>
    void store_rows(std::size_t cached, std::size_t position, Matrix<const float> keys,
                    Matrix<const float> values) noexcept;
    template <class Rows>
    void attend_rows(std::size_t cached, std::size_t tokens, Matrix<float> q,
                     Matrix<float> scores) const noexcept;

    KvType type_;
    std::size_t heads_, head_dim_, stride_;
    std::size_t key_bytes_, value_bytes_; // of a row

    // Keys are stored by position, values transposed. Both products of attention are then dots of
    // contiguous rows.
    Lines<std::byte> keys_;     // (layers, heads, stride) rows of head_dim
    Lines<std::byte> values_;   // (layers, heads, head_dim) rows of stride
    Lines<float> key_scales_;   // (layers, heads, stride)   of codes
    Lines<float> value_scales_; // (layers, heads, stride)
};

} // namespace bitnet::example
