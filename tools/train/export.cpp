// SPDX-License-Identifier: MIT
// Norms as f32, the embedding as f16, the projections packed (or f32 for the float twin).
#include "export.hpp"

#include "../../examples/transformer/model_file.hpp"
#include "bit_group.hpp"
#include "checkpoint.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace bitnet::train {
namespace {

Config config_of(const Checkpoint& checkpoint) {
    const Recipe& r = checkpoint.recipe;
    const nlohmann::ordered_json training{{"kind", to_text(r.kind)},
                                          {"step", checkpoint.progress.step},
                                          {"steps", r.steps},
                                          {"tokens", checkpoint.progress.tokens},
                                          {"tokens_per_step", r.slots * r.batches},
                                          {"peak_rate", to_text(r.rate)},
                                          {"dropout", to_text(r.dropout)},
                                          {"weight_decay", to_text(r.adamw.decay)},
                                          {"seed", r.seed}};
    Config config = r.model;
    config.training = training.dump();
    return config;
}

} // namespace

void export_model(const std::string& checkpoint, const std::string& model) {
    const Checkpoint c = load_checkpoint(checkpoint);
    example::ModelWriter writer(config_of(c));
    for (const Parameter& p : ParameterMap(c.recipe.model).list) {
        const std::span<const float> values(c.state.parameters.data() + p.offset, p.size());
        if (p.role == Role::embedding) {
            writer.add_f16(p.name, p.rows, p.cols, values);
        } else if (p.role == Role::norm || c.recipe.kind == LinearKind::float32) {
            writer.add_f32(p.name, p.rows, p.cols, values);
        } else {
            // Quantized as in training: the codes and the scale that it was trained with.
            const std::array rows{p.rows};
            writer.add(p.name, static_cast<example::TensorKind>(c.recipe.kind), p.rows, p.cols,
                       make_bit_group(c.recipe.kind, values.data(), rows, p.cols)->bytes());
        }
    }
    writer.add_merges(c.merges);
    writer.write(model);
}

} // namespace bitnet::train
