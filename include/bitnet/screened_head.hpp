// SPDX-License-Identifier: MIT
// ScreenedHead: the k largest of very many logits, from little more than half the bytes of an int8
// head, and equal to that head's but with a probability that is stated here.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/format.hpp>
#include <bitnet/gemm.hpp>
#include <bitnet/image/screened_image.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/kernels/screen.hpp>
#include <bitnet/parallel.hpp>
#include <bitnet/quantize.hpp>
#include <bitnet/quantize_weights.hpp>
#include <bitnet/quantized.hpp>
#include <bitnet/result.hpp>
#include <bitnet/simd/divide.hpp>
#include <bitnet/simd/float_bits.hpp>
#include <bitnet/simd/round.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// A row of a head and its logit.
struct Logit {
    std::uint32_t row;
    float value;
};

/// y[r] = (float(dot) / a) * scale[r],  dot = sum over c of w[r, c] q[c],  as BitLinear<Int8, Int8>
/// w (rows, cols) codes in [-112, 112] · q: one token, Int8 · y (rows,) float
///
/// The codes are in two planes of four bits: w + d = 16 u + e, u in [-7, 7], e in [0, 15], where
/// the dither d (cols,) is drawn from a seed, uniform on 0 .. 15. A first pass reads u alone:
///   dot = 16 (sum of u q) - (sum of d q) + (sum of e q)
/// Whatever the codes are, the e of a row are independent and uniform on 0 .. 15, as d is; so the
/// sum of e q is 7.5 (sum of q) + E. Each e - 7.5 is a sum of independent fair signs times 4, 2, 1
/// and 1/2; Hoeffding's lemma for each of these signs gives
///   P(E > t) <= exp(-t^2 / (2 * 21.25 * sum of q^2)),   21.25 = 16 + 4 + 1 + 1/4
/// So with t^2 = 42.5 (sum of q^2) ln(rows / 1e-9) the chance that for any row of a token the dot
/// leaves its first-pass value by more than t is below 1e-9 upwards, and as much downwards, for
/// every q that was not chosen knowing d.
///
/// top() takes the k best rows of the first pass exactly. The least of their logits is a bound on
/// the k-th best of all, and every row that may reach it is then taken exactly too. Rows that
/// nearly tie cost time, up to that of the whole head, and never correctness. source: W. Hoeffding,
/// "Probability inequalities for sums of bounded random variables" (1963)
class ScreenedHead {
public:
    static constexpr int max_code = detail::ScreenedImage::max_code;
    static constexpr std::size_t max_cols = detail::ScreenedImage::max_cols;

    /// A head from int8 codes. The seed decides which rows are looked at twice, not what they give.
    /// codes (rows, cols) row-major in [-112, 112] · scales (rows)
    /// err: empty_shape, too_large (2^16 columns, 2^32 rows), wrong_size; bad_code, bad_scale
    ///      (where: index); out_of_memory
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<ScreenedHead>
    from_codes(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols,
               std::span<const float> scales, std::uint64_t seed) noexcept {
        auto image = detail::ScreenedImage::make<Isa>(codes, rows, cols, scales, seed);
        if (!image) return image.error();
        return ScreenedHead(std::move(*image));
    }

    /// A head from float weights: for each row, scale = max(max|w|, 1e-30) / 112 and
    /// code = round-half-even(w / scale), one rounding to float32 per operation.
    /// weights (rows, cols) row-major
    /// err: empty_shape, too_large, wrong_size; bad_weight (where: index); out_of_memory
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<ScreenedHead> from_float(std::span<const float> weights,
                                                         std::size_t rows, std::size_t cols,
                                                         std::uint64_t seed) noexcept {
        const auto q =
            quantize_weights<detail::ScreenedCodes, Isa>(weights, rows, cols, {.per_row = true});
        if (!q) return q.error();
        constexpr bool codes_are_sound = true;
        auto image = detail::ScreenedImage::make<Isa, codes_are_sound>(q->codes(), rows, cols,
                                                                       q->scales(), seed);
        if (!image) return image.error();
        return ScreenedHead(std::move(*image));
    }

