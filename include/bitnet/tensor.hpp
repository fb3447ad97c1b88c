// SPDX-License-Identifier: MIT
// Tensors: Matrix (a strided view of plain values), AlignedBytes (owning memory),
// PackedView and PackedTensor (codes of a Format in a Layout). None of them carries an ISA, so
// objects cross translation units freely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include <bitnet/config.hpp>
#include <bitnet/errors.hpp>
#include <bitnet/large_pages.hpp>
#include <bitnet/layout.hpp>
#include <bitnet/result.hpp>

namespace BITNET_NAMESPACE {

/// A row-major matrix that somebody else owns; row r starts at data + r * stride (in values).
template <class T>
struct Matrix {
    T* data = nullptr;
    std::size_t rows = 0, cols = 0, stride = 0;

    BITNET_INLINE constexpr Matrix() noexcept = default;
    BITNET_INLINE constexpr Matrix(T* d, std::size_t r, std::size_t c, std::size_t s) noexcept
        : data(d), rows(r), cols(c), stride(s) {}
    /// Dense rows.
    BITNET_INLINE constexpr Matrix(T* d, std::size_t r, std::size_t c) noexcept
        : Matrix(d, r, c, c) {}
    BITNET_INLINE constexpr operator Matrix<const T>() const noexcept {
        return {data, rows, cols, stride};
    }
    BITNET_INLINE constexpr T* row(std::size_t r) const noexcept { return data + r * stride; }
};

namespace detail {
/// The T that lie at p, which is aligned for them.
template <class T>
BITNET_INLINE T* as(std::byte* p) noexcept {
    return static_cast<T*>(static_cast<void*>(p));
}
template <class T>
BITNET_INLINE const T* as(const std::byte* p) noexcept {
    return static_cast<const T*>(static_cast<const void*>(p));
}
/// The low bits of v as a size_t, without a cast that 64-bit targets call useless.
BITNET_INLINE constexpr std::size_t to_size(std::uint64_t v) noexcept {
    return v & static_cast<std::size_t>(-1);
}
} // namespace detail

namespace detail {
/// Memory at alignment_for(size), in large pages where the system grants them; null when there is
/// none. No object has more bytes than a pointer difference counts, and some allocators add to such
/// a size until it wraps.
BITNET_INLINE std::byte* allocate(std::size_t size) noexcept {
    if (size > static_cast<std::size_t>(-1) / 2) return nullptr;
    void* const p = ::operator new (size, std::align_val_t{alignment_for(size)}, std::nothrow);
    if (p && size >= 2 * large_page) advise_large_pages(p, size);
    return static_cast<std::byte*>(p);
}
} // namespace detail

/// Memory with one owner, 64-byte aligned; empty when the allocation failed. From 4 MiB on it
/// begins at a large page and asks the system for such pages: see large_pages.hpp.
class AlignedBytes {
public:
    static constexpr std::size_t alignment = 64; // a cache line, an AVX-512 register

