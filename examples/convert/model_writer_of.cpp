// SPDX-License-Identifier: MIT
#include "model_writer_of.hpp"

#include "error.hpp"
#include "tensor_kinds.hpp"
#include "tokenizer.hpp"

#include <optional>
#include <vector>

namespace bitnet::example {
namespace {

std::optional<Tokenizer> tokenizer_of(const Checkpoint& checkpoint) {
    if (checkpoint.vocabulary) return Tokenizer::from_gguf(*checkpoint.vocabulary);
    const std::string& path = checkpoint.tokenizer_file;
    if (path.empty()) return std::nullopt;
    const MappedFile file{InputFile(path)};
    const std::span<const std::byte> bytes = file.bytes();
    try {
        if (!path.ends_with(".json")) return Tokenizer::from_sentencepiece(bytes);
        return Tokenizer::from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } catch (const UserError& error) {
        throw UserError(path + ": " + error.what());
    }
}

} // namespace

ModelWriter model_writer_of(const Checkpoint& checkpoint, const ConvertOptions& options) {
    Config config = checkpoint.config;
    const std::optional<Tokenizer> tokenizer = tokenizer_of(checkpoint);
    if (tokenizer && tokenizer->vocab_size() > config.vocab) {
        throw UserError(checkpoint.label + ": the tokenizer has " +
                        std::to_string(tokenizer->vocab_size()) + " tokens, the model " +
                        std::to_string(config.vocab));
    }
    config.tokenizer = tokenizer ? Config::Tokens::blob : Config::Tokens::none;
    ModelWriter writer(config);
    for (const SourceTensor& tensor : checkpoint.tensors) {
        add_tensor(writer, checkpoint, tensor, options);
    }
    if (tokenizer) {
        const std::vector<std::byte> bytes = tokenizer->to_bytes();
        writer.add("tokenizer", kind_named("bytes"), 1, bytes.size(), bytes);
    }
    return writer;
}

} // namespace bitnet::example
