// SPDX-License-Identifier: MIT
// The table of families, and conversations in their form.
#include "chat_template.hpp"

#include "error.hpp"
#include "tokenizer.hpp"

#include <algorithm>

namespace bitnet::example {
namespace {

using namespace std::string_view_literals;

constexpr ChatTemplate families[] = {
    // BitNet b1.58 2B4T
    {.name = "bitnet",
     .holds = {"|capitalize+':'", "<|eot_id|>", "'Assistant:'"},
     .lacks = "<|start_header_id|>",
     .or_holds =
         "BITNETAssistant:", // what bitnet.cpp's converter writes in place of the model's own
     .bos = true,
     .strip = true,
     .system = {"System: ", "<|eot_id|>"},
     .user = {"User: ", "<|eot_id|>"},
     .system_in_user = false,
     .answer = "Assistant: ",
     .no_thinking = {},
     .end_of_turn = "<|eot_id|>",
     .after_answer = {}},
    {.name = "llama3",
     .holds = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
     .lacks = {},
     .bos = true,
     .strip = true,
     .system = {"<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"},
     .user = {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
     .system_in_user = false,
     .answer = "<|start_header_id|>assistant<|end_header_id|>\n\n",
     .no_thinking = {},
     .end_of_turn = "<|eot_id|>",
     .after_answer = {}},
    {.name = "qwen3",
     .holds = {"<|im_start|>", "<|im_end|>", "enable_thinkingisdefinedandenable_thinkingisfalse"},
     .lacks = {},
     .bos = false,
     .strip = false,
     .system = {"<|im_start|>system\n", "<|im_end|>\n"},
     .user = {"<|im_start|>user\n", "<|im_end|>\n"},
     .system_in_user = false,
     .answer = "<|im_start|>assistant\n",
     .no_thinking = "<think>\n\n</think>\n\n",
     .end_of_turn = "<|im_end|>",
     .after_answer = "\n"},
    {.name = "chatml",
     .holds = {"<|im_start|>", "<|im_end|>"},
     .lacks = "enable_thinking",
     .bos = false,
     .strip = false,
     .system = {"<|im_start|>system\n", "<|im_end|>\n"},
     .user = {"<|im_start|>user\n", "<|im_end|>\n"},
     .system_in_user = false,
     .answer = "<|im_start|>assistant\n",
     .no_thinking = {},
     .end_of_turn = "<|im_end|>",
     .after_answer = "\n"},
    {.name = "falcon3",
     .holds = {"'<|user|>\n'+message['content']+'\n'", "'<|assistant|>\n'", eos_token},
     .lacks = {},
     .bos = false,
     .strip = false,
     .system = {"<|system|>\n", "\n"},
     .user = {"<|user|>\n", "\n"},
     .system_in_user = false,
     .answer = "<|assistant|>\n",
     .no_thinking = {},
     .end_of_turn = eos_token,
     .after_answer = "\n"},
    {.name = "llama2",
     .holds = {"[INST]", "<<SYS>>", "[/INST]"},
     .lacks = {},
     .bos = true,
     .strip = true,
     .system = {"[INST] <<SYS>>\n", "\n<</SYS>>\n\n"},
     .user = {"[INST] ", " [/INST]"},
     .system_in_user = true,
     .answer = {},
     .no_thinking = {},
     .end_of_turn = eos_token,
     .after_answer = "<s>"},
    {.name = "plain",
     .holds = {},
     .lacks = {},
     .bos = false,
     .strip = true,
     .system = {{}, "\n"},
     .user = {"User: ", "\n"},
     .system_in_user = false,
     .answer = "Assistant:",
     .no_thinking = {},
     .end_of_turn = {},
     .after_answer = "\n"},
};

// The Jinja text as `holds` and `lacks` have it.
std::string squeezed(std::string_view jinja) {
    std::string text;
    text.reserve(jinja.size());
    for (std::size_t i = 0; i < jinja.size(); ++i) {
        if (jinja.substr(i, 2) == "\\n") {
            text += '\n';
            ++i;
        } else if (jinja[i] != ' ') {
            text += jinja[i] == '"' ? '\'' : jinja[i];
        }
    }
    return text;
}

std::string_view stripped(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(" \t\n\v\f\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n\v\f\r") - first + 1);
}

} // namespace

std::span<const ChatTemplate> chat_templates() noexcept {
    return families;
}

const ChatTemplate* recognize(std::string_view jinja) {
    const std::string text = squeezed(jinja);
    for (const ChatTemplate& family : families) {
        const bool lacks = family.lacks.empty() || text.find(family.lacks) == std::string::npos;
        const auto held = [&](std::string_view part) {
            return text.find(part) != std::string::npos;
        };
        if (!family.holds[0].empty() && lacks &&
            std::all_of(family.holds.begin(), family.holds.end(), held)) {
            return &family;
        }
        if (!family.or_holds.empty() && held(family.or_holds)) return &family;
    }
    return nullptr;
}

std::string names_of_chat_templates() {
    std::string names;
    for (const ChatTemplate& family : families) {
        names += (names.empty() ? "" : ", ") + std::string(family.name);
    }
    return names;
}

const ChatTemplate& chat_template_named(std::string_view name) {
    for (const ChatTemplate& family : families) {
        if (family.name == name) return family;
    }
    throw UserError("there is no chat template \"" + std::string(name.substr(0, 40)) + "\", only " +
                    names_of_chat_templates());
}

// Text between two special tokens is encoded in one piece, as it was when the model was trained:
// the template's words and the user's may share a token.
class ChatTurns::Writer {
public:
    Writer(const Tokenizer& tokenizer, bool at_start) : tokenizer_(tokenizer), start_(at_start) {}

