// SPDX-License-Identifier: MIT
// A vocabulary as bytes and back: docs/formats.md, "Tokenizer".
#include "vocabulary.hpp"

#include "error.hpp"
#include "model_format.hpp"

#include <bit>
#include <utility>

namespace bitnet::example {
namespace {

using file_format::load;
using file_format::store;

constexpr std::uint32_t magic = 0x31544e42; // "BNT1"
constexpr std::size_t header_bytes = 64;

// Flags, from bit 0.
enum Flag : std::uint32_t {
    nfc = 1 << 0,
    space_unless_there = 1 << 1,
    space_last = 1 << 2,
    split_by_class = 1 << 3,
    whole_pieces = 1 << 4,
    byte_fallback = 1 << 5,
    fuse_unknown = 1 << 6,
    strip_space = 1 << 7,
    says_bos = 1 << 8,
    adds_bos = 1 << 9,
    all_flags = (1 << 10) - 1,
};
enum AddedFlag : std::uint32_t {
    take_left = 1 << 0,
    take_right = 1 << 1,
    prepared = 1 << 2,
    all_added_flags = (1 << 3) - 1,
};

[[noreturn]] void refuse(const std::string& what) {
    throw UserError("tokenizer: " + what);
}

class Writer {
public:
    void u32(std::size_t value) {
        bytes_.resize(bytes_.size() + 4);
        store<std::uint32_t>(&bytes_[bytes_.size() - 4], static_cast<std::uint32_t>(value));
    }
    void id(std::optional<int> id) { u32(static_cast<std::uint32_t>(id.value_or(-1))); }
    void byte(std::uint8_t value) { bytes_.push_back(std::byte{value}); }
    void text(std::string_view text) {
        const auto* from = reinterpret_cast<const std::byte*>(text.data());
        bytes_.insert(bytes_.end(), from, from + text.size());
    }
    void pad(std::size_t alignment) {
        while (bytes_.size() % alignment != 0) byte(0);
    }
    std::vector<std::byte> take() { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

// Takes bytes off the front; there are enough, as from_bytes() has checked.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}
    std::uint32_t u32() { return load<std::uint32_t>(take(4).data()); }
    std::optional<int> id() {
        const auto value = static_cast<std::int32_t>(u32());
        return value == -1 ? std::nullopt : std::optional<int>(value);
    }
    std::span<const std::byte> take(std::size_t bytes) {
        const auto front = rest_.first(bytes);
        rest_ = rest_.subspan(bytes);
        return front;
    }
    std::string_view text(std::size_t bytes) {
        return {reinterpret_cast<const char*>(take(bytes).data()), bytes};
    }

private:
    std::span<const std::byte> rest_;
};

constexpr std::size_t padded(std::size_t bytes) {
    return (bytes + 3) / 4 * 4;
}

} // namespace

std::vector<std::byte> Vocabulary::to_bytes() const {
    Writer out;
    out.u32(magic);
    out.u32(static_cast<std::size_t>(kind));
    out.u32((nfc ? Flag::nfc : 0u) | (space_unless_there ? Flag::space_unless_there : 0u) |
            (space_last ? Flag::space_last : 0u) | (split_by_class ? Flag::split_by_class : 0u) |
            (whole_pieces ? Flag::whole_pieces : 0u) | (byte_fallback ? Flag::byte_fallback : 0u) |
            (fuse_unknown ? Flag::fuse_unknown : 0u) | (strip_space ? Flag::strip_space : 0u) |
            (adds_bos ? Flag::says_bos : 0u) | (adds_bos.value_or(false) ? Flag::adds_bos : 0u));
    out.u32(static_cast<std::size_t>(space));
    out.u32(tokens.size());
    out.u32(merges.size());
    out.u32(added.size());
    out.u32(patterns.size());
    out.id(unknown);
    out.id(bos);
    out.id(adds_eos);
    for (int word = 11; word < 16; ++word) out.u32(0);

    for (std::size_t i = 0; i < tokens.size(); ++i) out.u32(tokens[i].size());
    for (const Added& a : added) out.u32(a.text.size());
    for (const std::string& pattern : patterns) out.u32(pattern.size());
    for (const float score : scores) out.u32(std::bit_cast<std::uint32_t>(score));
    for (const Merge& merge : merges) out.u32(merge.left), out.u32(merge.right), out.u32(merge.id);
    for (const Added& a : added) {
        out.u32(a.id);
        out.u32((a.take_left ? AddedFlag::take_left : 0u) |
                (a.take_right ? AddedFlag::take_right : 0u) |
                (a.prepared ? AddedFlag::prepared : 0u));
    }
    for (const Type type : types) out.byte(static_cast<std::uint8_t>(type));
    out.pad(4);
    out.text(tokens.all());
    for (const Added& a : added) out.text(a.text);
    for (const std::string& pattern : patterns) out.text(pattern);
    return out.take();
}

Vocabulary Vocabulary::from_bytes(std::span<const std::byte> bytes) {
    if (bytes.size() < header_bytes) refuse("its bytes end in the header");
    Reader in(bytes);
    if (in.u32() != magic) refuse("its bytes are of another version");
    Vocabulary v;
    const std::uint32_t kind = in.u32(), flags = in.u32(), space = in.u32();
    const std::size_t token_count = in.u32(), merge_count = in.u32(), added_count = in.u32(),
                      pattern_count = in.u32();
    if (kind < 1 || kind > 3) refuse("kind " + std::to_string(kind) + " is unknown");
    const bool bos_unsaid = (flags & Flag::adds_bos) && !(flags & Flag::says_bos);
    if ((flags & ~Flag::all_flags) != 0 || bos_unsaid || space > 2) {
        refuse("its header has an unknown flag");
    }
    if (token_count > max_tokens || merge_count > max_merges || added_count > token_count ||
        pattern_count > max_patterns) {
        refuse("its header has a count that is too large");
    }
    v.kind = static_cast<Kind>(kind);
    v.space = static_cast<Space>(space);
    v.nfc = flags & Flag::nfc;
    v.space_unless_there = flags & Flag::space_unless_there;
    v.space_last = flags & Flag::space_last;
    v.split_by_class = flags & Flag::split_by_class;
    v.whole_pieces = flags & Flag::whole_pieces;
    v.byte_fallback = flags & Flag::byte_fallback;
    v.fuse_unknown = flags & Flag::fuse_unknown;
    v.strip_space = flags & Flag::strip_space;
    if (flags & Flag::says_bos) v.adds_bos = (flags & Flag::adds_bos) != 0;
    v.unknown = in.id();
    v.bos = in.id();
    v.adds_eos = in.id();
    for (int word = 11; word < 16; ++word) {
        if (in.u32() != 0) refuse("its header has an unknown field");
    }

    // The fixed part must fit, then the texts must end with the bytes: no product or sum of these
    // capped counts leaves 64 bits.
    const std::size_t score_count = v.kind == Kind::scored_pieces ? token_count : 0;
    const std::size_t numbers =
        token_count + added_count + pattern_count + score_count + 3 * merge_count + 2 * added_count;
    const std::size_t fixed = header_bytes + 4 * numbers + padded(token_count);
    if (bytes.size() < fixed) refuse("its bytes end too early");
    std::vector<std::uint32_t> sizes(token_count + added_count + pattern_count);
    std::uint64_t text_bytes = 0;
    for (std::uint32_t& size : sizes) text_bytes += size = in.u32();
    if (text_bytes != bytes.size() - fixed) refuse("its bytes and the lengths in it disagree");

    v.scores.resize(score_count);
    for (float& score : v.scores) score = std::bit_cast<float>(in.u32());
    v.merges.resize(merge_count);
    for (Merge& merge : v.merges)
        merge.left = in.u32(), merge.right = in.u32(), merge.id = in.u32();
    v.added.resize(added_count);
    for (Added& a : v.added) {
        a.id = in.u32();
        const std::uint32_t added_flags = in.u32();
        if (a.id >= token_count || (added_flags & ~AddedFlag::all_added_flags) != 0) {
            refuse("an added token has an unknown id or flag");
        }
        a.take_left = added_flags & AddedFlag::take_left;
        a.take_right = added_flags & AddedFlag::take_right;
        a.prepared = added_flags & AddedFlag::prepared;
    }
    for (const std::byte type : in.take(token_count)) v.types.push_back(static_cast<Type>(type));
    for (const std::byte pad : in.take(padded(token_count) - token_count)) {
        if (pad != std::byte{0}) refuse("its padding is not zero");
    }
    const std::uint32_t* size = sizes.data();
    v.tokens.reserve(token_count, static_cast<std::size_t>(text_bytes));
    for (std::size_t i = 0; i < token_count; ++i) v.tokens.push_back(in.text(*size++));
    for (Added& a : v.added) a.text = in.text(*size++);
    for (std::size_t i = 0; i < pattern_count; ++i) v.patterns.emplace_back(in.text(*size++));
    return v;
}

} // namespace bitnet::example
