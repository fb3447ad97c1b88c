// SPDX-License-Identifier: MIT
// What the page calls: plain functions over numbers and memory. Text comes back through
// page_text(), as UTF-8 or as JSON; a function that can fail returns 0 then, and the text is the
// error. One caller, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#if defined(__EMSCRIPTEN__)
#include <emscripten/emscripten.h>
#define PAGE_FUNCTION extern "C" EMSCRIPTEN_KEEPALIVE
#else
#define PAGE_FUNCTION extern "C"
#endif

namespace bitnet::page {

/// The text of the last call. Assigned by it, and valid until the next one.
std::string& text();

/// Runs f, which gives the result; an exception becomes the text, and the result 0.
int guarded(int (*f)(void*), void* context) noexcept;
template <class F>
int guarded(F&& f) noexcept {
    return guarded([](void* context) { return (*static_cast<F*>(context))(); }, &f);
}

/// JSON: a string with its quotes, and a float such that reading it gives it back.
std::string quoted(std::string_view text);
std::string number(float value);
/// "[1,2,3]" of anything that to_text(element) makes text of.
template <class Range, class ToText>
std::string list(const Range& range, const ToText& to_text) {
    std::string all = "[";
    for (const auto& element : range) {
        if (all.size() > 1) all += ',';
        all += to_text(element);
    }
    return all + "]";
}

} // namespace bitnet::page

/// The text of the last call: its bytes and how many.
PAGE_FUNCTION const char* page_text();
PAGE_FUNCTION std::size_t page_text_bytes();
/// Memory for what a call takes: floats, text or a file, at a cache line; 0 where there is none.
PAGE_FUNCTION void* page_memory(std::size_t bytes);
PAGE_FUNCTION void page_free(void* memory);
/// {"version", "in_use", "clusters": [{"name", "wrong"}]}: for each cluster the function whose
/// result is not the scalar one's, or null.
PAGE_FUNCTION void page_self_test();

// --- story.cpp ---
/// Takes a .bitnet file in memory of page_memory(), and frees it. `name` begins the error.
/// Text: {"weights", "layers", "dim", "context", "vocab", "bytes"}
PAGE_FUNCTION int page_load(void* file, std::size_t bytes, const char* name);
/// A new story; text: what the model makes of the prompt. `seed` is a whole number as text, for
/// JavaScript's numbers hold only 53 bits of one.
PAGE_FUNCTION int page_begin(const char* prompt, const char* seed, float temperature, float top_p,
                             unsigned top_k, unsigned tokens);
/// One token: 1 and its bytes, which may be a part of a character; 3 and those of the last, which
/// ends the text; 2 where the context is full; 0 is an error.
PAGE_FUNCTION int page_next();

// --- speed.cpp ---
/// Products of (size, size) weights with `tokens` tokens, on the cluster of that name, for at least
/// that long. Text: GOP/s, a product and a sum being two operations. The result is compared with a
/// plain loop first, and 0 is an error.
PAGE_FUNCTION int page_speed(const char* product, const char* cluster, unsigned size,
                             unsigned tokens, double milliseconds);

// --- playground.cpp ---
/// weights (rows, cols), x (cols). Text: {"codes", "scale", "x_codes", "x_scale", "dots", "y",
/// "exact"}, where "exact" is the product of the floats.
/// formats: "ternary-int8" and the like, weights and activations
PAGE_FUNCTION int page_quantize(const char* formats, const float* weights, unsigned rows,
                                unsigned cols, const float* x);