    /// A head that reads what bytes() gave in place; as BitLinear::map_packed.
    /// err: misaligned; wrong_size, bad_header, too_large, empty_shape, bad_scale, bad_bias (where:
    ///      byte); out_of_memory
    template <class Isa = isa::native>
    BITNET_HIDDEN static Result<ScreenedHead>
    map_packed(std::span<const std::byte> bytes) noexcept {
        auto image = detail::ScreenedImage::map<Isa>(bytes);
        if (!image) return image.error();
        return ScreenedHead(std::move(*image));
    }

    /// An empty head (false): no rows, no cols, no bytes. So is one that was moved from.
    BITNET_INLINE ScreenedHead() noexcept = default;
    BITNET_INLINE ScreenedHead(ScreenedHead&&) noexcept = default;
    BITNET_INLINE ScreenedHead& operator=(ScreenedHead&&) noexcept = default;
    BITNET_INLINE ~ScreenedHead() = default;
    BITNET_INLINE explicit operator bool() const noexcept { return rows() != 0; }

    /// Everything the head is; the same bytes on every CPU. docs/formats.md has the layout.
    BITNET_INLINE std::span<const std::byte> bytes() const noexcept { return image_.bytes(); }
    BITNET_INLINE std::size_t rows() const noexcept { return image_.rows(); }
    BITNET_INLINE std::size_t cols() const noexcept { return image_.cols(); }
    BITNET_INLINE int code(std::size_t row, std::size_t col) const noexcept {
        return image_.code(row, col);
    }
    BITNET_INLINE float scale(std::size_t row) const noexcept { return image_.scale(row); }

    /// Scans the padding. Every bit pattern is some code: those of a stranger's image may lie in
    /// [-143, 127], whose dots fit int32 as well.
    /// err: bad_padding (where: byte of bytes())
    // In parentheses, since macOS has a macro verify(x).
    template <class Isa = isa::native>
    BITNET_HIDDEN Result<void>(verify)() const noexcept {
        return image_.verify<Isa>();
    }

    /// Bytes of scratch for top() and forward(), of any alignment. It must not be the memory that x
    /// was quantized into, nor that of another call at the same time.
    BITNET_INLINE std::size_t scratch_bytes() const noexcept {
        return AlignedBytes::alignment + 3 * padded_rows() * sizeof(std::int32_t) +
               image_.padded_cols();
    }

    /// best (k) = the k rows of the largest logits, the largest first; of equal logits the smaller
    /// row. A token with scale NaN gives NaNs. Returns how many rows had their logits taken
    /// exactly.
    /// pre:  x is one token of cols() columns without groups, its scale no less than 0 or NaN;
    ///       1 <= k <= rows(); scratch has scratch_bytes() and overlaps neither x nor best
    /// exact: logits, always; the choice of rows, with the probability above
    /// cost: reads half of the codes, and 1 / 25 bit a weight more for each percent of rows taken
    ///       exactly; up to k steps for each row taken, so for a large k forward() and a sort are
    ///       faster; no allocation; noexcept
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN std::size_t top(const Quantized<Int8>& x, std::span<Logit> best,
                                  std::span<std::byte> scratch,
                                  const E& executor = serial) const noexcept {
        BITNET_ASSERT(!best.empty() && best.size() <= rows());
        const Pass pass = first_pass<Isa>(x, scratch, executor);
        Best kept{best};
        const std::size_t stride = 512; // the bound on the k-th best is renewed as often
        for (std::size_t r = 0; r < rows(); r += stride) {
            const std::size_t end = rows() - r < stride ? rows() : r + stride;
            const std::size_t n = pass.bounded ? isa::call<functions::RowsThatReach, Isa>(
                                                     pass.dots, pass.scales, r, end, pass.middle,
                                                     pass.middle, pass.a, kept.least(), pass.rows)
                                               : 0;
            for (std::size_t i = 0; i < n; ++i) {
                const std::uint32_t row = pass.rows[i];
                kept.insert({row, pass.logit(row, 16 * pass.dots[row] + pass.middle)});
            }
        }
        std::size_t count = std::exchange(kept.count, std::size_t{0});
        for (std::size_t i = 0; i < count; ++i) pass.rows[i] = best[i].row;
        rescore<Isa>(pass, count, kept, serial);
        if (pass.bounded) {
            count = isa::call<functions::RowsThatReach, Isa>(pass.dots, pass.scales, std::size_t{0},
                                                             rows(), pass.high, pass.low, pass.a,
                                                             kept.least(), pass.rows);
        } else { // some logit is no number, or none that a bound can be compared with
            count = rows();
            for (std::size_t r = 0; r < count; ++r) pass.rows[r] = static_cast<std::uint32_t>(r);
        }
        rescore<Isa>(pass, count, kept, executor);
        return count;
    }

