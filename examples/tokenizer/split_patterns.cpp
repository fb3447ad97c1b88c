// SPDX-License-Identifier: MIT
// Known ways to cut text.
#include "split_patterns.hpp"

#include <algorithm>

namespace bitnet::example {

const char* const gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

const char* const punctuation_pattern = R"([\p{P}$+<=>^`|~])";

const SplitRule* split_rule(std::string_view name) {
    // The contractions of Llama 3 and Qwen, and what their patterns end in.
    const std::string front = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|)";
    const std::string back = R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
    const std::string qwen2 = front + R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+)" + back;
    // Words of Falcon-E begin where a capital follows small letters.
    const std::string word = R"([^\r\n\p{L}\p{N}]?)";
    const std::string upper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
    const std::string lower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
    static const std::vector<SplitRule> rules = {
        {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
         {front + R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+)" + back},
         true},
        {.names = {"qwen2"}, .patterns = {qwen2}, .nfc = true},
        {{"deepseek-r1-qwen", "megrez"}, {qwen2}},
        {.names = {"qwen35"},
         .patterns = {front + R"([^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+)" +
                      back},
         .nfc = true},
        {{"falcon_e", "falcon-e"},
         {punctuation_pattern + std::string("+"),
          word + upper + "*" + lower + "+|" + word + upper + "+" + lower +
              R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
        {{"gpt-2", "phi-2", "exaone4"}, {gpt2_pattern}},
        {{"smollm", "starcoder", "refact", "command-r", "codeshell"}, {R"(\p{N})", gpt2_pattern}},
        {{"default"}, {R"([\p{P}\$\+<=>\^~\|]+)", gpt2_pattern, R"(\p{N}+)", R"([0-9][0-9][0-9])"}},
    };
    for (const SplitRule& rule : rules) {
        if (std::count(rule.names.begin(), rule.names.end(), name) != 0) return &rule;
    }
    return nullptr;
}

} // namespace bitnet::example
