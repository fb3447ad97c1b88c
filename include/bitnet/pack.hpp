// SPDX-License-Identifier: MIT
// pack, unpack, repack, verify: between int8 codes and packed layouts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <bitnet/config.hpp>
#include <bitnet/isa.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>
#include <bitnet/tensor.hpp>

namespace bitnet {

namespace detail {

/// Four codes, one a byte, become four encodings, one a byte. Bytes never carry into each other, so
/// the order of bytes in a word does not matter.
template <class Format>
BITNET_INLINE std::uint32_t encode4(std::uint32_t codes) noexcept {
    if constexpr (std::is_same_v<Format, Binary>) {
        return ~codes >> 7 & 0x01010101u; // 0xff -> 0, 0x01 -> 1
    } else if constexpr (std::is_same_v<Format, Int8>) {
        return codes ^ 0x80808080u; // w + 128
    } else if constexpr (std::is_same_v<Format, Int6>) {
        return (codes & 0x3f3f3f3fu) ^ 0x20202020u; // w + 32
    } else {
        return ((codes & 0x7f7f7f7fu) + 0x01010101u) ^ (codes & 0x80808080u); // w + 1
    }
}

BITNET_INLINE std::uint32_t load32(const void* p) noexcept {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
BITNET_INLINE void store32(void* p, std::uint32_t v) noexcept {
    std::memcpy(p, &v, sizeof v);
}

/// Packs one row of the tiled layouts: lane i of each line in turn, 4 columns at a time.
/// codes (padded_cols) int8, padding included · out: the row's lane in the first line of its block
template <class Format, class Layout>
BITNET_INLINE void pack_row(const std::int8_t* codes, std::size_t padded_cols,
                            std::uint8_t* out) noexcept {
    if constexpr (std::is_same_v<Layout, layout::Planes16>) {
        for (std::size_t c = 0; c < padded_cols; c += 32, out += 2 * layout::line_bytes) {
            std::uint32_t mask = 0, sign = 0;
            for (unsigned s = 0; s < 8; ++s) {
                const std::uint32_t v = load32(codes + c + 4 * s);
                mask |= (v & 0x01010101u) << s;
                sign |= (v & ~(v >> 7) & 0x01010101u) << s;
            }
            store32(out, mask);
            store32(out + layout::line_bytes, sign);
        }
    } else if constexpr (std::is_same_v<Layout, layout::Six16>) {
        for (std::size_t c = 0; c < padded_cols; c += 16) {
            const std::uint32_t last = encode4<Format>(load32(codes + c + 12));
            for (unsigned l = 0; l < 3; ++l, out += layout::line_bytes) {
                const std::uint32_t two_bits = last >> 2 * l & 0x03030303u;
                store32(out, encode4<Format>(load32(codes + c + 4 * l)) | two_bits << 6);
            }
        }
    } else {
        static_assert(std::is_same_v<Layout, layout::Rows16>);
        constexpr unsigned steps = 8 / Format::bits;
        for (std::size_t c = 0; c < padded_cols; c += 4 * steps, out += layout::line_bytes) {
            std::uint32_t lane = 0;
            for (unsigned s = 0; s < steps; ++s) {
                lane |= encode4<Format>(load32(codes + c + 4 * s)) << (s * Format::bits);
            }
            store32(out, lane);
        }
    }
}

} // namespace detail

/// The first index whose code is not one of the format's, or codes.size().
template <class Format, class Isa = isa::native>
std::size_t find_bad_code(std::span<const std::int8_t> codes) noexcept {
    const std::int8_t* data = codes.data();
    const std::size_t n = codes.size();
    for (std::size_t i = 0; i < n;) {
        const std::size_t end = n - i < 1024 ? n : i + 1024; // a chunk without early exit is SIMD
        unsigned bad = 0;
        for (std::size_t j = i; j < end; ++j) bad |= !Format::is_code(data[j]);
        if (bad) {
            while (Format::is_code(data[i])) ++i;
            return i;
        }
        i = end;
    }
    return n;
}

/// Writes row-major int8 codes into `out`, padding included.
/// codes (rows, cols) · out: mapping.bytes() bytes
/// pre: every code is one of the format's; check_shape(rows, cols)
template <class Format, class Layout, class Isa = isa::native>
void pack_into(const std::int8_t* codes, std::size_t rows, std::size_t cols,
               std::uint8_t* out) noexcept {
    const typename Layout::template mapping<Format> map{rows, cols};
    if constexpr (std::is_same_v<Layout, layout::RowMajor>) {
        std::memset(out, 0, map.bytes());
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < map.padded_cols(); ++c) {
                map.store(out, r, c, c < cols ? Format::encode(codes[r * cols + c]) : Format::pad);
            }
        }
    } else {
        constexpr int pad_code =
            Format::pad == 0 ? -1 : 0; // Binary pads with bit 0, the others with w = 0
        std::int8_t tail[layout::tile_cols];
        for (std::size_t r = 0; r < map.padded_rows(); ++r) {
            std::uint8_t* row = out + r / 16 * map.block_bytes() + r % 16 * 4;
            const std::size_t whole = r < rows ? cols / 32 * 32 : 0;
            detail::pack_row<Format, Layout>(codes + (r < rows ? r : 0) * cols, whole, row);
            constexpr std::size_t bytes_per_32 = std::is_same_v<Layout, layout::Planes16>
                                                     ? 2 * layout::line_bytes
                                                     : Format::bits * layout::line_bytes;
            for (std::size_t c = whole; c < map.padded_cols(); c += 32) {
                const std::size_t left = r < rows && c < cols ? cols - c : 0;
                std::memset(tail, pad_code, sizeof tail);
                if (left) std::memcpy(tail, codes + r * cols + c, left);
                detail::pack_row<Format, Layout>(tail, 32, row + c / 32 * bytes_per_32);
            }
        }
    }
}

