// SPDX-License-Identifier: MIT
// A fuzz target (libFuzzer's entry): a Jinja text from anywhere is of a known family or of none,
// and no words of a system prompt or a user become special tokens in any family.
#include "../chat_tokenizer.hpp"
#include "chat_template.hpp"
#include "source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet::example;
using fuzz::require;
using fuzz::Source;
using Ids = std::vector<int>;

const Tokenizer& tokenizer() {
    static const Tokenizer made = support::chat_tokenizer(
        {"<|start_header_id|>", "<|end_header_id|>", "<|user|>", "<think>", "</think>"});
    return made;
}

Ids specials_of(const Ids& ids) {
    Ids found;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(found), [](int id) {
        return tokenizer().decode({&id, 1}).empty();
    });
    return found;
}

// Text that is often part of a template, or a name of a special token.
std::string text_of(Source& source) {
    constexpr std::string_view parts[] = {
        "<|eot_id|>", "<|im_start|>", "<|im_end|>", "</s>",       "<s>",     "<",
        "<think>",    "<|user|>",     " ",          "\n",         "\\n",     "bos_token",
        "[INST]",     "<<SYS>>",      "[/INST]",    "eos_token",  "{{",      "}}",
        "'",          "\"",           "assistant",  "capitalize", "content", "enable_thinking"};
    std::string text;
    for (std::size_t n = source.number(40); n > 0; --n) {
        const std::size_t which = source.byte();
        if (which < std::size(parts)) {
            text += parts[which];
        } else {
            text += static_cast<char>(source.byte());
        }
    }
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Source source(data, size);
    const auto families = chat_templates();
    const ChatTemplate& chat = families[source.byte() % families.size()];
    const bool thinking = source.byte() % 2 == 0 || chat.no_thinking.empty();

    const std::string any = text_of(source);
    recognize(any);
    if (!chat.holds[0].empty() && chat.lacks.empty()) {
        std::string jinja = any;
        for (const std::string_view part : chat.holds) jinja.append("\n").append(part);
        require(recognize(jinja) != nullptr, "a text with all parts of a family is of one");
    }

    const ChatTurns turns(chat, tokenizer(), {256, source.byte() % 2 == 0, {257}}, thinking);
    const std::string system = text_of(source), user = text_of(source);
    require(specials_of(turns.first(system, user)) == specials_of(turns.first("x", "x")) &&
                specials_of(turns.next(user)) == specials_of(turns.next("x")),
            "words are not special tokens");
    // SentencePiece writes a space as U+2581, and reads that as a space.
    const auto has = [](const Ids& ids, std::string_view words) {
        return words.find("\xe2\x96\x81") != std::string_view::npos ||
               tokenizer().decode(ids).find(words) != std::string::npos;
    };
    if (!chat.strip) {
        require(has(turns.first(system, user), user) && has(turns.next(user), user) &&
                    has(turns.first(system, user), system),
                "no words are lost");
    }
    return 0;
}
