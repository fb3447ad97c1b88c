// SPDX-License-Identifier: MIT
// The formats and loops of coded_rows.hpp, which has their contracts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/dot_tile.hpp>
#include <bitnet/kernels/math.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/text.hpp>
#include <bitnet/type_list.hpp>

namespace BITNET_NAMESPACE {

/// A row of codes u of Bits bits, of values u - zero. Sixteen bytes hold 128 / Bits columns: byte i
/// those of columns i, i + 16, i + 32 ... from its low bits on.
template <unsigned Bits>
struct IntegerRows {
    static constexpr unsigned bits = Bits;
    /// Steps from 0 to the largest magnitude. Two bits reach 1.5: what is larger becomes that.
    static constexpr float limit = Bits == 2 ? 2.125f : (1 << (Bits - 1)) - 1;
    static constexpr float zero = Bits == 2 ? 1.5f : 1 << (Bits - 1);
    static constexpr std::int32_t most = (1 << Bits) - 1; // of u
    static constexpr std::size_t columns_per_block = 128 / Bits;

    /// Bytes of a row: whole blocks, since dots read these.
    static BITNET_INLINE constexpr std::size_t row_bytes(std::size_t cols) noexcept {
        return (cols + columns_per_block - 1) / columns_per_block * 16;
    }
    /// Writes a byte that other columns share: one thread a row. pre: u <= most
    static BITNET_INLINE void store(std::uint8_t* row, std::size_t col, std::uint16_t u) noexcept {
        std::uint8_t& byte = row[byte_of(col)];
        byte = static_cast<std::uint8_t>((byte & ~(most << shift_of(col))) | u << shift_of(col));
    }
    /// u - zero
    static BITNET_INLINE float value(const std::uint8_t* row, std::size_t col) noexcept {
        return static_cast<float>(row[byte_of(col)] >> shift_of(col) & most) - zero;
    }

private:
    static BITNET_INLINE constexpr std::size_t byte_of(std::size_t col) noexcept {
        return col / columns_per_block * 16 + col % 16;
    }
    static BITNET_INLINE constexpr unsigned shift_of(std::size_t col) noexcept {
        return static_cast<unsigned>(col % columns_per_block / 16) * Bits;
    }
};

/// Codes of 1 .. 255, 1 .. 15 and 0 .. 3.
struct Int8Rows : IntegerRows<8> {
    BITNET_HIDDEN static constexpr const char* name = "int8";
};
struct Int4Rows : IntegerRows<4> {
    BITNET_HIDDEN static constexpr const char* name = "int4";
};
struct Int2Rows : IntegerRows<2> {
    BITNET_HIDDEN static constexpr const char* name = "int2";
};

/// A row of IEEE 754 halves, all finite.
struct HalfRows {
    BITNET_HIDDEN static constexpr const char* name = "f16";
    static constexpr unsigned bits = 16;

    static BITNET_INLINE constexpr std::size_t row_bytes(std::size_t cols) noexcept {
        return (cols + 15) / 16 * 32;
    }
    static BITNET_INLINE void store(std::uint8_t* row, std::size_t col, std::uint16_t u) noexcept {
        std::memcpy(row + 2 * col, &u, 2);
    }
    static BITNET_INLINE float value(const std::uint8_t* row, std::size_t col) noexcept {
        std::uint16_t half;
        std::memcpy(&half, row + 2 * col, 2);
        return simd::float_of_half(half);
    }
};

using row_codes = type_list<HalfRows, Int8Rows, Int4Rows, Int2Rows>;

/// Rows of codes that somebody else owns; row r starts at data + r * stride (in bytes).
/// pre: stride >= Codes::row_bytes(cols); all these bytes can be read, and all halves in them are
///      finite: zeros beyond the last column, say
template <class Codes>
struct CodedRows {
    const std::uint8_t* data = nullptr;
    std::size_t rows = 0, cols = 0, stride = 0;

    BITNET_INLINE constexpr const std::uint8_t* row(std::size_t r) const noexcept {
        return data + r * stride;
    }
};

namespace detail {

/// A power of two, given by its exponent in [-126, 127].
BITNET_INLINE float power_of_two(int exponent) noexcept {
    return float_of((exponent + 127) << 23);
}

template <class Isa, class Codes>
BITNET_INLINE float encode_integers(const float* x, std::size_t n, float m,
                                    std::uint16_t* u) noexcept {
    using V = simd::f32x16<Isa>;
    const bool is_zero = m < 0x1p-100f;
    const V factor = V::set1(is_zero ? 0.0f : simd::divide(Codes::limit, m));
    const V zero = V::set1(Codes::zero);
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        std::int32_t lane[V::size];
        (simd::load_chunk<Isa>(x + i, k) * factor + zero).nearest().store(lane);
        for (std::size_t j = 0; j < k; ++j) {
            const std::int32_t least = lane[j] < 0 ? 0 : lane[j];
            u[i + j] = static_cast<std::uint16_t>(least > Codes::most ? Codes::most : least);
        }
    });
    return is_zero ? 0.0f : simd::divide(m, Codes::limit);
}

template <class Isa>
BITNET_INLINE float encode_halves(const float* x, std::size_t n, float m,
                                  std::uint16_t* u) noexcept {
    using V = simd::f32x16<Isa>;
    const int exponent = (bits_of(m) >> 23) - 127;
    const int shift = exponent < 15 ? 0 : exponent - 14;
    const V factor = V::set1(power_of_two(-shift));
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        std::uint16_t halves[V::size];
        (simd::load_chunk<Isa>(x + i, k) * factor).store_halves(halves);
        if (k == V::size) { // a size that compilers know
            std::memcpy(u + i, halves, sizeof halves);
        } else {
            std::memcpy(u + i, halves, k * sizeof *u);
        }
    });
    return power_of_two(shift);
}

