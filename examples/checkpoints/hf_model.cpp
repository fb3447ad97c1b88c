// SPDX-License-Identifier: MIT
// The tensors of a directory of Hugging Face's. Whatever is not understood is refused by its name.
#include "hf_model.hpp"

#include "error.hpp"
#include "hf_config.hpp"
#include "model_format.hpp"
#include "model_tensors.hpp"
#include "text.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace bitnet::example {
namespace {

std::optional<SourceType> float_type(std::string_view dtype) noexcept {
    if (dtype == "F32") return SourceType::f32;
    if (dtype == "F16") return SourceType::f16;
    if (dtype == "BF16") return SourceType::bf16;
    return std::nullopt;
}

// The one value of a tensor of floats.
float only_value(const SafeTensor& tensor, SourceType type) noexcept {
    using file_format::load;
    const std::byte* from = tensor.bytes.data();
    if (type == SourceType::f32) return std::bit_cast<float>(load<std::uint32_t>(from));
    const auto bits = load<std::uint16_t>(from);
    if (type == SourceType::bf16) return std::bit_cast<float>(std::uint32_t{bits} << 16);
    float value = NAN; // what halves_to_floats takes is finite
    if ((bits & 0x7C00) != 0x7C00) halves_to_floats<isa::dynamic>(&bits, &value, 1);
    return value;
}

std::string shape(std::size_t rows, std::size_t cols) {
    return std::to_string(rows) + " x " + std::to_string(cols);
}

struct Found {
    const SafetensorsFile* file = nullptr;
    const SafeTensor* tensor = nullptr;
};

class TensorReader {
public:
    TensorReader(const HfDirectory& directory, HfConfig& source, Checkpoint& checkpoint)
        : directory_(directory), source_(source), config_(source.config), checkpoint_(checkpoint) {
        for (const SafetensorsFile& file : directory.weights) {
            for (const SafeTensor& tensor : file.tensors()) {
                if (!tensors_.emplace(tensor.name, Found{&file, &tensor}).second) {
                    file.refuse_tensor(tensor.name, "another file of the model has it too");
                }
            }
        }
    }

    /// What the config leaves to the tensors that there are.
    void complete_config() {
        const auto has = [&](const char* name) { return tensors_.contains(name); };
        config_.sub_norm = has("model.layers.0.self_attn.attn_sub_norm.weight") ||
                           has("model.layers.0.self_attn.inner_attn_ln.weight");
        if (!source_.says_tied) config_.tied = !has("lm_head.weight");
        config_.qk_norm = config_.qk_norm || has("model.layers.0.self_attn.q_norm.weight");
        if (!config_.projection_norm_eps &&
            (has("model.layers.0.self_attn.q_proj.norm.weight") ||
             has("model.layers.0.self_attn.q_proj.rms_norm.weight"))) {
            config_.projection_norm_eps = config_.norm_eps;
        }
    }

    void read() {
        for_each_tensor(config_, [&](const ModelTensor& wanted) { take(wanted); });
        for (const SafetensorsFile& file : directory_.weights) {
            for (const SafeTensor& tensor : file.tensors()) {
                if (!used_.contains(tensor.name)) refuse_unused(file, tensor);
            }
        }
    }

private:
    void take(const ModelTensor& wanted) {
        const auto [file, tensor] = find(wanted);
        SourceTensor taken{.name = wanted.name,
                           .source = tensor->name,
                           .rows = wanted.rows,
                           .cols = wanted.cols,
                           .bytes = tensor->bytes};
        const std::string module = tensor->name.substr(0, tensor->name.rfind('.'));
        const bool converted =
            wanted.role == TensorRole::projection && source_.quantization.converts(module);
        std::size_t rows = wanted.rows; // in the file
        if (converted && source_.quantization.packed) {
            taken.type = SourceType::hf_ternary;
            taken.factor = factor_of(*file, module);
            rows = (rows + 3) / 4;
            if (tensor->dtype != "U8") {
                file->refuse_tensor(tensor->name, "it is " + std::string(tensor->dtype) +
                                                      ", but the config says packed weights (U8)");
            }
        } else if (const auto type = float_type(tensor->dtype)) {
            taken.type = *type;
            taken.master = converted && source_.quantization.masters;
        } else {
            file->refuse_tensor(tensor->name, std::string(tensor->dtype) +
                                                  " is not supported here; F32, F16 and BF16 are");
        }
        if (tensor->rows != rows || tensor->cols != wanted.cols) {
            file->refuse_tensor(tensor->name, shape(tensor->rows, tensor->cols) +
                                                  " where the config wants " +
                                                  shape(rows, wanted.cols));
        }
        checkpoint_.tensors.push_back(std::move(taken));
    }

    Found find(const ModelTensor& wanted) {
        for (const std::string& name : wanted.hf) {
            const auto found = tensors_.find(name);
            if (found == tensors_.end()) continue;
            used_.insert(found->first);
            return found->second;
        }
        throw UserError(directory_.label + ": tensor " + wanted.hf[0] + " is missing");
    }

    // What the codes of a packed projection are multiplied by.
    float factor_of(const SafetensorsFile& file, const std::string& module) {
        const std::string name = module + ".weight_scale";
        const auto found = tensors_.find(name);
        if (found == tensors_.end()) {
            file.refuse_tensor(name, "it is missing, and " + module + ".weight is packed");
        }
        used_.insert(found->first);
        const auto [owner, tensor] = found->second;
        const auto type = float_type(tensor->dtype);
        if (!type || tensor->rows != 1 || tensor->cols != 1) {
            owner->refuse_tensor(name, "it must be one F32, F16 or BF16");
        }
        const float scale = only_value(*tensor, *type);
        const float factor = source_.quantization.multiply ? scale : 1.0f / scale;
        if (!(scale > 0.0f) || !std::isfinite(scale) || !std::isfinite(factor)) {
            owner->refuse_tensor(name, "it is no finite number above 0");
        }
        return factor;
    }

    void refuse_unused(const SafetensorsFile& file, const SafeTensor& tensor) const {
        if (tensor.name.ends_with(".rotary_emb.inv_freq")) return; // what rope_theta says already
        if (tensor.name.ends_with(".bias")) {
            file.refuse_tensor(tensor.name, "biases are not supported");
        }
        if (tensor.name == "lm_head.weight") {
            const auto embedding = tensors_.at("model.embed_tokens.weight").tensor->bytes;
            if (std::equal(embedding.begin(), embedding.end(), tensor.bytes.begin(),
                           tensor.bytes.end())) {
                return;
            }
            file.refuse_tensor(tensor.name, "it is no copy of the embedding, but the config says "
                                            "\"tie_word_embeddings\"");
        }
        file.refuse_tensor(tensor.name, "no part of this model; without it another one would run");
    }

    const HfDirectory& directory_;
    const HfConfig& source_;
    Config& config_;
    Checkpoint& checkpoint_;
    std::unordered_map<std::string_view, Found> tensors_;
    std::unordered_set<std::string_view> used_;
};

} // namespace

Checkpoint checkpoint_of(const HfDirectory& directory) {
    HfConfig source = read_hf_config(directory);
    Checkpoint checkpoint;
    checkpoint.label = directory.label;
    TensorReader reader(directory, source, checkpoint);
    reader.complete_config();
    try {
        check_config(source.config);
    } catch (const UserError& error) {
        throw UserError(directory.label + ": " + error.what());
    }
    reader.read();
    checkpoint.config = std::move(source.config);
    return checkpoint;
}

} // namespace bitnet::example
