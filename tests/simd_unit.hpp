// SPDX-License-Identifier: MIT
// The primitives of one cluster as plain functions, so that one program can try all clusters. Each
// cluster's table is defined in simd_unit.cpp, compiled with that cluster's flags.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/isa.hpp>

namespace simd_test {

/// simd::ops: registers of `lanes` 32-bit lanes. All nullptr on scalar, which has no registers.
struct Registers {
    std::size_t lanes = 0, registers = 0;
    std::size_t sums_words = 0; ///< int32 that a DotSums takes
    void (*load)(const std::uint8_t* p, std::uint32_t* out) = nullptr;
    void (*broadcast)(const std::uint8_t* p, std::uint32_t* out) = nullptr;
    void (*where_equal)(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* mask,
                        std::uint32_t* out) = nullptr;
    void (*dot4)(std::int32_t* sum, const std::uint8_t* codes, const std::uint8_t* x) = nullptr;
    std::size_t (*dot4_calls)(std::size_t largest) = nullptr;
    void (*add_dot4)(std::int32_t* sums, const std::uint8_t* codes,
                     const std::uint8_t* x) = nullptr;
    void (*dot4_sum)(std::int32_t* sums) = nullptr;
    void (*dot4_wide)(std::int32_t* sum, const std::uint8_t* codes,
                      const std::uint8_t* x) = nullptr;
    void (*trits)(const std::uint8_t* line, std::uint32_t* codes) = nullptr; // 5 x lanes
    std::size_t popcount_calls = 0;
    void (*add_popcount)(std::int32_t* counts, const std::uint8_t* v) = nullptr;
    void (*popcount)(std::int32_t* counts) = nullptr;
    void (*store_bytes)(std::int8_t* p, const std::int32_t* v) = nullptr;
    void (*load_bytes)(const std::uint8_t* p, std::uint32_t* out) = nullptr;
    void (*load_halves)(const std::uint16_t* p, float* out) = nullptr;
    void (*store_halves)(std::uint16_t* p, const float* v) = nullptr;
    void (*load_first)(const float* p, std::size_t n, float* out) = nullptr;
    void (*add_exact_product)(const float* s, const float* x, const float* w, float* out) = nullptr;
    void (*fold_pair)(const float* a, const float* b, float* out) = nullptr;
};

/// What simd::ops may have besides, nullptr where a cluster has no order of its own.
struct Orders {
    void (*add_dot_at)(std::int32_t* sum, const std::uint8_t* codes,
                       const std::uint8_t* x) = nullptr;
    void (*add_two_dots)(std::int32_t* a, const std::uint8_t* codes, const std::uint8_t* x,
                         std::int32_t* b, const std::uint8_t* more,
                         const std::uint8_t* y) = nullptr;
    void (*add_four_popcounts)(std::int32_t* counts, const std::uint8_t* v) = nullptr; // 4 x lanes
    /// LineSums of codes of one bit and of two: `calls` registers of a line, one after the other.
    struct LineDots {
        std::size_t calls = 0; ///< at most
        void (*run)(const std::uint8_t* registers, std::size_t calls, const std::uint8_t* x,
                    std::int32_t* sums) = nullptr;
    } line_dots[2];
    /// PanelSums: codes (words, 64), which it changes, x (words, 8) words, dots (8, 16).
    void (*panel_dots)(std::uint8_t* codes, const std::uint8_t* x, std::size_t words,
                       std::int32_t* dots) = nullptr;
};

/// simd::f32x16: sixteen floats.
struct Floats {
    void (*set1)(float x, float* y);
    void (*load_first)(const float* p, std::size_t n, float* y);
    void (*store_first)(const float* x, float* p, std::size_t n);
    void (*add)(const float* a, const float* b, float* y);
    void (*subtract)(const float* a, const float* b, float* y);
    void (*multiply)(const float* a, const float* b, float* y);
    void (*divide)(const float* a, const float* b, float* y);
    void (*multiply_add)(const float* a, const float* b, const float* c, float* y); // a * b + c
    void (*from)(const std::int32_t* a, float* y);
    void (*nearest)(const float* a, std::int32_t* y);
    void (*bits)(const float* a, std::int32_t* y);
    void (*from_bits)(const std::int32_t* a, float* y);
    void (*abs)(const float* a, float* y);
    float (*fold)(const float* a);
    void (*butterfly[4])(const float* a, float* y); // of lanes 1, 2, 4, 8 apart
};

/// simd::i32x16: sixteen int32.
struct Ints {
    void (*set1)(std::int32_t x, std::int32_t* y);
    void (*store_bytes)(const std::int32_t* a, std::int8_t* p);
    void (*add)(const std::int32_t* a, const std::int32_t* b, std::int32_t* y);
    void (*subtract)(const std::int32_t* a, const std::int32_t* b, std::int32_t* y);
    void (*bit_and)(const std::int32_t* a, const std::int32_t* b, std::int32_t* y);
    void (*bit_or)(const std::int32_t* a, const std::int32_t* b, std::int32_t* y);
    void (*shift_right_5)(const std::int32_t* a, std::int32_t* y);
    void (*shift_left_5)(const std::int32_t* a, std::int32_t* y);
    void (*max)(const std::int32_t* a, const std::int32_t* b, std::int32_t* y);
    std::uint32_t (*negative)(const std::int32_t* a);
    std::uint32_t (*less)(const std::int32_t* a, const std::int32_t* b);
    std::int32_t (*sum)(const std::int32_t* a);
    std::int32_t (*maximum)(const std::int32_t* a);
};

struct Primitives {
    Registers registers;
    Orders orders;
    Floats floats;
    Ints ints;
};

/// Instantiated once per cluster, in simd_unit.cpp.
template <class Cluster>
const Primitives& primitives_of();

} // namespace simd_test
