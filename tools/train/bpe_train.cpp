// SPDX-License-Identifier: MIT
// Byte-pair training over the distinct pieces, each with its count: a few thousand words in place
// of millions.
#include "bpe_train.hpp"

#include <cstdint>
#include <map>
#include <string_view>

namespace bitnet::train {
namespace {

namespace bpe_bytes = example::bpe_bytes;

struct Piece {
    std::vector<std::uint16_t> ids;
    std::size_t bytes = 0;
    std::uint64_t count = 0;
};

std::vector<Piece> distinct_pieces(const std::vector<std::string>& documents) {
    std::map<std::string_view, std::uint64_t>
        counts; // ordered: the result depends on the text alone
    for (const std::string& document : documents) {
        std::string_view rest = document;
        while (!rest.empty()) {
            const std::size_t length = bpe_bytes::piece_length(rest);
            ++counts[rest.substr(0, length)];
            rest.remove_prefix(length);
        }
    }
    std::vector<Piece> pieces;
    for (const auto& [text, count] : counts) {
        Piece piece{{}, text.size(), count};
        for (const char c : text) piece.ids.push_back(static_cast<unsigned char>(c));
        pieces.push_back(std::move(piece));
    }
    return pieces;
}

void join(std::vector<std::uint16_t>& ids, const bpe_bytes::Merge& pair, std::uint16_t id) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i + 1 < ids.size() && ids[i] == pair[0] && ids[i + 1] == pair[1]) {
            ids[kept++] = id;
            ++i;
        } else {
            ids[kept++] = ids[i];
        }
    }
    ids.resize(kept);
}

} // namespace

std::vector<bpe_bytes::Merge> train_bpe(const std::vector<std::string>& documents,
                                        std::size_t vocab) {
    std::vector<Piece> pieces = distinct_pieces(documents);
    std::vector<bpe_bytes::Merge> merges;
    std::vector<std::uint64_t> counts(vocab * vocab);
    for (std::size_t id = bpe_bytes::first_merge; id < vocab; ++id) {
        counts.assign(counts.size(), 0);
        for (const Piece& piece : pieces) {
            for (std::size_t i = 0; i + 1 < piece.ids.size(); ++i) {
                counts[piece.ids[i] * vocab + piece.ids[i + 1]] += piece.count;
            }
        }
        std::size_t best = 0;
        for (std::size_t i = 1; i < counts.size(); ++i) {
            if (counts[i] > counts[best]) best = i;
        }
        if (counts[best] < 2) break;
        const bpe_bytes::Merge pair{static_cast<std::uint16_t>(best / vocab),
                                    static_cast<std::uint16_t>(best % vocab)};
        merges.push_back(pair);
        for (Piece& piece : pieces) join(piece.ids, pair, static_cast<std::uint16_t>(id));
    }
    return merges;
}

} // namespace bitnet::train
