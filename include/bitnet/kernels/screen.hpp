// SPDX-License-Identifier: MIT
// The two passes of a ScreenedHead over its rows; screened_head.hpp says what they are for.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/simd.hpp>

namespace BITNET_NAMESPACE {

namespace detail {
/// Columns whose low nibbles are in one line of 64 bytes: byte i holds columns i and 64 + i.
inline constexpr std::size_t nibble_cols = 128;
} // namespace detail

namespace functions {

/// Appends to rows those r of [row_begin, row_end), in order, for which
///   (float(16 dots[r] + (scales[r] < 0 ? low : high)) / a) * scales[r] >= least
/// and returns their number.
/// dots, scales: readable up to the next multiple of 16 · rows: room for row_end - row_begin
/// pre:   row_begin is a multiple of 16; no int32 sum overflows, no float is NaN or infinite
/// exact: yes; each operation rounds once, as in gemm()
struct RowsThatReach {
    BITNET_HIDDEN static constexpr const char* name = "rows_that_reach";
    template <class Isa>
    BITNET_HIDDEN static std::size_t
    run(const std::int32_t* dots, const float* scales, std::size_t row_begin, std::size_t row_end,
        std::int32_t high, std::int32_t low, float a, float least, std::uint32_t* rows) noexcept {
        using V = simd::f32x16<Isa>;
        using Ints = simd::i32x16<Isa>;
        const V divisor = V::set1(a), bound = V::set1(least);
        const Ints above = Ints::set1(high), more = Ints::set1(low) - above;
        std::size_t count = 0;
        for (std::size_t r = row_begin; r < row_end; r += V::size) {
            const V scale = V::load(scales + r);
            const Ints minus = scale.bits().template shift_right<31>();
            const Ints dot = Ints::load(dots + r).template shift_left<4>() + above + (more & minus);
            const V logit = (V::from(dot) / divisor) * scale;
            // The integers of floats above zero are above zero; those of -0 are not.
            std::uint32_t reach = ~less(Ints::set1(0), (bound - logit).bits()) & 0xffffu;
            if (row_end - r < V::size) reach &= (1u << (row_end - r)) - 1;
            for (std::uint32_t i = 0; reach != 0; ++i, reach >>= 1) {
                if (reach & 1) rows[count++] = static_cast<std::uint32_t>(r) + i;
            }
        }
        return count;
    }
};

/// dots[i] = sum over c of nibble(rows[i], c) * q[c], nibbles in [0, 15]
/// nibbles: rows of row_bytes, a multiple of 64, in lines of nibble_cols columns · q (2 row_bytes)
/// exact: yes: |dot| <= 15 * 128 * cols < 2^31 for cols < 2^20
struct NibbleDots {
    BITNET_HIDDEN static constexpr const char* name = "nibble_dots";
    template <class Isa>
    BITNET_HIDDEN static void run(const std::uint8_t* nibbles, std::size_t row_bytes,
                                  const std::int8_t* q, const std::uint32_t* rows,
                                  std::size_t count, std::int32_t* dots) noexcept {
        const auto* const x = reinterpret_cast<const std::uint8_t*>(q);
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint8_t* const row = nibbles + rows[i] * row_bytes;
            if constexpr (isa::is_scalar<Isa>) {
                std::int32_t sum = 0;
                for (std::size_t b = 0; b < row_bytes; ++b) {
                    const std::int8_t* const at = q + b / 64 * detail::nibble_cols + b % 64;
                    sum += (row[b] & 15) * at[0] + (row[b] >> 4) * at[64];
                }
                dots[i] = sum;
            } else {
                using ops = simd::ops<Isa>;
                using u32 = typename ops::u32;
                constexpr std::size_t wide = 4 * ops::lanes;
                const u32 four_bits(0x0f0f0f0fu);
                typename ops::i32 low(0), high(0);
                for (std::size_t b = 0; b < row_bytes; b += wide) {
                    const std::uint8_t* const at = x + b / 64 * detail::nibble_cols + b % 64;
                    const u32 both = ops::load(row + b);
                    low = ops::dot4(low, both & four_bits, ops::load(at));
                    high = ops::dot4(high, (both >> 4) & four_bits, ops::load(at + 64));
                }
                dots[i] = reduce_add(low + high);
            }
        }
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
