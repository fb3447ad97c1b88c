// SPDX-License-Identifier: MIT
// A fuzz target (libFuzzer's entry): a .bitnet file from anywhere is refused with a UserError, or
// is a model that runs. An input is such a file, or edits of a sound one, whose checksums are
// mostly put right again, as an attacker would.
#include "error.hpp"
#include "model_bytes.hpp"
#include "source.hpp"
#include "tiny_model.hpp"
#include "transformer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet::example;
using namespace model_bytes;
using fuzz::require;
using fuzz::Source;

std::vector<Bytes> sound_files() {
    // Named: clang++ 14 destroys a temporary of options twice that consteval calls are part of.
    constexpr TensorKind f32 = kind_named("f32"), binary = kind_named("binary-int8"),
                         int8 = kind_named("int8-int8"), screened = kind_named("screened-int8");
    constexpr std::array one_bit{kind_named("ternary-sign"),     kind_named("ternary-signnorm"),
                                 kind_named("ternary-signmean"), kind_named("binary-sign"),
                                 kind_named("binary-signnorm"),  kind_named("binary-signmean")};
    std::vector<Bytes> files;
    const auto add = [&](const tiny::Options& options) {
        files.push_back(tiny::make(options).file());
    };
    add({.seed = 1});
    add({.seed = 2, .gate = Config::Gate::silu, .kinds = {binary, f32}});
    add({.seed = 3, .kinds = {one_bit.begin(), one_bit.end()}});
    add({.seed = 4, .sub_norm = false, .tokenizer = false});
    add({.seed = 5, .kinds = {int8}});
    add({.seed = 6, .head = screened});
    add({.seed = 7, .kinds = tiny::projection_kinds()});
    return files;
}
const Bytes& sound_file(std::size_t index) {
    static const std::vector<Bytes> files = sound_files();
    return files[index % files.size()];
}

// A number at which a careless check of `old` would slip.
std::uint64_t hostile_number(Source& source, std::uint64_t old, std::size_t file_bytes) {
    constexpr std::uint64_t steps[] = {0, 1, 2, 63, 64, 128, 0x7fffffff, 0xffffffff, 1ull << 63};
    const std::uint64_t step = steps[source.number(std::size(steps))];
    const std::uint64_t from[] = {0, old, 2 * old, old << 32, file_bytes};
    const std::uint64_t start = from[source.number(std::size(from))];
    return source.byte() % 2 ? start + step : start - step;
}

template <class Unsigned>
void edit_number(Bytes& file, std::size_t at, Source& source) {
    if (at + sizeof(Unsigned) <= file.size()) {
        const std::uint64_t old = get<Unsigned>(file, at);
        put(file, at, static_cast<Unsigned>(hostile_number(source, old, file.size())));
    }
}

// One change anywhere in a file that may have been changed before; never outside of it.
void edit(Bytes& file, Source& source) {
    if (file.size() < 64) {
        return;
    }
    const std::size_t tensors = get<std::uint32_t>(file, at_tensors) % 64 + 1;
    const std::size_t at = record(file, source.number(tensors));
    switch (source.byte() % 8) {
    case 0: { // any byte
        const std::size_t high = source.number(65536) << 8;
        const std::size_t where = (high | source.byte()) % file.size();
        file[where] ^= std::byte{source.byte()};
        break;
    }
    case 1: { // the header
        constexpr std::size_t fields[] = {at_version, at_header_bytes, at_json_bytes, at_tensors};
        edit_number<std::uint32_t>(file, fields[source.number(std::size(fields))], source);
        break;
    }
    case 2: { // a character of the JSON
        constexpr char characters[] = "0123456789-+.eE,:\"{}[]\\ntx \xff";
        const std::size_t where = 64 + source.number(1024);
        if (where < file.size()) {
            file[where] = static_cast<std::byte>(characters[source.number(sizeof characters)]);
        }
        break;
    }
    case 3: // what a tensor is
        edit_number<std::uint32_t>(file, at + rec_kind, source);
        break;
    case 4: { // where it lies, and its shape
        constexpr std::size_t fields[] = {rec_rows, rec_cols, rec_offset, rec_bytes};
        edit_number<std::uint64_t>(file, at + fields[source.number(std::size(fields))], source);
        break;
    }
    case 5: // its first bytes: of a packed layer, its header
        if (at + 128 <= file.size()) {
            const std::size_t begin = get<std::uint64_t>(file, at + rec_offset) % file.size();
            edit_number<std::uint32_t>(file, begin + 4 * source.number(20), source);
        }
        break;
    case 6: { // a record over another
        const std::size_t from = record(file, source.number(tensors));
        if (std::max(at, from) + 128 <= file.size()) {
            std::memmove(file.data() + at, file.data() + from, 128);
        }
        break;
    }
    default: // its length
        file.resize(source.byte() % 2 ? file.size() + 64 : source.number(65536) % file.size());
        break;
    }
}

void put_right(Bytes& file) {
    if (file.size() < 64) {
        return;
    }
    put<std::uint64_t>(file, at_file_bytes, file.size());
    for (std::size_t i = 0; i < get<std::uint32_t>(file, at_tensors); ++i) {
        const std::size_t at = record(file, i);
        if (at + 128 > file.size()) {
            break;
        }
        const auto begin = get<std::uint64_t>(file, at + rec_offset);
        const auto bytes = get<std::uint64_t>(file, at + rec_bytes);
        if (begin <= file.size() && bytes <= file.size() - begin) {
            put(file, at + rec_checksum, sum_of(file, begin, begin + bytes));
        }
    }
    seal(file);
}

// Whether the file holds a model; if it does, runs two tokens.
bool runs(std::span<const std::byte> bytes, Source& source) {
    const tiny::Aligned copy(bytes);
    try {
        const ModelFile file("fuzz", copy.bytes());
        if (const std::optional<Tokenizer> tokenizer = load_tokenizer(file)) {
            const std::string text(reinterpret_cast<const char*>(source.rest().data()),
                                   source.rest().size());
            require(tokenizer->decode(tokenizer->encode(text)) == text, "encoding loses nothing");
        }
        Transformer model(file, {.context = 2}, 1);
        for (int position = 0; position < 2; ++position) {
            const int token = static_cast<int>(source.number(file.config().vocab));
            const auto logits = model.forward({&token, 1}, Logits::last);
            require(logits.rows == 1 && logits.cols == file.config().vocab, "a row of logits");
            if (std::all_of(logits.data, logits.data + logits.cols,
                            [](float logit) { return std::isfinite(logit); })) {
                require(model.likeliest(1).front().row < logits.cols, "a token");
            }
        }
        return true;
    } catch (const UserError& error) {
        const std::string_view message = error.what();
        require(message.starts_with("fuzz: ") && message.rfind("fuzz: ") == 0 &&
                    message.find('\n') == message.npos,
                "a line that names the file once");
        return false;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Source source(data, size);
    const std::size_t which = source.byte();
    if (source.byte() % 2 == 0) {
        runs(std::as_bytes(source.rest()), source);
        return 0;
    }
    Bytes file = sound_file(which);
    const std::size_t edits = source.byte() % 4;
    for (std::size_t i = 0; i < edits; ++i) {
        edit(file, source);
    }
    if (source.byte() % 8 != 0) {
        put_right(file);
    }
    const bool accepted = runs(file, source);
    require(accepted || edits != 0, "a sound model runs");
    return 0;
}