/// Packs row-major int8 codes.
/// codes (rows, cols), codes of the format: -1 1 (Binary), -1 0 1 (Ternary), -32 .. 31 (Int6), any
/// (Int8)
/// err: wrong_size, too_large; bad_code (where: index in codes); out_of_memory
template <class Format, class Layout = layout::Rows16, class Isa = isa::native>
Result<PackedTensor<Format, Layout>> pack(std::span<const std::int8_t> codes, std::size_t rows,
                                          std::size_t cols) noexcept {
    if (Status shape = check_shape(rows, cols, max_cols_of<Format>); !shape) return shape.error();
    if (codes.size() != rows * cols) return Error{Errc::wrong_size, codes.size()};
    if (const std::size_t bad = find_bad_code<Format, Isa>(codes); bad != codes.size()) {
        return Error{Errc::bad_code, bad};
    }
    PackedTensor<Format, Layout> out(rows, cols);
    if (!out) return Error{Errc::out_of_memory, out.view().bytes()};
    pack_into<Format, Layout, Isa>(codes.data(), rows, cols, out.data());
    return out;
}

/// Writes the codes of packed rows [first, first + out.size() / cols) row-major into out.
/// pre: out.size() is a multiple of cols, and the rows exist
template <class Isa = isa::native, class Format, class Layout>
void unpack(PackedView<Format, Layout> packed, std::span<std::int8_t> out,
            std::size_t first = 0) noexcept {
    BITNET_ASSERT(out.size() % packed.cols == 0);
    BITNET_ASSERT(first + out.size() / packed.cols <= packed.rows);
    std::int8_t* to = out.data();
    for (std::size_t r = 0; r < out.size() / packed.cols; ++r) {
        for (std::size_t c = 0; c < packed.cols; ++c) {
            *to++ = static_cast<std::int8_t>(packed(first + r, c));
        }
    }
}

/// The same values in another layout.
/// err: out_of_memory. pre: verify(packed) holds
template <class To, class Isa = isa::native, class Format, class From>
Result<PackedTensor<Format, To>> repack(PackedView<Format, From> packed) noexcept {
    PackedTensor<Format, To> out(packed.rows, packed.cols);
    AlignedBytes codes(packed.rows * packed.cols);
    if (!out || !codes) return Error{Errc::out_of_memory, packed.rows * packed.cols};
    std::int8_t* const data = reinterpret_cast<std::int8_t*>(codes.data());
    unpack<Isa>(packed, {data, codes.size()});
    pack_into<Format, To, Isa>(data, packed.rows, packed.cols, out.data());
    return out;
}

/// Scans codes and padding.
/// err: bad_code (where: r * cols + c), bad_padding (where: byte of packed.data)
template <class Isa = isa::native, class Format, class Layout>
Status verify(PackedView<Format, Layout> packed) noexcept {
    const auto map = packed.mapping();
    for (std::size_t r = 0; r < map.padded_rows(); ++r) {
        for (std::size_t c = 0; c < map.padded_cols(); ++c) {
            const unsigned u = map.load(packed.data, r, c);
            if (r < packed.rows && c < packed.cols) {
                if (!Format::is_encoding(u)) return Error{Errc::bad_code, r * packed.cols + c};
            } else if (u != Format::pad) {
                return Error{Errc::bad_padding, map.byte_of(r, c)};
            }
        }
    }
    return {};
}

} // namespace bitnet
