// SPDX-License-Identifier: MIT
// Chat templates: how the turns of a conversation are written for a model. A model's own template
// is a program in Jinja. It is not run: the families of templates are known, and are told by their
// text.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

class Tokenizer;

/// A family. Names of special tokens in its texts mean these tokens, where the tokenizer has them.
struct ChatTemplate {
    /// A turn without its text.
    struct Turn {
        std::string_view before, after;
    };

    std::string_view name;
    // Its Jinja text holds all of these, unless none is given, and lacks this; or it holds what
    // some files have in its place. See recognize().
    std::array<std::string_view, 3> holds;
    std::string_view lacks;
    std::string_view or_holds = {};

    bool bos;   // the text begins with BOS, whatever the model says of other texts
    bool strip; // of the texts of turns, white space at their ends
    Turn system, user;
    bool system_in_user;           // then `system` takes the place of user.before
    std::string_view answer;       // before an answer
    std::string_view no_thinking;  // after that, for an answer without thoughts; empty: has no such
    std::string_view end_of_turn;  // the token that ends an answer; eos_token: the model's EOS
    std::string_view after_answer; // after that token
};

inline constexpr std::string_view eos_token = "eos_token"; // as Jinja texts have it

/// All of them; the last is for models without a template, and is taken only by its name.
std::span<const ChatTemplate> chat_templates() noexcept;

/// The family of a Jinja text; none when it is not known. Spaces, the kind of quotes and the way in
/// which line ends are written do not matter.
const ChatTemplate* recognize(std::string_view jinja);

/// UserError names all of them when there is none of this name.
const ChatTemplate& chat_template_named(std::string_view name);

/// "bitnet, llama3, ..."
std::string names_of_chat_templates();

/// The ids of a conversation's turns. Text of a turn is never a special token, whatever it says.
class ChatTurns {
public:
    /// What of a model it needs.
    struct Ids {
        std::optional<int> bos;
        bool add_bos;         // to every text; bos is there then
        std::vector<int> eos; // any of them ends a text
    };

    /// Borrows the tokenizer. UserError when that lacks the token that ends an answer, when the
    /// template begins with BOS and the model has none, or when answers without thoughts are asked
    /// for and the template has no such.
    ChatTurns(const ChatTemplate& chat, const Tokenizer& tokenizer, const Ids& ids,
              bool thinking = true);

    /// The first turns, up to where the model's answer begins. No `system`: no turn of it.
    std::vector<int> first(const std::optional<std::string>& system, std::string_view user) const;
    /// What follows an answer that has lost the token at its end, or never had one.
    std::vector<int> next(std::string_view user) const;

    /// The token that ends an answer, beside those that end a text.
    std::optional<int> end_of_turn() const noexcept { return end_of_turn_; }

private:
    class Writer;
    void add_user(Writer& writer, std::string_view before, std::string_view text) const;

    const ChatTemplate& chat_;
    const Tokenizer& tokenizer_;
    Ids ids_;
    bool thinking_;
    std::optional<int> end_of_turn_;
};

} // namespace bitnet::example