    /// y (rows) = all logits.
    /// pre:  x is one token of cols() columns without groups; scratch as above, apart from y too
    /// cost: reads all codes; no allocation; noexcept
    template <class Isa = isa::native, class E = Serial>
    BITNET_HIDDEN void forward(const Quantized<Int8>& x, std::span<float> y,
                               std::span<std::byte> scratch,
                               const E& executor = serial) const noexcept {
        BITNET_ASSERT(y.size() == rows());
        if (rows() == 0) return;
        const Pass pass = first_pass<Isa>(x, scratch, executor);
        for (std::size_t r = 0; r < rows(); ++r) pass.rows[r] = static_cast<std::uint32_t>(r);
        nibble_dots<Isa>(pass, rows(), executor);
        for (std::size_t r = 0; r < rows(); ++r) {
            y[r] = pass.logit(r, 16 * pass.dots[r] + pass.base + pass.nibble_dots[r]);
        }
    }

private:
    /// What the first pass leaves, in the caller's scratch.
    struct Pass {
        std::int32_t* dots;        // (rows) sum of u q
        std::int32_t* nibble_dots; // (rows) sum of e q, of the rows asked for
        std::uint32_t* rows;
        std::int8_t* q; // (padded cols)
        const float* scales;
        float a;
        std::int32_t base;              // - sum of d q
        std::int32_t low, middle, high; // base and what e q may add to it
        bool bounded;                   // whether all logits are finite

        BITNET_INLINE float logit(std::size_t row, std::int32_t dot) const noexcept {
            return rounded(simd::divide(static_cast<float>(dot), a) * scales[row]);
        }
    };

    /// The best rows so far, in order. A row comes again only once there are k.
    struct Best {
        std::span<Logit> rows;
        std::size_t count = 0;

        static BITNET_INLINE std::int32_t key(float v) noexcept { // in the order of the values
            const std::int32_t bits = detail::bits_of(v);
            return bits < 0 ? -(bits & detail::magnitude_bits) : bits;
        }
        static BITNET_INLINE bool better(const Logit& a, const Logit& b) noexcept {
            return key(a.value) != key(b.value) ? key(a.value) > key(b.value) : a.row < b.row;
        }
        /// What another row must reach.
        BITNET_INLINE float least() const noexcept {
            return count < rows.size() ? -0x1.fffffep127f : rows[count - 1].value;
        }
        BITNET_INLINE void insert(const Logit& logit) noexcept {
            if (count == rows.size()) {
                if (!better(logit, rows[count - 1])) return;
                for (const Logit& kept : rows) {
                    if (kept.row == logit.row) return;
                }
                --count;
            }
            std::size_t i = count++;
            for (; i > 0 && better(logit, rows[i - 1]); --i) rows[i] = rows[i - 1];
            rows[i] = logit;
        }
    };

    BITNET_INLINE explicit ScreenedHead(detail::ScreenedImage image) noexcept
        : image_(std::move(image)) {}
    BITNET_INLINE std::size_t padded_rows() const noexcept {
        return round_up(rows(), layout::tile_rows);
    }

