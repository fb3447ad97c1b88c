// SPDX-License-Identifier: MIT
// Errc, Error, Result<T>: how data errors are told, without exceptions or allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#if defined(__cpp_exceptions)
#include <exception>
#endif

#include <bitnet/config.hpp>
#include <bitnet/isa/features.hpp>

namespace BITNET_NAMESPACE {

/// What was wrong with the data.
enum class Errc : std::uint8_t {
    wrong_size,    ///< a span that does not have as many elements as the shape asks for
    empty_shape,   ///< no rows, or no cols
    too_large,     ///< more rows or cols than the format allows, or than size_t counts the bytes of
    bad_code,      ///< a code outside the format's code set
    bad_weight,    ///< a NaN or infinite weight
    bad_scale,     ///< a NaN or infinite scale
    bad_bias,      ///< a NaN or infinite bias
    bad_group,     ///< a group size other than 32, 64, 128 or 256
    bad_header,    ///< packed bytes of another kind, version or shape
    bad_padding,   ///< padding that differs from the layout's contract
    misaligned,    ///< a mapped buffer that does not start at a multiple of 64 bytes
    out_of_memory, ///< an allocation failed
};

namespace detail {
struct ErrcText {
    const char *name, *sentence;
    bool has_position; ///< whether an element or a byte is to blame
};
/// In the order of Errc.
BITNET_HIDDEN inline constexpr ErrcText errc_texts[] = {
    {"wrong_size", "size does not fit the shape", true},
    {"empty_shape", "rows and cols must be at least 1", false},
    {"too_large", "shape is too large", false},
    {"bad_code", "code is outside the format's code set", true},
    {"bad_weight", "weight is NaN or infinite", true},
    {"bad_scale", "scale is NaN or infinite", true},
    {"bad_bias", "bias is NaN or infinite", true},
    {"bad_group", "group is not 32, 64, 128 or 256", false},
    {"bad_header", "packed bytes have another kind, version or shape", true},
    {"bad_padding", "padding differs from the layout's contract", true},
    {"misaligned", "buffer must start at a multiple of 64 bytes", false},
    {"out_of_memory", "out of memory", false},
};
static_assert(sizeof errc_texts / sizeof errc_texts[0] ==
              static_cast<std::size_t>(Errc::out_of_memory) + 1);

BITNET_INLINE constexpr ErrcText text_of(Errc code) noexcept {
    const auto i = static_cast<std::size_t>(code);
    return i < sizeof errc_texts / sizeof errc_texts[0]
               ? errc_texts[i]
               : ErrcText{"unknown", "unknown error", false};
}
} // namespace detail

/// The name of a code: "bad_code", say.
BITNET_INLINE constexpr std::string_view to_string(Errc code) noexcept {
    return detail::text_of(code).name;
}

/// What was wrong and where.
struct Error {
    Errc code;
    /// The index of the first offending element of the span, or byte of the packed bytes. With
    /// wrong_size that of the first one missing or too many. 0 where no element is to blame: with
    /// empty_shape, too_large, bad_group, misaligned, out_of_memory.
    std::size_t where = 0;
    /// A sentence that says more than the code does, the limits of the format, say; or nullptr.
    const char* text = nullptr;

    /// One sentence that names the cause; a string literal or made at compile time, never freed.
    BITNET_INLINE constexpr std::string_view message() const noexcept {
        return text ? text : detail::text_of(code).sentence;
    }
};

#if defined(__cpp_exceptions)
/// Thrown by Result::value() when there is none and exceptions are enabled.
class BadResultAccess : public std::exception {
public:
    Error error;

    BITNET_INLINE explicit BadResultAccess(Error e) noexcept : error(e) {
        char digits[20]; // of 2^64 - 1
        std::size_t first = sizeof digits;
        do {
            digits[--first] = static_cast<char>('0' + e.where % 10);
            e.where /= 10;
        } while (e.where != 0);
        std::string_view parts[]{
            to_string(e.code), " at ", {digits + first, sizeof digits - first}, ": ", e.message()};
        if (!detail::text_of(e.code).has_position) parts[1] = parts[2] = "";
        std::size_t size = 0;
        for (std::string_view part : parts) {
            const std::size_t room = sizeof what_ - 1 - size;
            const std::size_t n = part.size() < room ? part.size() : room;
            std::memcpy(what_ + size, part.data(), n);
            size += n;
        }
    }
    BITNET_INLINE BadResultAccess(const BadResultAccess&) noexcept = default;
    BITNET_INLINE BadResultAccess& operator=(const BadResultAccess&) noexcept = default;
    /// The code, the position if there is one, and the sentence: "bad_code at 7: ...".
    const char* what() const noexcept override { return what_; }

private:
    char what_[160] = {};
};

namespace detail {
/// Out of line, so that a call of value() costs a branch.
template <unsigned long long Flags>
[[noreturn]] BITNET_NOINLINE void throw_bad_result_access(Error error) {
    throw BadResultAccess(error);
}
} // namespace detail
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
        if (!has_value_) detail::throw_bad_result_access<isa::flag_set>(error_);
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
