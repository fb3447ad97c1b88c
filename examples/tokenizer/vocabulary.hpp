// SPDX-License-Identifier: MIT
// The data of a tokenizer, whatever file it came from: tokens, merges, and how text is prepared for
// them. Readers of files fill it, Tokenizer runs it, and its bytes go into a .bitnet file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// Many strings in one.
class Strings {
public:
    void push_back(std::string_view text) {
        text_ += text;
        ends_.push_back(text_.size());
    }
    std::string_view operator[](std::size_t i) const noexcept {
        const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
        return std::string_view(text_).substr(begin, ends_[i] - begin);
    }
    std::size_t size() const noexcept { return ends_.size(); }
    std::string_view all() const noexcept { return text_; }
    void reserve(std::size_t strings, std::size_t bytes) {
        ends_.reserve(strings);
        text_.reserve(bytes);
    }

private:
    std::string text_;
    std::vector<std::size_t> ends_;
};

struct Vocabulary {
    enum class Kind : std::uint8_t {
        byte_level = 1,    // tokens are bytes; pairs of ids merge, the first of `merges` first
        ranked_pieces = 2, // tokens are UTF-8 with U+2581 for a space; merges as above
        scored_pieces = 3, // such tokens; two merge to what is a token, the highest score first
    };
    enum class Type : std::uint8_t { // the numbers of SentencePiece and GGUF
        normal = 1,
        unknown = 2,
        control = 3, // special: it has a name and no text
        user_defined = 4,
        unused = 5,
        byte = 6, // "<0x0A>": in pieces, for what no token holds
    };
    struct Merge {
        std::uint32_t left, right, id; // tokens[id] = tokens[left] tokens[right]
    };
    /// A token that is found in the text before the merges see it: control tokens only when they
    /// are asked for, others always.
    struct Added {
        std::uint32_t id = 0;
        bool take_left = false;  // with the white space before it
        bool take_right = false; // with the white space after it
        bool prepared = false;   // looked for after the text was prepared, not before
        std::string text;        // what is looked for
    };
    enum class Space : std::uint8_t { // whether a space is put in front
        never = 0,
        first = 1, // of the text
        each = 2,  // of the text, and of what follows an added token
    };

    // Caps: they bound what a hostile file can ask for, and ids fit an int.
    static constexpr std::size_t max_tokens = std::size_t{1} << 20;
    static constexpr std::size_t max_merges = std::size_t{1} << 22;
    static constexpr std::size_t max_patterns = 16;
    static constexpr std::size_t max_pattern_bytes = 4096;
    static constexpr std::size_t max_added_bytes = 1024; // of a name
    static constexpr std::size_t max_bytes = std::size_t{1} << 28;

    Kind kind = Kind::byte_level;
    Strings tokens; // by id
    std::vector<Type> types;
    std::vector<float> scores; // scored_pieces
    std::vector<Merge> merges; // the others
    std::vector<Added> added;

    // How text is prepared, in this order.
    bool nfc = false; // byte_level: Unicode's normalization form C
    Space space = Space::never;
    bool space_unless_there = false;   // none in front of a space
    bool space_last = false;           // after the added tokens with `prepared` were looked for
    bool split_by_class = false;       // byte_level: the pieces of bpe_bytes.hpp ...
    std::vector<std::string> patterns; // ... or of these, each cutting what the one before it left

    // How tokens are found.
    bool whole_pieces = false;  // byte_level: a piece that is a token needs no merges
    bool byte_fallback = false; // pieces: bytes for a character that is no token ...
    bool fuse_unknown = false; // ... or, without byte_fallback, one unknown token for a run of them
    std::optional<int> unknown;

    // What the file says of the ends of a text.
    std::optional<int> bos;
    std::optional<bool> adds_bos;
    std::optional<int> adds_eos;

    bool strip_space = false; // decoding takes one space off the front

    void add(std::string_view token, Type type = Type::normal) {
        tokens.push_back(token);
        types.push_back(type);
    }

    /// UserError names what is not sound: ids out of range, a merge that does not make its token, a
    /// byte that no token holds, sizes above the caps.
    void check() const;

    /// docs/formats.md, "Tokenizer". from_bytes() throws UserError where the bytes do not fit
    /// together; check() is still to be called.
    std::vector<std::byte> to_bytes() const;
    static Vocabulary from_bytes(std::span<const std::byte> bytes);
};

/// "token 7 (\"<s>\")", for messages.
std::string name_of_token(const Vocabulary& vocabulary, std::size_t id);

/// The byte that "<0x0A>" stands for; none for any other text.
std::optional<std::uint8_t> byte_of_name(std::string_view token) noexcept;

} // namespace bitnet::example