    BITNET_INLINE AlignedBytes() noexcept = default;
    BITNET_INLINE explicit AlignedBytes(std::size_t size) noexcept
        : data_(detail::allocate(size)), size_(data_ ? size : 0) {}
    BITNET_INLINE AlignedBytes(AlignedBytes&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    BITNET_INLINE AlignedBytes& operator=(AlignedBytes&& other) noexcept {
        if (this == &other) return *this;
        AlignedBytes old(std::move(*this)); // freed here, not when other goes
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    AlignedBytes(const AlignedBytes&) = delete;
    AlignedBytes& operator=(const AlignedBytes&) = delete;
    BITNET_INLINE ~AlignedBytes() {
        if (data_) ::operator delete (data_, std::align_val_t{alignment_for(size_)});
    }

    BITNET_INLINE explicit operator bool() const noexcept { return data_ != nullptr; }
    BITNET_INLINE std::byte* data() const noexcept { return data_; }
    BITNET_INLINE std::size_t size() const noexcept { return size_; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {
/// The first multiple of AlignedBytes::alignment from p on.
BITNET_INLINE std::byte* align(std::byte* p) noexcept {
    constexpr std::size_t alignment = AlignedBytes::alignment;
    const std::size_t past = reinterpret_cast<std::uintptr_t>(p) % alignment;
    return p + (alignment - past) % alignment;
}
} // namespace detail

/// A x B, or false where the product does not fit.
BITNET_INLINE constexpr bool checked_mul(std::size_t a, std::size_t b, std::size_t& out) noexcept {
    if (b != 0 && a > static_cast<std::size_t>(-1) / b) return false;
    out = a * b;
    return true;
}

/// Whether a matrix of this shape can be packed: rows >= 1, 1 <= cols <= MostCols (max_cols_of its
/// format), and its bytes, in any layout and as floats, fit size_t, twice over.
/// err: empty_shape, too_large
template <std::size_t MostCols = max_cols>
BITNET_INLINE constexpr Result<void> check_shape(std::size_t rows, std::size_t cols) noexcept {
    std::size_t values = 0;
    if (rows == 0 || cols == 0) return Error{Errc::empty_shape};
    if (cols > MostCols) return detail::too_many_cols<MostCols>();
    if (rows > static_cast<std::size_t>(-1) - 64 ||
        !checked_mul(round_up(rows, layout::tile_rows), round_up(cols, 64), values) ||
        values > static_cast<std::size_t>(-1) / 8) {
        return Error{Errc::too_large, 0, "shape is too large: size_t does not count its bytes"};
    }
    return {};
}

/// Packed codes of a (rows, cols) matrix that somebody else owns.
template <class Format, class Layout = layout::Rows16>
struct PackedView {
    using mapping_type = typename Layout::template mapping<Format>;

    const std::uint8_t* data = nullptr;
    std::size_t rows = 0, cols = 0;

    BITNET_INLINE constexpr mapping_type mapping() const noexcept { return {rows, cols}; }
    BITNET_INLINE constexpr std::size_t bytes() const noexcept { return mapping().bytes(); }
    /// The value at (r, c).
    BITNET_INLINE constexpr int operator()(std::size_t r, std::size_t c) const noexcept {
        return Format::decode(mapping().load(data, r, c));
    }

    /// A view of bytes in this layout.
    /// err: empty_shape, too_large, wrong_size
    BITNET_INLINE static Result<PackedView> make(std::span<const std::byte> bytes, std::size_t rows,
                                                 std::size_t cols) noexcept {
        if (Result<void> shape = check_shape<max_cols_of<Format>>(rows, cols); !shape) {
            return shape.error();
        }
        const PackedView view{reinterpret_cast<const std::uint8_t*>(bytes.data()), rows, cols};
        if (bytes.size() != view.bytes()) {
            return detail::wrong_size(bytes.size(), view.bytes(),
                                      "number of bytes is not that of the shape");
        }
        return view;
    }
};

/// Weight scales as kernels read them, see pack_scales(): 16 floats for each block of 16 rows and
/// each group of columns. A stride of 0 repeats them; 2^block_shift blocks share them. Layers may
/// hold those of groups as IEEE 754 halves.
struct ScaleView {
    const float* data = nullptr;
    std::size_t block_stride = 0, group_stride = 0;
    std::size_t group = 0; ///< columns per scale; 0 = all
    unsigned block_shift = 0;
    const std::uint16_t* halves = nullptr; ///< in the place of data; or nullptr

    BITNET_INLINE constexpr std::size_t offset(std::size_t block, std::size_t g) const noexcept {
        return (block >> block_shift) * block_stride + g * group_stride;
    }
    /// pre: they are floats
    BITNET_INLINE constexpr const float* at(std::size_t block, std::size_t g) const noexcept {
        return data + offset(block, g);
    }
};

/// Packed codes of a (rows, cols) matrix, owned.
template <class Format, class Layout = layout::Rows16>
class PackedTensor {
public:
    /// All bytes zero. Empty (false) when the allocation failed. pre: check_shape(rows, cols)
    BITNET_INLINE PackedTensor(std::size_t rows, std::size_t cols) noexcept
        : bytes_(typename Layout::template mapping<Format>{rows, cols}.bytes()), rows_(rows),
          cols_(cols) {
        if (bytes_) std::memset(bytes_.data(), 0, bytes_.size());
    }

    BITNET_INLINE PackedTensor(PackedTensor&& other) noexcept
        : bytes_(std::move(other.bytes_)), rows_(std::exchange(other.rows_, 0)),
          cols_(std::exchange(other.cols_, 0)) {}
    BITNET_INLINE PackedTensor& operator=(PackedTensor&& other) noexcept {
        bytes_ = std::move(other.bytes_);
        rows_ = std::exchange(other.rows_, 0);
        cols_ = std::exchange(other.cols_, 0);
        return *this;
    }
    BITNET_INLINE ~PackedTensor() = default;

    BITNET_INLINE explicit operator bool() const noexcept { return static_cast<bool>(bytes_); }
    BITNET_INLINE std::uint8_t* data() const noexcept {
        return reinterpret_cast<std::uint8_t*>(bytes_.data());
    }
    BITNET_INLINE std::size_t rows() const noexcept { return rows_; }
    BITNET_INLINE std::size_t cols() const noexcept { return cols_; }
    BITNET_INLINE std::span<const std::byte> bytes() const noexcept {
        return {bytes_.data(), bytes_.size()};
    }
    BITNET_INLINE PackedView<Format, Layout> view() const noexcept {
        return {data(), rows_, cols_};
    }
    BITNET_INLINE operator PackedView<Format, Layout>() const noexcept { return view(); }

private:
    AlignedBytes bytes_;
    std::size_t rows_, cols_;
};

} // namespace BITNET_NAMESPACE
