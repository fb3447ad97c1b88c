// SPDX-License-Identifier: MIT
// A small tokenizer for conversations: the bytes, some special tokens, and three tokens of which
// one joins a template's space and a user's letter.
#pragma once

#include "tokenizer.hpp"

#include <string>
#include <vector>

namespace support {

/// 0 .. 255 are the bytes; 256 <s>, 257 </s>, 258 <|eot_id|>, 259 <|im_start|>, 260 <|im_end|>,
/// 261 " ", 262 "h", 263 " h", and from 264 on more special tokens.
inline bitnet::example::Tokenizer chat_tokenizer(const std::vector<std::string>& more = {}) {
    constexpr const char* digits = "0123456789ABCDEF";
    std::string vocab, added;
    int next = 0;
    const auto token = [&](const std::string& name) {
        vocab += vocab.empty() ? "" : ",";
        vocab += "\"" + name + "\":" + std::to_string(next++);
    };
    const auto special = [&](const std::string& name) {
        added += (added.empty() ? "" : ",") + ("{\"content\":\"" + name) +
                 "\",\"id\":" + std::to_string(next) + ",\"special\":true,\"normalized\":false}";
        token(name);
    };
    for (int byte = 0; byte < 256; ++byte) {
        token(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
    }
    for (const char* name : {"<s>", "</s>", "<|eot_id|>", "<|im_start|>", "<|im_end|>"}) {
        special(name);
    }
    for (const char* name : {"\\u2581", "h", "\\u2581h"}) token(name);
    for (const std::string& name : more) special(name);
    return bitnet::example::Tokenizer::from_json(
        "{\"added_tokens\":[" + added +
        "],\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},"
        "\"content\":\"\\u2581\"},\"model\":{\"type\":\"BPE\",\"byte_fallback\":true,\"vocab\":{" +
        vocab + "},\"merges\":[\"\\u2581 h\"]}}");
}

} // namespace support
