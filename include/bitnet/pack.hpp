// SPDX-License-Identifier: MIT
// pack, unpack, repack, verify: between int8 codes and packed layouts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace BITNET_NAMESPACE {

/// The first index whose code is not one of the format's, or codes.size().
template <class Format, class Isa = isa::native>
BITNET_HIDDEN std::size_t find_bad_code(std::span<const std::int8_t> codes) noexcept {
    const std::int8_t* data = codes.data();
    const std::size_t n = codes.size();
    constexpr std::size_t chunk = 1024; // of a fixed size and without early exit, it is SIMD
    std::size_t i = 0;
    for (; n - i >= chunk; i += chunk) {
        std::uint8_t over = 0, between = 0; // is_code(), in bytes
        for (std::size_t j = 0; j < chunk; ++j) {
            const auto above = static_cast<std::uint8_t>(data[i + j] - Format::minimum);
            over |= above > Format::maximum - Format::minimum;
            between |= above;
        }
        if (over || (between & (Format::step - 1))) break;
    }
    while (i < n && Format::is_code(data[i])) ++i;
    return i;
}

/// Writes row-major int8 codes into `out`, padding included.
/// codes (rows, cols) · out: mapping.bytes() bytes
/// pre: every code is one of the format's; check_shape(rows, cols)
template <class Format, class Layout, class Isa = isa::native>
BITNET_HIDDEN void pack_into(const std::int8_t* codes, std::size_t rows, std::size_t cols,
                             std::uint8_t* out) noexcept {
    using Mapping = typename Layout::template mapping<Format>;
    constexpr std::size_t step = Mapping::step_cols, step_bytes = Mapping::step_bytes;
    const Mapping map{rows, cols};
    std::int8_t tail[step];
    for (std::size_t r = 0; r < map.padded_rows(); ++r) {
        std::uint8_t* to = out + map.byte_of(r, 0);
        const std::int8_t* const from = codes + (r < rows ? r : 0) * cols;
        const std::size_t filled = r < rows ? cols : 0;
        std::size_t c = 0;
        for (; c + step <= filled; c += step, to += step_bytes) {
            Layout::template pack_step<Format>(from + c, to);
        }
        for (; c < map.padded_cols(); c += step, to += step_bytes) {
            std::memset(tail, Format::decode(Format::pad), sizeof tail);
            if (c < filled) std::memcpy(tail, from + c, filled - c);
            Layout::template pack_step<Format>(tail, to);
        }
    }
}

/// Packs row-major int8 codes.
/// codes (rows, cols), each one of the format's: Format::is_code()
/// err: empty_shape, too_large, wrong_size; bad_code (where: index in codes); out_of_memory
template <class Format, class Layout = layout::Rows16, class Isa = isa::native>
BITNET_HIDDEN Result<PackedTensor<Format, Layout>>
pack(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols) noexcept {
    if (Result<void> shape = check_shape<max_cols_of<Format>>(rows, cols); !shape)
        return shape.error();
    if (codes.size() != rows * cols) {
        return detail::wrong_size(codes.size(), rows * cols, "number of codes is not rows * cols");
    }
    if (const std::size_t bad = find_bad_code<Format, Isa>(codes); bad != codes.size()) {
        return detail::bad_code<Format>(bad);
    }
    PackedTensor<Format, Layout> out(rows, cols);
    if (!out) return Error{Errc::out_of_memory};
    pack_into<Format, Layout, Isa>(codes.data(), rows, cols, out.data());
    return out;
}

/// Writes the codes of packed rows [first, first + out.size() / cols) row-major into out.
/// pre: out.size() is a multiple of cols, and the rows exist
template <class Isa = isa::native, class Format, class Layout>
BITNET_HIDDEN void unpack(PackedView<Format, Layout> packed, std::span<std::int8_t> out,
                          std::size_t first = 0) noexcept {
    if (out.empty()) return;
    BITNET_ASSERT(out.size() % packed.cols == 0);
    BITNET_ASSERT(first + out.size() / packed.cols <= packed.rows);
    using Mapping = typename Layout::template mapping<Format>;
    const Mapping map = packed.mapping();
    std::int8_t* to = out.data();
    for (std::size_t r = first; r < first + out.size() / packed.cols; ++r) {
        const std::uint8_t* from = packed.data + map.byte_of(r, 0);
        std::size_t c = 0;
        for (; c + Mapping::step_cols <= packed.cols; c += Mapping::step_cols) {
            Layout::template unpack_step<Format>(from, to + c);
            from += Mapping::step_bytes;
        }
        for (; c < packed.cols; ++c) to[c] = static_cast<std::int8_t>(packed(r, c));
        to += packed.cols;
    }
}

/// The same values in another layout.
/// err: empty_shape, out_of_memory. pre: verify(packed) holds
template <class To, class Isa = isa::native, class Format, class From>
BITNET_HIDDEN Result<PackedTensor<Format, To>> repack(PackedView<Format, From> packed) noexcept {
    if (packed.rows == 0) return Error{Errc::empty_shape};
    PackedTensor<Format, To> out(packed.rows, packed.cols);
    AlignedBytes codes(packed.rows * packed.cols);
    if (!out || !codes) return Error{Errc::out_of_memory};
    std::int8_t* const data = reinterpret_cast<std::int8_t*>(codes.data());
    unpack<Isa>(packed, {data, codes.size()});
    pack_into<Format, To, Isa>(data, packed.rows, packed.cols, out.data());
    return out;
}

/// Scans codes and padding.
/// err: bad_code (where: r * cols + c), bad_padding (where: byte of packed.data)
// In parentheses, since macOS has a macro verify(x).
template <class Isa = isa::native, class Format, class Layout>
BITNET_HIDDEN Result<void>(verify)(PackedView<Format, Layout> packed) noexcept {
    const auto map = packed.mapping();
    // Where no value is illegal, only the padding is left to look at, one by one.
    const bool sound = Layout::template all_encodings<Format>(packed.data, map.bytes());
    for (std::size_t r = 0; r < map.padded_rows(); ++r) {
        for (std::size_t c = sound && r < packed.rows ? packed.cols : 0; c < map.padded_cols();
             ++c) {
            const unsigned u = map.load(packed.data, r, c);
            if (r < packed.rows && c < packed.cols) {
                if (!Format::is_encoding(u)) return detail::bad_code<Format>(r * packed.cols + c);
            } else if (u != Format::pad) {
                return Error{Errc::bad_padding, map.byte_of(r, c)};
            }
        }
    }
    return {};
}

} // namespace BITNET_NAMESPACE
