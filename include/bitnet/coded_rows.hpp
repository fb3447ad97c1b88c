// SPDX-License-Identifier: MIT
// Rows of floats in few bits, and their dots with rows of floats: how attention keeps and reads the
// keys and values of every token. A row of keys is a token's; one of values may be a column of all
// tokens, whose scales go with the weights that the softmax gives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/coded_rows.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// The codes u of values and their scale s: x[i] is nearly (u[i] - zero) s, of halves u[i] s
///   integers: s = m / limit, m = max |x[i]|; u[i] = nearest(x[i] (limit / m) + zero), of 2 bits
///             at least 0 and at most 3. limit is 127, 7 or 2.125, zero 128, 8 or 1.5. Where
///             m < 2^-100, s is 0 and u[i] = nearest(zero)
///   halves:   s = 1, or the power of two that brings m below 2^15; u[i] = the half nearest to
///             x[i] / s
///   neither:  where a value is NaN or infinite, s is NaN and all u are 0
/// Codes: HalfRows, Int8Rows, Int4Rows or Int2Rows · x (n,) float, u (n,)
/// pre:   x.size() == u.size()
/// exact: in this order, one rounding per operation; ties to even · noexcept, no allocation
template <class Codes, class Isa = isa::native>
BITNET_INLINE float encode_values(std::span<const float> x, std::span<std::uint16_t> u) noexcept {
    BITNET_ASSERT(x.size() == u.size());
    return isa::call<functions::EncodeValues<Codes>, Isa>(x.data(), x.size(), u.data());
}

class ShortFloats;

/// x[i, j] rounded in place to 13 significant bits, as dots() with codes takes floats
///   13 and the 11 of a half make 24: the product is a float, and an instruction that multiplies
///   and adds has the bits of two that do not. |x| < 2^-102 becomes 0; from 2^110 on, and where it
///   is no number, NaN
/// x (m, n) float
/// exact: ties away from zero · noexcept, no allocation
template <class Isa = isa::native>
BITNET_INLINE ShortFloats shorten(Matrix<float> x) noexcept;

/// Rows of floats that shorten() made, in memory that somebody else owns.
class ShortFloats {
public:
    BITNET_INLINE constexpr const Matrix<const float>& rows() const noexcept { return rows_; }

private:
    template <class Isa>
    friend ShortFloats shorten(Matrix<float> x) noexcept;
    BITNET_INLINE constexpr explicit ShortFloats(Matrix<const float> rows) noexcept : rows_(rows) {}

    Matrix<const float> rows_;
};

template <class Isa>
BITNET_INLINE ShortFloats shorten(Matrix<float> x) noexcept {
    isa::call<functions::Shorten, Isa>(x);
    return ShortFloats(x);
}

/// y[i, j] = dot(a[i], the values of b[j] without its scale): every row of a with every row of b
/// a (m, k), b (n, k) codes, y (m, n) float · pre: y overlaps neither a nor b
/// exact: as dots() of the values as floats · cost: decodes a row of b once for several dots;
///        noexcept, no allocation
template <class Codes, class Isa = isa::native>
BITNET_INLINE void dots(const ShortFloats& a, CodedRows<Codes> b, Matrix<float> y) noexcept {
    BITNET_ASSERT(a.rows().cols == b.cols && y.rows == a.rows().rows && y.cols == b.rows);
    isa::call<functions::CodedDots<Codes>, Isa>(a.rows(), b, y);
}

} // namespace BITNET_NAMESPACE
