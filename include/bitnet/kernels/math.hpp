// SPDX-License-Identifier: MIT
// The loops of math.hpp, which has their contracts.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/dot_tile.hpp>
#include <bitnet/simd/chunks.hpp>
#include <bitnet/simd/f32x16.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/math.hpp>
#include <bitnet/simd/simd.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

namespace detail {

template <class Isa>
BITNET_INLINE float first_lane(const simd::f32x16<Isa>& v) noexcept {
    float lane[simd::f32x16<Isa>::size];
    v.store(lane);
    return lane[0];
}

/// The bits of max |x[i]|: of non-negative floats the bits have the same order, and inf_bits or
/// more says that there is an infinity or a NaN.
template <class Isa>
BITNET_INLINE std::int32_t absmax_bits(const float* x, std::size_t n) noexcept {
    auto best = simd::i32x16<Isa>::set1(0);
    simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
        best = larger(best, simd::load_chunk<Isa>(x + i, k).magnitude().bits());
    });
    return best.maximum();
}

} // namespace detail

namespace functions {

struct Exp {
    BITNET_HIDDEN static constexpr const char* name = "exp";
    template <class Isa>
    BITNET_HIDDEN static float run(float x) noexcept {
        return detail::first_lane(simd::exp(simd::f32x16<Isa>::set1(x)));
    }
};

struct Log {
    BITNET_HIDDEN static constexpr const char* name = "log";
    template <class Isa>
    BITNET_HIDDEN static float run(float x) noexcept {
        return detail::first_lane(simd::log(simd::f32x16<Isa>::set1(x)));
    }
};

struct Sigmoid {
    BITNET_HIDDEN static constexpr const char* name = "sigmoid";
    template <class Isa>
    BITNET_HIDDEN static float run(float x) noexcept {
        return detail::first_lane(simd::sigmoid(simd::f32x16<Isa>::set1(x)));
    }
};

struct Tanh {
    BITNET_HIDDEN static constexpr const char* name = "tanh";
    template <class Isa>
    BITNET_HIDDEN static float run(float x) noexcept {
        return detail::first_lane(simd::tanh(simd::f32x16<Isa>::set1(x)));
    }
};

struct Sum {
    BITNET_HIDDEN static constexpr const char* name = "sum";
    template <class Isa>
    BITNET_HIDDEN static float run(const float* x, std::size_t n) noexcept {
        auto s = simd::zeros<Isa>();
        simd::for_chunks(n, [&](std::size_t i, std::size_t k)
                                BITNET_INLINE_LAMBDA { s = s + simd::load_chunk<Isa>(x + i, k); });
        return s.fold();
    }
};

struct Dot {
    BITNET_HIDDEN static constexpr const char* name = "dot";
    template <class Isa>
    BITNET_HIDDEN static float run(const float* a, const float* b, std::size_t n) noexcept {
        auto s = simd::zeros<Isa>();
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            s = s + simd::load_chunk<Isa>(a + i, k) * simd::load_chunk<Isa>(b + i, k);
        });
        return s.fold();
    }
};

struct Dots {
    BITNET_HIDDEN static constexpr const char* name = "dots";
    template <class Isa>
    BITNET_HIDDEN static void run(Matrix<const float> a, Matrix<const float> b,
                                  Matrix<float> y) noexcept {
        if constexpr (isa::is_scalar<Isa>) {
            for (std::size_t i = 0; i < a.rows; ++i) {
                for (std::size_t j = 0; j < b.rows; ++j) {
                    y.row(i)[j] = Dot::run<Isa>(a.row(i), b.row(j), a.cols);
                }
            }
        } else {
            detail::dots<Isa, detail::FloatSource<Isa>>(a, b, y);
        }
    }
};

struct MeanAbs {
    BITNET_HIDDEN static constexpr const char* name = "mean_abs";
    template <class Isa>
    BITNET_HIDDEN static float run(const float* x, std::size_t n) noexcept {
        auto s = simd::zeros<Isa>();
        simd::for_chunks(n, [&](std::size_t i, std::size_t k) BITNET_INLINE_LAMBDA {
            s = s + simd::load_chunk<Isa>(x + i, k).magnitude();
        });
        return simd::divide(s.fold(), static_cast<float>(n));
    }
};

struct Absmax {
    BITNET_HIDDEN static constexpr const char* name = "absmax";
    template <class Isa>
    BITNET_HIDDEN static float run(const float* x, std::size_t n) noexcept {
        return detail::float_of(detail::absmax_bits<Isa>(x, n));
    }
};

struct HalvesToFloats {
    BITNET_HIDDEN static constexpr const char* name = "halves_to_floats";
    template <class Isa>
    BITNET_HIDDEN static void run(const std::uint16_t* x, float* y, std::size_t n) noexcept {
        std::size_t i = 0;
        if constexpr (!isa::is_scalar<Isa>) {
            constexpr std::size_t lanes = simd::ops<Isa>::lanes;
            for (; i + lanes <= n; i += lanes) {
                simd::ops<Isa>::load_halves(x + i).store_unaligned(y + i);
            }
        }
        for (; i < n; ++i) y[i] = simd::float_of_half(x[i]);
    }
};

} // namespace functions
} // namespace BITNET_NAMESPACE
