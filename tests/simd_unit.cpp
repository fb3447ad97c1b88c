// SPDX-License-Identifier: MIT
// Compiled once per cluster, with its flags and BITNET_KERNEL_ISA: see simd_unit.hpp.
#include "simd_unit.hpp"

#include <cstring>

#include <bitnet/kernels/panel_dots.hpp>
#include <bitnet/simd/simd.hpp>

namespace simd_test {
namespace {

using Isa = bitnet::isa::here<bitnet::isa::BITNET_KERNEL_ISA>;
using F = bitnet::simd::f32x16<Isa>;
using I = bitnet::simd::i32x16<Isa>;

template <class ops, class Sums>
concept is_dot_sums = requires(Sums sums, typename ops::u32 v) {
    ops::dot4_sum(sums);
    ops::add_dot4(sums, v, v);
};
template <class ops, class Sums>
concept may_be_dot_sums = requires(Sums sums) {
    ops::dot4_sum(sums);
}
|| requires(Sums sums, typename ops::u32 v) {
    ops::add_dot4(sums, v, v);
};
template <class ops, class Sums>
concept is_bit_counts = requires(Sums sums, typename ops::u32 v) {
    ops::popcount(sums);
    ops::add_popcount(sums, v);
};
template <class ops, class Sums>
concept may_be_bit_counts = requires(Sums sums) {
    ops::popcount(sums);
}
|| requires(Sums sums, typename ops::u32 v) {
    ops::add_popcount(sums, v);
};
template <class ops, class Sums>
concept may_be_sums = requires(Sums sums, typename ops::i32 v) {
    v = sums;
}
|| requires(Sums sums, typename ops::i32 v) {
    v + sums;
}
|| requires(Sums sums, typename ops::u32 v) {
    ops::dot4(sums, v, v);
}
|| requires(Sums sums, typename ops::u32 v) {
    ops::dot4_wide(sums, v, v);
};

/// Whether each kind of sums fits its own primitives and no other.
template <class ops>
constexpr bool sums_do_not_mix() {
    using i32 = typename ops::i32;
    using DotSums = typename ops::DotSums;
    using BitCounts = typename ops::BitCounts;
    return is_dot_sums<ops, DotSums> && is_bit_counts<ops, BitCounts> && may_be_sums<ops, i32> &&
           !may_be_dot_sums<ops, i32> && !may_be_dot_sums<ops, BitCounts> &&
           !may_be_bit_counts<ops, i32> && !may_be_bit_counts<ops, DotSums> &&
           !may_be_sums<ops, DotSums> && !may_be_sums<ops, BitCounts>;
}

/// A DotSums from what an earlier one left, and back.
template <class DotSums>
DotSums load_sums(const std::int32_t* from) {
    DotSums sums;
    std::memcpy(&sums, from, sizeof sums);
    return sums;
}
template <class DotSums>
void store_sums(const DotSums& sums, std::int32_t* to) {
    std::memcpy(to, &sums, sizeof sums);
}

template <class ops, unsigned Bits>
constexpr Orders::LineDots line_dots() {
    if constexpr (requires { sizeof(typename ops::template LineSums<Bits>); }) {
        using Sums = typename ops::template LineSums<Bits>;
        return {Sums::calls, [](const std::uint8_t* registers, std::size_t calls,
                                const std::uint8_t* x, std::int32_t* values) {
                    Sums sums;
                    for (std::size_t i = 0; i < calls; ++i) {
                        sums.add(ops::load(registers + 4 * ops::lanes * i), x + 4 * 8 / Bits * i);
                    }
                    sums.value().store_unaligned(values);
                }};
    } else {
        return {};
    }
}

template <class Which>
constexpr Orders orders() {
    Orders result;
    if constexpr (!bitnet::isa::is_scalar<Which>) {
        using ops = bitnet::simd::ops<Which>;
        if constexpr (requires { &ops::add_dot_at; }) {
            result.add_dot_at = [](std::int32_t* sum, const std::uint8_t* codes,
                                   const std::uint8_t* x) {
                auto lanes = ops::i32::load_unaligned(sum);
                ops::add_dot_at(lanes, ops::load(codes), x);
                lanes.store_unaligned(sum);
            };
        }
        if constexpr (requires { &ops::add_two_dots; }) {
            using DotSums = typename ops::DotSums;
            result.add_two_dots = [](std::int32_t* a, const std::uint8_t* codes,
                                     const std::uint8_t* x, std::int32_t* b,
                                     const std::uint8_t* more, const std::uint8_t* y) {
                auto first = load_sums<DotSums>(a), second = load_sums<DotSums>(b);
                ops::add_two_dots(first, ops::load(codes), x, second, ops::load(more), y);
                store_sums(first, a);
                store_sums(second, b);
            };
        }
        if constexpr (requires { &ops::add_four_popcounts; }) {
            result.add_four_popcounts = [](std::int32_t* counts, const std::uint8_t* v) {
                typename ops::BitCounts four[4];
                for (std::size_t k = 0; k < 4; ++k) {
                    four[k] = load_sums<typename ops::BitCounts>(counts + k * ops::lanes);
                }
                const auto word = [&](std::size_t k) { return ops::load(v + 4 * k * ops::lanes); };
                ops::add_four_popcounts(four, word(0), word(1), word(2), word(3));
                for (std::size_t k = 0; k < 4; ++k) {
                    store_sums(four[k], counts + k * ops::lanes);
                }
            };
        }
        result.line_dots[0] = line_dots<ops, 1>();
        result.line_dots[1] = line_dots<ops, 2>();
        if constexpr (bitnet::kernels::HasPanelSums<Which>) {
            result.panel_dots = [](std::uint8_t* codes, const std::uint8_t* x, std::size_t words,
                                   std::int32_t* dots) {
                bitnet::kernels::arrange_panel_codes<Which>(codes, words);
                bitnet::kernels::panel_dots<Which>(codes, x, words, 0, dots);
            };
        }
    }
    return result;
}

template <class Which>
constexpr Registers registers() {
    if constexpr (bitnet::isa::is_scalar<Which>) {
        return {};
    } else {
        using ops = bitnet::simd::ops<Which>;
        using i32 = typename ops::i32;
        using DotSums = typename ops::DotSums;
        using BitCounts = typename ops::BitCounts;
        static_assert(sums_do_not_mix<ops>());
        return {
            ops::lanes,
            ops::registers,
            sizeof(DotSums) / sizeof(std::int32_t),
            [](const std::uint8_t* p, std::uint32_t* out) { ops::load(p).store_unaligned(out); },
            [](const std::uint8_t* p, std::uint32_t* out) {
                ops::broadcast(p).store_unaligned(out);
            },
            [](const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* mask,
               std::uint32_t* out) {
                ops::where_equal(ops::load(a), ops::load(b), ops::load(mask)).store_unaligned(out);
            },
            [](std::int32_t* sum, const std::uint8_t* codes, const std::uint8_t* x) {
                ops::dot4(i32::load_unaligned(sum), ops::load(codes), ops::load(x))
                    .store_unaligned(sum);
            },
            [](std::size_t largest) { return ops::dot4_calls(largest); },
            [](std::int32_t* sums, const std::uint8_t* codes, const std::uint8_t* x) {
                store_sums(ops::add_dot4(load_sums<DotSums>(sums), ops::load(codes), ops::load(x)),
                           sums);
            },
            [](std::int32_t* sums) {
                ops::dot4_sum(load_sums<DotSums>(sums)).store_unaligned(sums);
            },
            [](std::int32_t* sum, const std::uint8_t* codes, const std::uint8_t* x) {
                ops::dot4_wide(i32::load_unaligned(sum), ops::load(codes), ops::load(x))
                    .store_unaligned(sum);
            },
            [](const std::uint8_t* line, std::uint32_t* out) {
                const auto split = ops::split_trits(ops::load(line));
                const auto store = [&](auto s) {
                    typename ops::u32(ops::template trit<s>(split))
                        .store_unaligned(out + s * ops::lanes);
                };
                store(std::integral_constant<int, 0>{});
                store(std::integral_constant<int, 1>{});
                store(std::integral_constant<int, 2>{});
                store(std::integral_constant<int, 3>{});
                store(std::integral_constant<int, 4>{});
            },
            ops::popcount_calls,
            [](std::int32_t* counts, const std::uint8_t* v) {
                store_sums(ops::add_popcount(load_sums<BitCounts>(counts), ops::load(v)), counts);
            },
            [](std::int32_t* counts) {
                ops::popcount(load_sums<BitCounts>(counts)).store_unaligned(counts);
            },
            [](std::int8_t* p, const std::int32_t* v) {
                ops::store_bytes(p, i32::load_unaligned(v));
            },
            [](const std::uint8_t* p, std::uint32_t* out) {
                ops::load_bytes(p).store_unaligned(out);
            },
            [](const std::uint16_t* p, float* out) { ops::load_halves(p).store_unaligned(out); },
            [](std::uint16_t* p, const float* v) {
                ops::store_halves(p, ops::f32::load_unaligned(v));
            },
            [](const float* p, std::size_t n, float* out) {
                ops::load_first(p, n).store_unaligned(out);
            },
            [](const float* s, const float* x, const float* w, float* out) {
                using f32 = typename ops::f32;
                ops::add_exact_product(f32::load_unaligned(s), f32::load_unaligned(x),
                                       f32::load_unaligned(w))
                    .store_unaligned(out);
            },
            [](const float* a, const float* b, float* out) {
                using f32 = typename ops::f32;
                ops::fold_pair(f32::load_unaligned(a), f32::load_unaligned(b)).store_unaligned(out);
            }};
    }
}

constexpr Floats floats{
    [](float x, float* y) { F::set1(x).store(y); },
    [](const float* p, std::size_t n, float* y) { F::load_first(p, n).store(y); },
    [](const float* x, float* p, std::size_t n) { F::load(x).store_first(p, n); },
    [](const float* a, const float* b, float* y) { (F::load(a) + F::load(b)).store(y); },
    [](const float* a, const float* b, float* y) { (F::load(a) - F::load(b)).store(y); },
    [](const float* a, const float* b, float* y) { (F::load(a) * F::load(b)).store(y); },
    [](const float* a, const float* b, float* y) { (F::load(a) / F::load(b)).store(y); },
    [](const float* a, const float* b, const float* c, float* y) {
        (F::load(a) * F::load(b) + F::load(c)).store(y);
    },
    [](const std::int32_t* a, float* y) { F::from(I::load(a)).store(y); },
    [](const float* a, std::int32_t* y) { F::load(a).nearest().store(y); },
    [](const float* a, std::int32_t* y) { F::load(a).bits().store(y); },
    [](const std::int32_t* a, float* y) { F::from_bits(I::load(a)).store(y); },
    [](const float* a, float* y) { F::load(a).magnitude().store(y); },
    [](const float* a) { return F::load(a).fold(); },
    {[](const float* a, float* y) { F::load(a).butterfly<1>().store(y); },
     [](const float* a, float* y) { F::load(a).butterfly<2>().store(y); },
     [](const float* a, float* y) { F::load(a).butterfly<4>().store(y); },
     [](const float* a, float* y) { F::load(a).butterfly<8>().store(y); }},
};

constexpr Ints ints{
    [](std::int32_t x, std::int32_t* y) { I::set1(x).store(y); },
    [](const std::int32_t* a, std::int8_t* p) { I::load(a).store_bytes(p); },
    [](const std::int32_t* a, const std::int32_t* b, std::int32_t* y) {
        (I::load(a) + I::load(b)).store(y);
    },
    [](const std::int32_t* a, const std::int32_t* b, std::int32_t* y) {
        (I::load(a) - I::load(b)).store(y);
    },
    [](const std::int32_t* a, const std::int32_t* b, std::int32_t* y) {
        (I::load(a) & I::load(b)).store(y);
    },
    [](const std::int32_t* a, const std::int32_t* b, std::int32_t* y) {
        (I::load(a) | I::load(b)).store(y);
    },
    [](const std::int32_t* a, std::int32_t* y) { I::load(a).shift_right<5>().store(y); },
    [](const std::int32_t* a, std::int32_t* y) { I::load(a).shift_left<5>().store(y); },
    [](const std::int32_t* a, const std::int32_t* b, std::int32_t* y) {
        larger(I::load(a), I::load(b)).store(y);
    },
    [](const std::int32_t* a) { return I::load(a).negative(); },
    [](const std::int32_t* a, const std::int32_t* b) { return less(I::load(a), I::load(b)); },
    [](const std::int32_t* a) { return I::load(a).sum(); },
    [](const std::int32_t* a) { return I::load(a).maximum(); },
};

} // namespace

template <class Cluster>
const Primitives& primitives_of() {
    static constexpr Primitives all{registers<Isa>(), orders<Isa>(), floats, ints};
    return all;
}
template const Primitives& primitives_of<bitnet::isa::BITNET_KERNEL_ISA>();

} // namespace simd_test
