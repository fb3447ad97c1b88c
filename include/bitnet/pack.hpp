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

namespace BITNET_NAMESPACE {

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
    } else if constexpr (std::is_same_v<Format, Int4>) {
        return (codes & 0x0f0f0f0fu) ^ 0x08080808u; // w + 8
    } else {
        return ((codes & 0x7f7f7f7fu) + 0x01010101u) ^ (codes & 0x80808080u); // w + 1
    }
}

/// The reverse; a ternary 3 becomes 2.
template <class Format>
BITNET_INLINE std::uint32_t decode4(std::uint32_t u) noexcept {
    if constexpr (std::is_same_v<Format, Int8>) return u ^ 0x80808080u;
    if constexpr (std::is_same_v<Format, Binary>) u <<= 1;
    constexpr std::uint32_t zero = std::is_same_v<Format, Int6>   ? 0x20202020u
                                   : std::is_same_v<Format, Int4> ? 0x08080808u
                                                                  : 0x01010101u;
    return ((u | 0x80808080u) - zero) ^ 0x80808080u;
}

BITNET_INLINE std::uint32_t load32(const void* p) noexcept {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
BITNET_INLINE std::uint64_t load64(const void* p) noexcept {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
BITNET_INLINE void store32(void* p, std::uint32_t v) noexcept {
    std::memcpy(p, &v, sizeof v);
}

/// Columns that pack_row() and unpack_row() take at a time.
template <class Layout>
inline constexpr std::size_t step_cols =
    std::is_same_v<Layout, layout::Dense16> ? layout::Dense16::line_cols : layout::tile_cols;
/// Bytes from the lines of one step to those of the next.
template <class Format, class Layout>
inline constexpr std::size_t
    step_bytes = typename Layout::template mapping<Format>{16, step_cols<Layout>}.block_bytes();

/// Packs columns of one row of the tiled layouts: its lane of each line in turn.
/// codes (cols) int8, whole steps · out: the row's lane in their first line
template <class Format, class Layout>
BITNET_INLINE void pack_row(const std::int8_t* codes, std::size_t cols,
                            std::uint8_t* out) noexcept {
    for (std::size_t c = 0; c < cols; c += step_cols<Layout>, out += step_bytes<Format, Layout>) {
        if constexpr (std::is_same_v<Layout, layout::Planes16>) {
            std::uint32_t mask = 0, sign = 0;
            for (unsigned s = 0; s < 8; ++s) {
                const std::uint32_t v = load32(codes + c + 4 * s);
                mask |= (v & 0x01010101u) << s;
                sign |= (v & ~(v >> 7) & 0x01010101u) << s;
            }
            store32(out, mask);
            store32(out + layout::line_bytes, sign);
        } else if constexpr (std::is_same_v<Layout, layout::Six16>) {
            for (unsigned half = 0; half < 2; ++half) {
                const std::int8_t* const from = codes + c + 16 * half;
                std::uint8_t* const to = out + 3 * half * layout::line_bytes;
                const std::uint32_t last = encode4<Format>(load32(from + 12));
                for (unsigned l = 0; l < 3; ++l) {
                    const std::uint32_t two_bits = last >> 2 * l & 0x03030303u;
                    store32(to + l * layout::line_bytes,
                            encode4<Format>(load32(from + 4 * l)) | two_bits << 6);
                }
            }
        } else if constexpr (std::is_same_v<Layout, layout::Dense16>) {
            for (std::size_t j = 0; j < 4; ++j) {
                unsigned u[5];
                for (std::size_t s = 0; s < 5; ++s) u[s] = Format::encode(codes[c + 4 * s + j]);
                out[j] = Layout::encode(u);
            }
        } else {
            static_assert(std::is_same_v<Layout, layout::Rows16>);
            constexpr unsigned steps = 8 / Format::bits; // groups of four columns in a line
            for (unsigned line = 0; line < Format::bits; ++line) {
                std::uint32_t lane = 0;
                for (unsigned s = 0; s < steps; ++s) {
                    lane |= encode4<Format>(load32(codes + c + 4 * (line * steps + s)))
                            << (s * Format::bits);
                }
                store32(out + line * layout::line_bytes, lane);
            }
        }
    }
}

/// The reverse. What is no code becomes 2.
template <class Format, class Layout>
BITNET_INLINE void unpack_row(const std::uint8_t* in, std::size_t cols,
                              std::int8_t* codes) noexcept {
    for (std::size_t c = 0; c < cols; c += step_cols<Layout>, in += step_bytes<Format, Layout>) {
        if constexpr (std::is_same_v<Layout, layout::Planes16>) {
            const std::uint32_t mask = load32(in), sign = load32(in + layout::line_bytes);
            for (unsigned s = 0; s < 8; ++s) { // 2 sign - mask, in every byte
                const std::uint32_t twice = (sign >> s & 0x01010101u) << 1;
                store32(codes + c + 4 * s,
                        ((twice | 0x80808080u) - (mask >> s & 0x01010101u)) ^ 0x80808080u);
            }
        } else if constexpr (std::is_same_v<Layout, layout::Six16>) {
            for (unsigned half = 0; half < 2; ++half) {
                const std::uint8_t* const from = in + 3 * half * layout::line_bytes;
                std::int8_t* const to = codes + c + 16 * half;
                std::uint32_t last = 0;
                for (unsigned l = 0; l < 3; ++l) {
                    const std::uint32_t lane = load32(from + l * layout::line_bytes);
                    store32(to + 4 * l, decode4<Format>(lane & 0x3f3f3f3fu));
                    last |= (lane >> 6 & 0x03030303u) << 2 * l;
                }
                store32(to + 12, decode4<Format>(last));
            }
        } else if constexpr (std::is_same_v<Layout, layout::Dense16>) {
            for (std::size_t j = 0; j < 4; ++j) {
                unsigned u[5] = {3, 3, 3, 3, 3};
                if (Layout::is_legal(in[j])) Layout::decode(in[j], u);
                for (std::size_t s = 0; s < 5; ++s) {
                    codes[c + 4 * s + j] = static_cast<std::int8_t>(Format::decode(u[s]));
                }
            }
        } else {
            static_assert(std::is_same_v<Layout, layout::Rows16>);
            constexpr unsigned steps = 8 / Format::bits;
            constexpr std::uint32_t digit = ((1u << Format::bits) - 1) * 0x01010101u;
            for (unsigned line = 0; line < Format::bits; ++line) {
                const std::uint32_t lane = load32(in + line * layout::line_bytes);
                for (unsigned s = 0; s < steps; ++s) {
                    store32(codes + c + 4 * (line * steps + s),
                            decode4<Format>(lane >> (s * Format::bits) & digit));
                }
            }
        }
    }
}

/// Whether every value of a packed matrix, padding too, is one of the format's.
template <class Format, class Layout>
BITNET_INLINE bool all_encodings(const std::uint8_t* data, std::size_t bytes) noexcept {
    if constexpr (!std::is_same_v<Format, Ternary>) {
        static_assert(Format::is_encoding((1u << Format::bits) - 1));
        return true;
    } else {
        constexpr bool planes = std::is_same_v<Layout, layout::Planes16>;
        constexpr std::size_t step = planes ? 2 * layout::line_bytes : 8; // divides bytes
        for (std::size_t at = 0; at < bytes;) {
            const std::size_t end = bytes - at < 4096 ? bytes : at + 4096;
            std::uint64_t bad = 0; // a chunk without early exit is SIMD
            for (; at < end; at += step) {
                if constexpr (std::is_same_v<Layout, layout::Dense16>) {
                    for (std::size_t i = 0; i < step; ++i) bad |= !Layout::is_legal(data[at + i]);
                } else if constexpr (planes) {
                    for (std::size_t i = 0; i < layout::line_bytes; i += 8) {
                        bad |= load64(data + at + layout::line_bytes + i) & ~load64(data + at + i);
                    }
                } else {
                    const std::uint64_t w = load64(data + at);
                    bad |= w & w >> 1 & 0x5555555555555555u; // 3 is no code
                }
            }
            if (bad) return false;
        }
        return true;
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
        constexpr std::size_t step = detail::step_cols<Layout>;
        std::int8_t tail[step];
        for (std::size_t r = 0; r < map.padded_rows(); ++r) {
            std::uint8_t* row = out + r / 16 * map.block_bytes() + r % 16 * 4;
            const std::size_t whole = r < rows ? cols / step * step : 0;
            detail::pack_row<Format, Layout>(codes + (r < rows ? r : 0) * cols, whole, row);
            for (std::size_t c = whole; c < map.padded_cols(); c += step) {
                const std::size_t left = r < rows && c < cols ? cols - c : 0;
                std::memset(tail, pad_code, sizeof tail);
                if (left) std::memcpy(tail, codes + r * cols + c, left);
                detail::pack_row<Format, Layout>(
                    tail, step, row + c / step * detail::step_bytes<Format, Layout>);
            }
        }
    }
}

/// Packs row-major int8 codes.
/// codes (rows, cols), codes of the format: -1 1 (Binary), -1 0 1 (Ternary), -8 .. 7 (Int4),
/// -32 .. 31 (Int6), any (Int8)
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
    for (std::size_t r = first; r < first + out.size() / packed.cols; ++r) {
        std::size_t c = 0;
        if constexpr (!std::is_same_v<Layout, layout::RowMajor>) {
            c = packed.cols / detail::step_cols<Layout> * detail::step_cols<Layout>;
            detail::unpack_row<Format, Layout>(
                packed.data + r / 16 * packed.mapping().block_bytes() + r % 16 * 4, c, to);
        }
        for (; c < packed.cols; ++c) to[c] = static_cast<std::int8_t>(packed(r, c));
        to += packed.cols;
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
    // Where no value is illegal, only the padding is left to look at, one by one.
    const bool sound = detail::all_encodings<Format, Layout>(packed.data, map.bytes());
    for (std::size_t r = 0; r < map.padded_rows(); ++r) {
        for (std::size_t c = sound && r < packed.rows ? packed.cols : 0; c < map.padded_cols();
             ++c) {
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

} // namespace BITNET_NAMESPACE