/// To 13 significant bits, ties away from zero; 0 below 2^-102, NaN from 2^110 on.
template <class Isa>
BITNET_INLINE simd::f32x16<Isa> shortened(const simd::f32x16<Isa>& x) noexcept {
    using ints = simd::i32x16<Isa>;
    constexpr std::int32_t least = 25 << 23, beyond = 237 << 23; // the bits of 2^-102 and 2^110
    const ints magnitude = x.magnitude().bits();
    const ints is_zero = (magnitude - ints::set1(least)).template shift_right<31>();
    const ints is_nan = (ints::set1(beyond - 1) - magnitude).template shift_right<31>();
    const ints is_value = ints::set1(-1) - (is_zero | is_nan);
    const ints value = (x.bits() + ints::set1(1 << 10)) & ints::set1(~0x7ff);
    return simd::f32x16<Isa>::from_bits((value & is_value) | (ints::set1(nan_bits) & is_nan));
}

/// dot() of a and a row of codes, value by value.
template <class Codes>
BITNET_INLINE float coded_dot(const float* a, const std::uint8_t* row, std::size_t n) noexcept {
    using V = simd::f32x16<isa::scalar>;
    V s = simd::zeros<isa::scalar>();
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        float value[V::size] = {};
        for (std::size_t j = 0; j < k; ++j) value[j] = Codes::value(row, i + j);
        s = s + simd::load_chunk<isa::scalar>(a + i, k) * V::load(value);
    });
    return s.fold();
}

/// What a DotTile reads of coded rows: the value of column i from the sixteen bytes of its block.
template <class Isa, class Codes>
struct CodedSource {
    using ops = simd::ops<Isa>;
    using reg = typename ops::f32;
    using pointer = const std::uint8_t*;
    using Rows = CodedRows<Codes>;
    static constexpr std::size_t turn = Codes::bits < 8 ? 8 / Codes::bits : 1;
    static constexpr bool exact_products = true; // 13 significant bits times 11

    static BITNET_INLINE constexpr std::size_t bytes(std::size_t cols) noexcept {
        return cols * Codes::bits / 8;
    }
    static BITNET_INLINE constexpr std::size_t row_bytes(const Rows& rows) noexcept {
        return rows.stride;
    }

    /// The columns i + 16 Chunk ... of a block that begins at column i, from its part-th register.
    template <std::size_t Chunk>
    static BITNET_INLINE reg load(pointer row, std::size_t i, std::size_t at) noexcept {
        if constexpr (Codes::bits == 16) {
            std::uint16_t halves[ops::lanes];
            std::memcpy(halves, row + 2 * (i + at), sizeof halves);
            return ops::load_halves(halves);
        } else {
            constexpr int shift = static_cast<int>(Chunk * Codes::bits);
            using u32 = typename ops::u32;
            u32 u = ops::load_bytes(row + bytes(i) + at);
            if constexpr (shift > 0) u = u >> shift;
            if constexpr (Chunk + 1 < turn) u = u & u32((1u << Codes::bits) - 1);
            return to_float(bitwise_cast<std::int32_t>(u)) - reg(Codes::zero);
        }
    }
    /// Reads whole blocks, which rows have; the other factor of a column beyond is zero.
    template <std::size_t Chunk>
    static BITNET_INLINE reg load_first(pointer row, std::size_t i, std::size_t at,
                                        std::size_t) noexcept {
        return load<Chunk>(row, i, at);
    }
};

} // namespace detail

namespace functions {

template <class Codes>
struct EncodeValues {
    BITNET_HIDDEN static constexpr Text text{"encode_values ", Codes::name};
    BITNET_HIDDEN static constexpr const char* name = text.characters;
    template <class Isa>
    BITNET_HIDDEN static float run(const float* x, std::size_t n, std::uint16_t* u) noexcept {
        const std::int32_t max_bits = detail::absmax_bits<Isa>(x, n);
        if (max_bits >= detail::inf_bits) {
            for (std::size_t i = 0; i < n; ++i) u[i] = 0;
            return detail::float_of(detail::nan_bits);
        }
        const float m = detail::float_of(max_bits);
        if constexpr (Codes::bits == 16) {
            return detail::encode_halves<Isa>(x, n, m, u);
        } else {
            return detail::encode_integers<Isa, Codes>(x, n, m, u);
        }
    }
};

struct Shorten {
    BITNET_HIDDEN static constexpr const char* name = "shorten";
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<float> x) noexcept {
        for (std::size_t r = 0; r < x.rows; ++r) {
            float* const row = x.row(r);
            simd::for_chunks(x.cols, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
                simd::store_chunk<Isa>(detail::shortened(simd::load_chunk<Isa>(row + i, k)),
                                       row + i, k);
            });
        }
    }
};

/// pre: shorten() made a
template <class Codes>
struct CodedDots {
    BITNET_HIDDEN static constexpr Text text{"dots ", Codes::name};
    BITNET_HIDDEN static constexpr const char* name = text.characters;
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> a, CodedRows<Codes> b,
                                  Matrix<float> y) noexcept {
        if constexpr (isa::is_scalar<Isa>) {
            for (std::size_t i = 0; i < a.rows; ++i) {
                for (std::size_t j = 0; j < b.rows; ++j) {
                    y.row(i)[j] = detail::coded_dot<Codes>(a.row(i), b.row(j), a.cols);
                }
            }
        } else {
            detail::dots<Isa, detail::CodedSource<Isa, Codes>>(a, b, y);
        }
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
