// SPDX-License-Identifier: MIT
// What the program and the tests use of C++20 and libc++ 13 lacks, which is the one of emscripten
// 3.1.6, of Debian 12. cmake/toolchains/wasm.cmake includes it into every unit; with a newer libc++
// it is empty. The library's own headers need none of it.
#pragma once

#if __cplusplus >= 202002L // what CMake tries by itself is older, and includes nothing
#include <version>         // defines _LIBCPP_VERSION
#endif

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000
#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <system_error>
#include <type_traits>
#include <vector>

namespace std {

template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
    static_assert(sizeof(To) == sizeof(From) && is_trivially_copyable_v<To> &&
                  is_trivially_copyable_v<From>);
    return __builtin_bit_cast(To, from);
}

// The shortest decimal text that gives the value back.
inline to_chars_result to_chars(char* first, char* last, float value) {
    char text[32];
    int length = 0;
    for (int digits = 1; digits <= 9; ++digits) {
        length = snprintf(text, sizeof text, "%.*g", digits, static_cast<double>(value));
        if (strtof(text, nullptr) == value) break;
    }
    if (last - first < length) return {last, errc::value_too_large};
    return {copy(text, text + length, first), errc()};
}

template <class T, class A>
constexpr auto operator<=>(const vector<T, A>& a, const vector<T, A>& b) {
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (const auto order = a[i] <=> b[i]; order != 0) return order;
    }
    return a.size() <=> b.size();
}

namespace ranges {

template <class A, class B>
constexpr bool equal(const A& a, const B& b) {
    return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b));
}
template <class I1, class I2>
struct in_in_result {
    I1 in1;
    I2 in2;
};
template <class A, class B>
constexpr auto mismatch(A&& a, B&& b) {
    const auto [x, y] = std::mismatch(std::begin(a), std::end(a), std::begin(b), std::end(b));
    return in_in_result<decltype(std::begin(a)), decltype(std::begin(b))>{x, y};
}
template <class R, class T>
constexpr auto count(const R& range, const T& value) {
    return std::count(std::begin(range), std::end(range), value);
}
template <class R>
constexpr auto max(const R& range) {
    return *std::max_element(std::begin(range), std::end(range));
}
template <class R, class T, class Projection>
constexpr auto find(R&& range, const T& value, Projection projection) {
    return std::find_if(std::begin(range), std::end(range), [&](const auto& element) {
        return std::invoke(projection, element) == value;
    });
}
template <class R>
constexpr void sort(R&& range) {
    std::sort(std::begin(range), std::end(range));
}

} // namespace ranges
} // namespace std
#endif
