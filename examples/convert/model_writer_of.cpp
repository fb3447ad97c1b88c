// SPDX-License-Identifier: MIT
// Config, tensors and tokenizer, in that order.
#include "model_writer_of.hpp"

#include "error.hpp"
#include "tensor_kinds.hpp"
#include "tokenizer_files.hpp"

#include <optional>
#include <vector>

namespace bitnet::example {
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
