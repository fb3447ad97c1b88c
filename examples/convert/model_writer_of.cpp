// SPDX-License-Identifier: MIT
#include "model_writer_of.hpp"

#include "error.hpp"
#include "tensor_kinds.hpp"

#include <optional>
#include <vector>

namespace bitnet::example {
ModelWriter model_writer_of(const Checkpoint& checkpoint, const ConvertOptions& options) {
    Config config = checkpoint.config;
    config.tokenizer = Config::Tokens::none;
    ModelWriter writer(config);
    for (const SourceTensor& tensor : checkpoint.tensors) {
        add_tensor(writer, checkpoint, tensor, options);
    }
    return writer;
}

} // namespace bitnet::example