    /// Whether the memory of x lies before the scratch or behind it: its codes and sums tell.
    static BITNET_INLINE bool is_apart(const Quantized<Int8>& x,
                                       std::span<const std::byte> scratch) noexcept {
        const auto* const codes = reinterpret_cast<const std::byte*>(x.codes);
        const auto* const sums = reinterpret_cast<const std::byte*>(x.sums);
        const std::byte* const end = scratch.data() + scratch.size();
        return (codes < scratch.data() && sums < scratch.data()) || (codes >= end && sums >= end);
    }

    template <class Isa, class E>
    BITNET_HIDDEN Pass first_pass(const Quantized<Int8>& x, std::span<std::byte> scratch,
                                  const E& executor) const noexcept {
        BITNET_ASSERT(x.tokens == 1 && x.cols == cols() && x.group == 0);
        BITNET_ASSERT(scratch.size() >= scratch_bytes());
        BITNET_ASSERT(is_apart(x, scratch));
        Pass p;
        p.dots = detail::as<std::int32_t>(detail::align(scratch.data()));
        p.nibble_dots = p.dots + padded_rows();
        p.rows = reinterpret_cast<std::uint32_t*>(p.nibble_dots + padded_rows());
        p.q = reinterpret_cast<std::int8_t*>(p.rows + padded_rows());
        p.scales = image_.scales().data;
        p.a = x.scales[0];

        std::memset(p.q, 0, image_.padded_cols());
        std::memcpy(p.q, x.codes, cols()); // the words of a lone token follow each other
        std::int64_t sum = 0, squares = 0, dithered = 0;
        for (std::size_t c = 0; c < cols(); ++c) {
            sum += p.q[c];
            squares += p.q[c] * p.q[c];
            dithered += p.q[c] * image_.dither()[c];
        }
        const double centre = 7.5 * static_cast<double>(sum) - static_cast<double>(dithered);
        const double t = std::sqrt(42.5 * static_cast<double>(squares) *
                                   std::log(static_cast<double>(rows()) / 1e-9));
        p.base = static_cast<std::int32_t>(-dithered);
        p.low = static_cast<std::int32_t>(std::floor(centre - t));
        p.middle = static_cast<std::int32_t>(centre);
        p.high = static_cast<std::int32_t>(std::ceil(centre + t));
        // No dot is beyond 2^31: so no logit is beyond this.
        const float most = rounded(simd::divide(2147483648.0f, p.a) * image_.largest_scale());
        p.bounded = detail::is_finite(most);

        for (std::size_t r = rows(); r < padded_rows(); ++r) p.dots[r] = 0;
        for_row_ranges<Isa>(executor, {rows()},
                            [&](std::size_t, std::size_t begin, std::size_t end) noexcept {
                                gemm_dots<Isa>(image_.weights(), x,
                                               Matrix<std::int32_t>(p.dots, 1, rows()), begin, end);
                            });
        return p;
    }

    /// Fills in the nibble dots of the first `count` of the pass's rows, in their order.
    template <class Isa, class E>
    BITNET_HIDDEN void nibble_dots(const Pass& pass, std::size_t count,
                                   const E& executor) const noexcept {
        detail::for_ranges<Isa>(executor, count, detail::most_ranges(executor),
                                [&](std::size_t i, std::size_t end) noexcept {
                                    isa::call<functions::NibbleDots, Isa>(
                                        image_.nibbles(), image_.padded_cols() / 2, pass.q,
                                        pass.rows + i, end - i, pass.nibble_dots + i);
                                });
    }

    /// Puts the exact logits of the first `count` of the pass's rows among the best.
    template <class Isa, class E>
    BITNET_HIDDEN void rescore(const Pass& pass, std::size_t count, Best& best,
                               const E& executor) const noexcept {
        nibble_dots<Isa>(pass, count, executor);
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t row = pass.rows[i];
            const std::int32_t dot = 16 * pass.dots[row] + pass.base + pass.nibble_dots[i];
            best.insert({row, pass.logit(row, dot)});
        }
    }

    detail::ScreenedImage image_;
};

} // namespace BITNET_NAMESPACE
