// SPDX-License-Identifier: MIT
// Errc, Error, Result<T>: how data errors are told, without exceptions or allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#if defined(__cpp_exceptions)
#include <exception>
#endif

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

/// What was wrong with the data.
enum class Errc : std::uint8_t {
    wrong_size,    ///< a span does not have the number of elements that the shape asks for
    too_large,     ///< cols >= 2^23, or a byte count that does not fit size_t
    bad_code,      ///< a code outside the format's code set
    bad_weight,    ///< a NaN or infinite weight
    bad_scale,     ///< a NaN or infinite scale, or a number of scales that fits no scheme
    bad_bias,      ///< a NaN or infinite bias
    bad_group,     ///< a group size other than 32, 64, 128, 256
    bad_header,    ///< packed bytes of another kind, version or shape
    bad_padding,   ///< padding that differs from the layout's contract
    misaligned,    ///< a mapped buffer that does not start at a multiple of 64 bytes
    out_of_memory, ///< an allocation failed
};

/// What was wrong and where: the index of the first offending element (of the span, or the byte).
struct Error {
    Errc code;
    std::size_t where = 0;

    /// One sentence that names the cause; a string literal, never freed.
    BITNET_INLINE std::string_view message() const noexcept {
        switch (code) {
        case Errc::wrong_size:
            return "size does not fit the shape";
        case Errc::too_large:
            return "shape is too large (cols must be below 2^23)";
        case Errc::bad_code:
            return "code is outside the format's code set";
        case Errc::bad_weight:
            return "weight is NaN or infinite";
        case Errc::bad_scale:
            return "scale is NaN or infinite, or their number fits no scheme";
        case Errc::bad_bias:
            return "bias is NaN or infinite";
        case Errc::bad_group:
            return "group must be 0, 32, 64, 128 or 256";
        case Errc::bad_header:
            return "packed bytes have another kind, version or shape";
        case Errc::bad_padding:
            return "padding differs from the layout's contract";
        case Errc::misaligned:
            return "buffer must start at a multiple of 64 bytes";
        case Errc::out_of_memory:
            return "out of memory";
        }
        return "unknown error";
    }
};

#if defined(__cpp_exceptions)
/// Thrown by Result::value() when there is none and exceptions are enabled.
struct BadResultAccess : std::exception {
    Error error;
    explicit BadResultAccess(Error e) noexcept : error(e) {}
    const char* what() const noexcept override { return error.message().data(); }
};
#endif

/// A T or an Error; reads like std::expected<T, Error>.
template <class T>
class [[nodiscard]] Result {
public:
    BITNET_INLINE Result(T value) noexcept : has_value_(true) {
        ::new (static_cast<void*>(&value_)) T(std::move(value));
    }
    BITNET_INLINE Result(Error error) noexcept : error_(error), has_value_(false) {}
    BITNET_INLINE Result(Result&& other) noexcept : error_{}, has_value_(other.has_value_) {
        if (has_value_) {
            ::new (static_cast<void*>(&value_)) T(std::move(other.value_));
        } else {
            error_ = other.error_;
        }
    }
    BITNET_INLINE Result& operator=(Result&& other) noexcept {
        if (this != &other) {
            this->~Result();
            ::new (static_cast<void*>(this)) Result(std::move(other));
        }
        return *this;
    }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    BITNET_INLINE ~Result() {
        if (has_value_) value_.~T();
    }

    BITNET_INLINE explicit operator bool() const noexcept { return has_value_; }
    BITNET_INLINE bool has_value() const noexcept { return has_value_; }

    /// pre: the result holds a value
    BITNET_INLINE T& operator*() & noexcept {
        BITNET_ASSERT(has_value_);
        return value_;
    }
    BITNET_INLINE const T& operator*() const& noexcept {
        BITNET_ASSERT(has_value_);
        return value_;
    }
    BITNET_INLINE T&& operator*() && noexcept {
        BITNET_ASSERT(has_value_);
        return std::move(value_);
    }
    BITNET_INLINE T* operator->() noexcept {
        BITNET_ASSERT(has_value_);
        return &value_;
    }
    BITNET_INLINE const T* operator->() const noexcept {
        BITNET_ASSERT(has_value_);
        return &value_;
    }

    /// The value; throws BadResultAccess when there is none (with -fno-exceptions: a precondition).
    BITNET_INLINE T& value() & {
        expect_value();
        return value_;
    }
    BITNET_INLINE const T& value() const& {
        expect_value();
        return value_;
    }
    BITNET_INLINE T&& value() && {
        expect_value();
        return std::move(value_);
    }

    /// pre: the result holds an error
    BITNET_INLINE Error error() const noexcept {
        BITNET_ASSERT(!has_value_);
        return error_;
    }

private:
    BITNET_INLINE void expect_value() const {
#if defined(__cpp_exceptions)
        if (!has_value_) throw BadResultAccess(error_);
#else
        BITNET_ASSERT(has_value_);
#endif
    }

    union {
        T value_;
        Error error_;
    };
    bool has_value_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    BITNET_INLINE Result() noexcept = default;
    BITNET_INLINE Result(Error error) noexcept : error_(error), has_value_(false) {}
    BITNET_INLINE explicit operator bool() const noexcept { return has_value_; }
    BITNET_INLINE bool has_value() const noexcept { return has_value_; }
    /// pre: the result holds an error
    BITNET_INLINE Error error() const noexcept {
        BITNET_ASSERT(!has_value_);
        return error_;
    }

private:
    Error error_{};
    bool has_value_ = true;
};

} // namespace BITNET_NAMESPACE
