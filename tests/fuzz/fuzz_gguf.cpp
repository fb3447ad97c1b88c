// SPDX-License-Identifier: MIT
// A fuzz target (libFuzzer's entry): a GGUF file from anywhere is refused with a UserError that
// names it, or is a checkpoint whose tensors all lie in the file. An input is such a file, or edits
// of a sound one.
#include "../gguf_bytes.hpp"
#include "error.hpp"
#include "gguf_model.hpp"
#include "source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

namespace {

using namespace bitnet::example;
using fuzz::require;
using fuzz::Source;
using gguf_bytes::Bytes;

struct Sound {
    Bytes file;
    std::size_t head; // bytes of it
};

const Sound& sound_file(std::size_t index) {
    static const std::vector<Sound> files = [] {
        std::vector<Sound> made;
        const auto add = [&](const gguf_bytes::Options& options) {
            const gguf_bytes::File file = gguf_bytes::model(options);
            made.push_back({file.bytes(), file.head().size()});
        };
        add({});
        add({.architecture = "llama", .tied = false, .qk_norm = false});
        add({.architecture = "bitnet-b1.58", .sub_norm = true, .qk_norm = false});
        add(gguf_bytes::wide(gguf_bytes::i2_s));
        add(gguf_bytes::wide(gguf_bytes::q2_0_g64));
        add(gguf_bytes::wide(gguf_bytes::q2_0_g128));
        add({.vocabulary = false});
        return made;
    }();
    return files[index % files.size()];
}

// One change of a file; mostly of what is before its tensors.
void edit(Bytes& file, std::size_t head, Source& source) {
    if (file.empty()) return;
    const std::size_t within = source.byte() % 8 == 0 ? file.size() : std::min(head, file.size());
    const std::size_t high = source.number(65536) << 8;
    const std::size_t at = (high | source.byte()) % within;
    constexpr std::uint64_t numbers[] = {0,          1,          2,       31,         32,
                                         0x7fffffff, 0x80000000, 1u << 9, 1ull << 32, 1ull << 61,
                                         1ull << 63, ~0ull,      ~31ull,  1ull << 20};
    const std::uint64_t number = numbers[source.number(std::size(numbers))];
    switch (source.byte() % 6) {
    case 0: // a byte
        file[at] ^= std::byte{source.byte()};
        break;
    case 1: // a number of four bytes
        if (at + 4 <= file.size()) {
            file_words::put(file.data() + at, static_cast<std::uint32_t>(number));
        }
        break;
    case 2: // and of eight
        if (at + 8 <= file.size()) file_words::put(file.data() + at, number);
        break;
    case 3: { // a part over another
        const std::size_t from = source.number(65536) % within;
        const std::size_t length =
            std::min<std::size_t>(source.byte(), file.size() - std::max(at, from));
        std::copy_n(Bytes(file).begin() + static_cast<std::ptrdiff_t>(from), length,
                    file.begin() + static_cast<std::ptrdiff_t>(at));
        break;
    }
    case 4: // a part goes away, and what is behind it moves
        file.erase(file.begin() + static_cast<std::ptrdiff_t>(at),
                   file.begin() + static_cast<std::ptrdiff_t>(
                                      std::min<std::size_t>(at + source.byte() % 32, file.size())));
        break;
    default: // its length
        file.resize(source.byte() % 2 ? file.size() + source.byte() : at);
        break;
    }
}

bool is_checkpoint(const Bytes& bytes) {
    try {
        const Checkpoint checkpoint = checkpoint_of(GgufFile("fuzz", bytes));
        const auto is_part = [](std::span<const std::byte> part, std::span<const std::byte> whole) {
            return part.data() >= whole.data() &&
                   part.data() + part.size() <= whole.data() + whole.size();
        };
        for (const SourceTensor& tensor : checkpoint.tensors) {
            const SourceFormat& format = format_of(tensor.type);
            require(tensor.rows > 0 && tensor.cols % format.values == 0 &&
                        tensor.bytes.size() ==
                            tensor.rows * (tensor.cols / format.values) * format.bytes,
                    "the bytes of its shape");
            require(is_part(tensor.bytes, bytes) ||
                        std::any_of(checkpoint.copies.begin(), checkpoint.copies.end(),
                                    [&](const auto& copy) { return is_part(tensor.bytes, copy); }),
                    "in the file, or a copy");
        }
        check_config(checkpoint.config);
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
        const auto rest = std::as_bytes(source.rest());
        is_checkpoint(Bytes(rest.begin(), rest.end()));
        return 0;
    }
    const Sound& sound = sound_file(which);
    Bytes file = sound.file;
    const std::size_t edits = source.byte() % 4;
    for (std::size_t i = 0; i < edits; ++i) edit(file, sound.head, source);
    const bool accepted = is_checkpoint(file);
    require(accepted || edits != 0, "a sound file is a model");
    return 0;
}
