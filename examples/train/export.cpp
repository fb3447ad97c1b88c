// SPDX-License-Identifier: MIT
// Norms as f32, the embedding as f16, the projections packed (or f32 for the float twin).
#include "export.hpp"

#include "../transformer/model_file.hpp"
#include "checkpoint.hpp"
#include "pack_layer.hpp"

#include <nlohmann/json.hpp>

namespace bitnet::train {
namespace {

example::Config config_of(const Checkpoint& checkpoint) {
    const ModelConfig& m = checkpoint.recipe.model;
    example::Config c;
    c.vocab = m.vocab;
    c.dim = m.hidden;
    c.ffn_dim = m.ffn;
    c.layers = m.layers;
    c.heads = m.heads;
    c.kv_heads = m.kv_heads;
    c.head_dim = m.head_dim;
    c.max_context = m.context;
    c.rope_theta = m.rope_theta;
    c.norm_eps = m.eps;
    const Recipe& r = checkpoint.recipe;
    // Floats as short text: their exact binary value would say more than the recipe means.
    const auto brief = [](float x) {
        char text[32];
        std::snprintf(text, sizeof text, "%g", static_cast<double>(x));
        return std::string(text);
    };
    const nlohmann::ordered_json training{{"kind", name_of(r.kind)},
                                          {"step", checkpoint.progress.step},
                                          {"steps", r.steps},
                                          {"tokens", checkpoint.progress.tokens},
                                          {"tokens_per_step", r.slots * r.batches},
                                          {"peak_rate", brief(r.rate)},
                                          {"dropout", brief(r.dropout)},
                                          {"weight_decay", brief(r.adamw.decay)},
                                          {"seed", r.seed}};
    c.training = training.dump();
    return c;
}

} // namespace

void export_model(const std::string& checkpoint, const std::string& model) {
    const Checkpoint c = load_checkpoint(checkpoint);
    example::ModelWriter writer(config_of(c));
    for (const Parameter& p : ParameterMap(c.recipe.model).list) {
        const std::span<const float> values(c.parameters.data() + p.offset, p.size());
        if (p.role == Role::embedding) {
            writer.add_f16(p.name, p.rows, p.cols, values);
        } else if (p.role == Role::norm || c.recipe.kind == LinearKind::float32) {
            writer.add_f32(p.name, p.rows, p.cols, values);
        } else {
            writer.add(p.name, static_cast<example::TensorKind>(c.recipe.kind), p.rows, p.cols,
                       pack_layer(c.recipe.kind, values, p.rows, p.cols));
        }
    }
    writer.add_merges(c.merges);
    writer.write(model);
}

} // namespace bitnet::train
