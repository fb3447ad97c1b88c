// SPDX-License-Identifier: MIT
// The tokenizer of a model: text to ids and back. Files of several forms give one, all behind the
// same class. Two libraries are used where the build has them: PCRE2, without which texts cannot be
// cut by regular expressions, and utf8proc, for Unicode's form NFC.
#pragma once

#include "bpe_bytes.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

struct GgufVocabulary; // ../checkpoints/gguf_vocabulary.hpp
struct Vocabulary;     // vocabulary.hpp

struct EncodeOptions {
    bool bos = false;     // put BOS before the text
    bool special = false; // names of special tokens in the text are those tokens, else plain text
    bool start = true;    // the text is the start of one, where some tokenizers put a space
};

/// What special tokens decode to.
enum class Specials {
    hidden, // nothing
    shown,  // their names
};

/// Files are hostile: what reads one throws UserError, which says what is wrong or not supported.
/// Concurrent calls of const members are safe. May be moved, not copied.
class Tokenizer {
public:
    /// "bpe-bytes": ids are the bytes, BOS, EOS, then merges. bpe_bytes.hpp has the rules.
    static Tokenizer from_merges(const std::vector<bpe_bytes::Merge>& merges);
    /// tokenizer.json of Hugging Face: byte-level BPE, or BPE with byte fallback on pieces with
    /// U+2581
    static Tokenizer from_json(std::string_view json);
    /// tokenizer.model of SentencePiece, of type BPE
    static Tokenizer from_sentencepiece(std::span<const std::byte> model);
    /// tokenizer.ggml.* of a GGUF file; model "gpt2" (byte-level BPE) or "llama" (SentencePiece)
    static Tokenizer from_gguf(const GgufVocabulary& vocabulary);
    /// encoder.json and vocab.bpe, as GPT-2 was published
    static Tokenizer from_gpt2(std::string_view encoder_json, std::string_view vocab_bpe);
    /// What to_bytes() gave: docs/formats.md, "Tokenizer".
    static Tokenizer from_bytes(std::span<const std::byte> bytes);
    std::vector<std::byte> to_bytes() const;

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    /// Ids of `text`, any bytes; none for an empty text (but BOS, when asked for). UserError when
    /// BOS is asked for and bos() is none, when the vocabulary has no token for a part of the text,
    /// or when the build lacks a library that this tokenizer needs.
    std::vector<int> encode(std::string_view text, EncodeOptions options = {}) const;

    /// The bytes of one id, a space before a word among them; nothing for ids out of range. Valid
    /// as long as *this.
    std::string_view decode(int id, Specials specials = Specials::hidden) const noexcept;
    /// The bytes of all, less the space that the tokenizer itself puts before a text.
    std::string decode(std::span<const int> ids, Specials specials = Specials::hidden) const;

    /// 1 + the largest id.
    std::size_t vocab_size() const noexcept;
    /// The id of a special or added token, as "<|eot_id|>".
    std::optional<int> special(std::string_view name) const;

    /// BOS, where the file of the tokenizer names it, or whoever knows better has set it.
    /// pre: id < vocab_size()
    std::optional<int> bos() const noexcept { return bos_; }
    void set_bos(int id) noexcept { bos_ = id; }
    /// Whether a text begins with BOS; none where the file does not say.
    std::optional<bool> adds_bos() const noexcept;
    /// What the file wants after each text, as for embeddings; encode() does not add it.
    std::optional<int> adds_eos() const noexcept;

private:
    struct Parts;
    explicit Tokenizer(Vocabulary&& vocabulary);

    std::unique_ptr<const Parts> parts_;
    std::optional<int> bos_;
};

} // namespace bitnet::example
