// SPDX-License-Identifier: MIT
// Text, memory and the self-test of the page.
#include "page.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/tensor.hpp>
#include <bitnet/version.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <new>

namespace bitnet::page {

std::string& text() {
    static std::string last;
    return last;
}

int guarded(int (*f)(void*), void* context) noexcept {
    try {
        return f(context);
    } catch (const std::bad_alloc&) {
        text() = "not enough memory";
    } catch (const std::exception& error) {
        text() = error.what();
    }
    return 0;
}

std::string quoted(std::string_view plain) {
    std::string json = "\"";
    for (const char c : plain) {
        if (c == '"' || c == '\\') json += '\\';
        const bool is_control = static_cast<unsigned char>(c) < 0x20;
        json += is_control ? ' ' : c; // names have none
    }
    return json + "\"";
}

std::string number(float value) {
    if (!std::isfinite(value)) return "null"; // JSON has no other
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.9g", static_cast<double>(value));
    return digits;
}

} // namespace bitnet::page

using namespace bitnet;

const char* page_text() {
    return page::text().data();
}
std::size_t page_text_bytes() {
    return page::text().size();
}

void* page_memory(std::size_t bytes) {
    return ::operator new (bytes, std::align_val_t{AlignedBytes::alignment}, std::nothrow);
}
void page_free(void* memory) {
    ::operator delete (memory, std::align_val_t{AlignedBytes::alignment});
}

void page_self_test() {
    const std::string clusters = page::list(dispatch::built(), [](const char* name) {
        const char* const wrong = dispatch::self_test(*dispatch::find(name));
        return "{\"name\":" + page::quoted(name) +
               ",\"wrong\":" + (wrong ? page::quoted(wrong) : "null") + "}";
    });
    page::text() = "{\"version\":" + page::quoted(BITNET_VERSION_STRING) +
                   ",\"in_use\":" + page::quoted(dispatch::name()) + ",\"clusters\":" + clusters +
                   "}";
}