    void token(int id) {
        flush();
        ids_.push_back(id);
    }
    void own(std::string_view text) { // of the template
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text[at] == '<' ? text.find('>', at) : std::string_view::npos;
            const std::string_view name =
                end == std::string_view::npos ? "" : text.substr(at, end + 1 - at);
            if (const auto id = tokenizer_.special(name)) {
                token(*id);
                at = end + 1;
            } else {
                run_ += text[at++];
            }
        }
    }
    void plain(std::string_view text) { run_ += text; }
    std::vector<int> ids() {
        flush();
        return std::move(ids_);
    }

private:
    void flush() {
        if (run_.empty()) return;
        const std::vector<int> run = tokenizer_.encode(run_, {.start = start_});
        ids_.insert(ids_.end(), run.begin(), run.end());
        run_.clear();
        start_ = false;
    }

    const Tokenizer& tokenizer_;
    bool start_; // of the whole text
    std::string run_;
    std::vector<int> ids_;
};

ChatTurns::ChatTurns(const ChatTemplate& chat, const Tokenizer& tokenizer, const Ids& ids,
                     bool thinking)
    : chat_(chat), tokenizer_(tokenizer), ids_(ids), thinking_(thinking) {
    const std::string of = "the chat template " + std::string(chat.name);
    if (!thinking && chat.no_thinking.empty()) {
        throw UserError(of + " has no way to ask for an answer without thinking");
    }
    if ((chat.bos || ids.add_bos) && !ids.bos) {
        throw UserError(of + " begins with BOS, and the model names none");
    }
    if (chat.end_of_turn == eos_token) {
        if (ids.eos.empty()) throw UserError(of + " needs an EOS, and the model names none");
        end_of_turn_ = ids.eos.front();
    } else if (!chat.end_of_turn.empty()) {
        end_of_turn_ = tokenizer.special(chat.end_of_turn);
        if (!end_of_turn_) {
            throw UserError(of + " needs the token " + std::string(chat.end_of_turn) +
                            ", which the model's tokenizer lacks");
        }
    }
}

void ChatTurns::add_user(Writer& writer, std::string_view before, std::string_view text) const {
    writer.own(before);
    writer.plain(chat_.strip ? stripped(text) : text);
    writer.own(chat_.user.after);
    writer.own(chat_.answer);
    if (!thinking_) writer.own(chat_.no_thinking);
}

std::vector<int> ChatTurns::first(const std::optional<std::string>& system,
                                  std::string_view user) const {
    Writer writer(tokenizer_, !chat_.bos);
    if (chat_.bos || ids_.add_bos) writer.token(*ids_.bos);
    if (system) {
        writer.own(chat_.system.before);
        writer.plain(chat_.strip ? stripped(*system) : *system);
        writer.own(chat_.system.after);
    }
    add_user(writer, system && chat_.system_in_user ? "" : chat_.user.before, user);
    return writer.ids();
}

std::vector<int> ChatTurns::next(std::string_view user) const {
    Writer writer(tokenizer_, false);
    if (end_of_turn_) writer.token(*end_of_turn_);
    writer.own(chat_.after_answer);
    add_user(writer, chat_.user.before, user);
    return writer.ids();
}

} // namespace bitnet::example
