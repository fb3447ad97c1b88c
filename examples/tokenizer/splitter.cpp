// SPDX-License-Identifier: MIT
// Splitting by PCRE2. A build without it knows patterns and cannot run them.
#include "splitter.hpp"

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#if BITNET_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

namespace bitnet::example {

#if BITNET_PCRE2
namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};
using Code = std::unique_ptr<pcre2_code, Deleter<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Deleter<pcre2_jit_stack_free>>;

std::string text_of(int error) {
    unsigned char text[256] = {};
    pcre2_get_error_message(error, text, sizeof text);
    return reinterpret_cast<const char*>(text);
}

// PCRE2's \s has U+180E as well, which Unicode took out of White_Space, and tokenizers' \s has not.
std::string with_white_space(std::string_view pattern) {
    std::string result;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const std::string_view two = pattern.substr(i, 2);
        if (two == "\\s" || two == "\\S") {
            result += two == "\\s" ? "\\p{White_Space}" : "\\P{White_Space}";
            ++i;
        } else if (two.size() == 2 && two[0] == '\\') {
            result += two;
            ++i;
        } else {
            result += pattern[i];
        }
    }
    return result;
}

Code compile(std::string_view pattern) {
    const std::string text = with_white_space(pattern);
    int error = 0;
    std::size_t at = 0;
    Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at, nullptr));
    if (!code) throw UserError("tokenizer: its pattern for pieces is none: " + text_of(error));
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE); // where there is no JIT, PCRE2 interprets
    return code;
}

// What matching needs beside a pattern, once for all pieces of a text.
class Matcher {
public:
    explicit Matcher(std::size_t text_bytes)
        : data_(pcre2_match_data_create(1, nullptr)), context_(pcre2_match_context_create(nullptr)),
          stack_(pcre2_jit_stack_create(1 << 15, 1 << 20, nullptr)) {
        if (!data_ || !context_) throw std::bad_alloc();
        pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
        // Going back over white space takes a step for each character; nothing known takes more.
        constexpr std::size_t least = 1'000'000, most = 0xFFFFFFFF;
        const std::size_t steps = std::clamp(4 * text_bytes, least, most);
        pcre2_set_match_limit(context_.get(), static_cast<std::uint32_t>(steps));
    }

    // The first match at or after `start`; begin == npos: there is none.
    struct Range {
        std::size_t begin = std::string_view::npos, end = 0;
    };
    Range match(const pcre2_code* code, std::string_view text, std::size_t start) const {
        const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                      start, PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
        if (found == PCRE2_ERROR_NOMATCH) return {};
        if (found < 0) {
            throw UserError("tokenizer: its pattern cannot split this text: " + text_of(found));
        }
        const std::size_t* range = pcre2_get_ovector_pointer(data_.get());
        return {std::max(range[0], start), range[1]}; // \K moves the begin, to anywhere
    }

private:
    MatchData data_;
    MatchContext context_;
    JitStack stack_;
};

} // namespace

class Splitter::Pattern {
public:
    explicit Pattern(std::string_view pattern) : code_(compile(pattern)) {}

    // Pieces of UTF-8.
    void split(std::string_view text, const Matcher& matcher,
               std::vector<std::string_view>& pieces) const {
        std::size_t done = 0; // what has become pieces
        for (std::size_t start = 0; start < text.size();) {
            const auto [begin, end] = matcher.match(code_.get(), text, start);
            if (begin == std::string_view::npos) break;
            if (begin > done) pieces.push_back(text.substr(done, begin - done));
            if (end > begin) pieces.push_back(text.substr(begin, end - begin));
            done = std::max(begin, end);
            start = done > start ? done : start + first_character(text.substr(start)).bytes;
        }
        if (done < text.size()) pieces.push_back(text.substr(done));
    }

private:
    Code code_;
};

#else

namespace {

struct Matcher {
    explicit Matcher(std::size_t) {}
};

} // namespace

class Splitter::Pattern {
public:
    explicit Pattern(std::string_view) {}
    [[noreturn]] void split(std::string_view, const Matcher&,
                            std::vector<std::string_view>&) const {
        throw UserError("tokenizer: it splits text by a regular expression, and this build lacks "
                        "PCRE2: give ids in place of text");
    }
};

#endif

Splitter::Splitter(const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) patterns_.emplace_back(pattern);
}
Splitter::Splitter(Splitter&&) noexcept = default;
Splitter::~Splitter() = default;

void Splitter::split(std::string_view text, std::vector<std::string_view>& pieces) const {
    if (patterns_.empty()) {
        if (!text.empty()) pieces.push_back(text);
        return;
    }
    const Matcher matcher(text.size());
    std::vector<std::string_view> from, to;
    while (!text.empty()) {
        const std::size_t valid = utf8_prefix(text);
        from.assign(1, text.substr(0, valid));
        for (const Pattern& pattern : patterns_) {
            to.clear();
            for (const std::string_view piece : from) pattern.split(piece, matcher, to);
            from.swap(to);
        }
        pieces.insert(pieces.end(), from.begin(), from.end());
        text.remove_prefix(valid);
        if (const std::size_t other = other_prefix(text); other != 0) {
            pieces.push_back(text.substr(0, other));
            text.remove_prefix(other);
        }
    }
}

} // namespace bitnet::example
