// SPDX-License-Identifier: MIT
// std::from_chars, also for floats where the standard library has it for integers alone, as libc++.
#pragma once

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <system_error>
#include <type_traits>

namespace bitnet::example {

/// As std::from_chars(first, last, number).
template <class Number>
std::from_chars_result read_number(const char* first, const char* last, Number& number) {
#if !defined(__cpp_lib_to_chars)
    if constexpr (std::is_floating_point_v<Number>) {
        // What strtod() reads beyond that: white space and a + in front, and hexadecimal digits.
        const std::string text(first, last);
        const std::size_t sign = text.starts_with('-') ? 1 : 0;
        const bool begins =
            text.size() > sign &&
            (std::isalnum(static_cast<unsigned char>(text[sign])) != 0 || text[sign] == '.');
        if (!begins) return {first, std::errc::invalid_argument};
        const std::size_t x = text.find_first_of("xX");
        const std::string decimal = text.substr(0, x);
        char* end = nullptr;
        errno = 0;
        Number value{};
        if constexpr (std::is_same_v<Number, float>) {
            value = std::strtof(decimal.c_str(), &end);
        } else {
            value = std::strtod(decimal.c_str(), &end);
        }
        const char* const stop = first + (end - decimal.c_str());
        if (stop == first) return {first, std::errc::invalid_argument};
        if (errno == ERANGE && (value == 0 || std::isinf(value))) { // not for subnormal numbers
            return {stop, std::errc::result_out_of_range};
        }
        number = value;
        return {stop, std::errc()};
    } else
#endif
    {
        return std::from_chars(first, last, number);
    }
}

} // namespace bitnet::example
