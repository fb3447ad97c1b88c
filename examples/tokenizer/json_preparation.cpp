// SPDX-License-Identifier: MIT
// Normalizers, pre-tokenizers, post-processors and decoders of tokenizer.json.
#include "json_preparation.hpp"

#include "in_quotes.hpp"
#include "split_patterns.hpp"

#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {
namespace {

using namespace json_fields;
using Kind = Vocabulary::Kind;
using Space = Vocabulary::Space;

constexpr std::string_view piece_space = "\xE2\x96\x81"; // U+2581

[[noreturn]] void refuse_part(const char* where, const std::string& what) {
    refuse("\"" + std::string(where) + "\" is not supported: " + what);
}

// The parts of a sequence, or the one part that stands alone.
std::vector<const Json*> parts(const Json& root, const char* where, const char* list) {
    std::vector<const Json*> result;
    const Json& whole = field(root, where);
    if (whole.is_null()) return result;
    if (text(whole, "type") != "Sequence") return {&whole};
    for (const Json& part : array(whole, list)) result.push_back(&part);
    return result;
}
std::vector<const Json*> normalizers(const Json& root) {
    return parts(root, "normalizer", "normalizers");
}
std::vector<const Json*> pre_tokenizers(const Json& root) {
    return parts(root, "pre_tokenizer", "pretokenizers");
}
std::vector<const Json*> decoders(const Json& root) {
    return parts(root, "decoder", "decoders");
}

bool has(const std::vector<const Json*>& parts, std::string_view type) {
    for (const Json* part : parts) {
        if (text(*part, "type") == type) return true;
    }
    return false;
}

// {"String": "..."} of a part.
std::string_view string_pattern(const Json& part) {
    const Json& pattern = field(part, "pattern");
    const Json& string = pattern.is_object() ? field(pattern, "String") : pattern;
    return string.is_string() ? std::string_view(string.get_ref<const std::string&>())
                              : std::string_view();
}

void read_normalizer(const Json& part, Vocabulary& v) {
    const std::string& type = text(part, "type");
    const bool pieces = v.kind != Kind::byte_level;
    if (type == "NFC" && !pieces) {
        v.nfc = true;
    } else if (type == "Prepend" && pieces && text(part, "prepend") == piece_space) {
        v.space = Space::each;
    } else if (type == "Replace" && pieces && string_pattern(part) == " " &&
               text(part, "content") == piece_space) {
        // as all texts of pieces are
    } else {
        refuse_part("normalizer", in_quotes(type));
    }
}

std::string pattern_of(std::string_view literal) {
    std::string pattern;
    for (const char c : literal) {
        const bool mark = c >= '!' && c <= '~' && !std::isalnum(static_cast<unsigned char>(c));
        if (mark) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

void read_split(const Json& part, Vocabulary& v) {
    const std::string& behavior = text(part, "behavior");
    if (behavior != "Isolated")
        refuse_part("pre_tokenizer", "Split with behavior " + in_quotes(behavior));
    const Json& pattern = field(part, "pattern");
    if (pattern.is_object() && field(pattern, "Regex").is_string()) {
        v.patterns.push_back(text(pattern, "Regex"));
    } else if (const std::string_view string = string_pattern(part); !string.empty()) {
        v.patterns.push_back(pattern_of(string));
    } else {
        refuse_part("pre_tokenizer", "Split without a pattern");
    }
}

void read_byte_level(const Json& part, Vocabulary& v) {
    if (flag(part, "add_prefix_space", true)) {
        if (!v.patterns.empty()) {
            refuse_part("pre_tokenizer", "ByteLevel with add_prefix_space behind another one");
        }
        v.space = Space::each;
        v.space_unless_there = v.space_last = true;
    }
    if (flag(part, "use_regex", true)) v.patterns.push_back(gpt2_pattern);
}

void read_metaspace(const Json& part, Vocabulary& v) {
    if (text(part, "replacement") != piece_space)
        refuse_part("pre_tokenizer", "Metaspace with another replacement");
    if (flag(part, "split", true)) refuse_part("pre_tokenizer", "Metaspace that splits");
    if (v.space != Space::never) refuse_part("pre_tokenizer", "Metaspace behind Prepend");
    std::string scheme = flag(part, "add_prefix_space", true) ? "always" : "never";
    if (!field(part, "prepend_scheme").is_null()) scheme = text(part, "prepend_scheme");
    if (scheme != "always" && scheme != "first" && scheme != "never") {
        refuse_part("pre_tokenizer", "Metaspace with prepend_scheme " + in_quotes(scheme));
    }
    v.space = scheme == "always" ? Space::each : scheme == "first" ? Space::first : Space::never;
    v.space_unless_there = v.space_last = true;
}

void read_pre_tokenizers(const Json& root, Vocabulary& v) {
    const std::vector<const Json*> all = pre_tokenizers(root);
    const bool pieces = v.kind != Kind::byte_level;
    for (const Json* part : all) {
        const std::string& type = text(*part, "type");
        if (type == "ByteLevel" && !pieces) {
            // It would cut the letters that stand for bytes: a byte of a Chinese character may be
            // "¼", which is a number.
            if (part != all.back()) refuse_part("pre_tokenizer", "a part behind ByteLevel");
            read_byte_level(*part, v);
        } else if (type == "Punctuation" && !pieces) {
            const std::string behavior =
                field(*part, "behavior").is_null() ? "Isolated" : text(*part, "behavior");
            if (behavior != "Isolated" && behavior != "Contiguous") {
                refuse_part("pre_tokenizer", "Punctuation with behavior " + in_quotes(behavior));
            }
            v.patterns.push_back(punctuation_pattern +
                                 std::string(behavior == "Contiguous" ? "+" : ""));
        } else if (type == "Split" && !pieces) {
            read_split(*part, v);
        } else if (type == "Digits" && !pieces) {
            v.patterns.push_back(flag(*part, "individual_digits", false) ? R"(\p{N})"
                                                                         : R"(\p{N}+)");
        } else if (type == "Metaspace" && pieces && all.size() == 1) {
            read_metaspace(*part, v);
        } else {
            refuse_part("pre_tokenizer", in_quotes(type));
        }
    }
}

int template_id(const Json& processor, const Json& item) {
    const Json& special =
        field(field(processor, "special_tokens"), text(field(item, "SpecialToken"), "id").c_str());
    const Json& ids = array(special, "ids");
    constexpr std::uint64_t limit = Vocabulary::max_tokens;
    if (ids.size() != 1 || !ids[0].is_number_unsigned() || ids[0].get<std::uint64_t>() >= limit) {
        refuse("a special token of \"post_processor\" must have one id");
    }
    return ids[0].get<int>();
}

void read_template(const Json& processor, Vocabulary& v) {
    bool after = false; // the text
    v.adds_bos = false;
    for (const Json& item : array(processor, "single")) {
        if (!field(item, "Sequence").is_null()) {
            if (after) refuse_part("post_processor", "a template with two texts");
            after = true;
            continue;
        }
        const int id = template_id(processor, item);
        if (after ? v.adds_eos.has_value() : v.bos.has_value()) {
            refuse_part("post_processor", "a template with two tokens on one side of the text");
        }
        if (after) {
            v.adds_eos = id;
        } else {
            v.bos = id;
            v.adds_bos = true;
        }
    }
}

void read_post_processors(const Json& root, Vocabulary& v) {
    for (const Json* part : parts(root, "post_processor", "processors")) {
        const std::string& type = text(*part, "type");
        if (type == "ByteLevel") continue; // about offsets
        if (type != "TemplateProcessing" || v.adds_bos)
            refuse_part("post_processor", in_quotes(type));
        read_template(*part, v);
    }
}

void read_decoders(const Json& root, Vocabulary& v) {
    const bool pieces = v.kind != Kind::byte_level;
    for (const Json* part : decoders(root)) {
        const std::string& type = text(*part, "type");
        const auto count = [&](const char* key) {
            const Json& value = field(*part, key);
            return value.is_number_unsigned() ? value.get<std::uint64_t>() : 2;
        };
        if (type == "ByteLevel" && !pieces) continue;
        if (pieces && (type == "ByteFallback" || type == "Fuse")) continue;
        if (type == "Replace" && pieces && string_pattern(*part) == piece_space &&
            text(*part, "content") == " ") {
            continue;
        }
        if (type == "Strip" && pieces && text(*part, "content") == " " && count("start") <= 1 &&
            count("stop") == 0) {
            v.strip_space = count("start") == 1;
        } else if (type == "Metaspace" && pieces) {
            v.strip_space = v.space != Space::never;
        } else {
            refuse_part("decoder", in_quotes(type));
        }
    }
}

} // namespace

Kind kind_of(const Json& root) {
    if (has(pre_tokenizers(root), "ByteLevel") || has(decoders(root), "ByteLevel")) {
        return Kind::byte_level;
    }
    if (has(normalizers(root), "Replace") || has(pre_tokenizers(root), "Metaspace")) {
        return Kind::ranked_pieces;
    }
    refuse("neither of bytes (ByteLevel) nor of pieces with U+2581 for a space");
}

void read_preparation(const Json& root, Vocabulary& vocabulary) {
    for (const Json* part : normalizers(root)) read_normalizer(*part, vocabulary);
    read_pre_tokenizers(root, vocabulary);
    read_post_processors(root, vocabulary);
    read_decoders(root, vocabulary);
}

} // namespace bitnet::example
