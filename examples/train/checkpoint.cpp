// SPDX-License-Identifier: MIT
// One line of JSON, then the parameters and both moments as raw floats of this machine.
#include "checkpoint.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace bitnet::train {
namespace {

using Json = nlohmann::json;

Json to_json(const Recipe& r) {
    const ModelConfig& m = r.model;
    return {{"vocab", m.vocab},
            {"hidden", m.hidden},
            {"layers", m.layers},
            {"heads", m.heads},
            {"kv_heads", m.kv_heads},
            {"head_dim", m.head_dim},
            {"ffn", m.ffn},
            {"context", m.context},
            {"rope_theta", m.rope_theta},
            {"eps", m.eps},
            {"kind", name_of(r.kind)},
            {"slots", r.slots},
            {"batches", r.batches},
            {"steps", r.steps},
            {"warmup", r.warmup},
            {"rate", r.rate},
            {"last_rate", r.last_rate},
            {"fall", r.fall},
            {"dropout", r.dropout},
            {"beta1", r.adamw.beta1},
            {"beta2", r.adamw.beta2},
            {"epsilon", r.adamw.epsilon},
            {"decay", r.adamw.decay},
            {"clip", r.adamw.clip},
            {"seed", r.seed}};
}

Recipe recipe_from(const Json& j) {
    Recipe r;
    r.model = {j.at("vocab"),      j.at("hidden"),   j.at("layers"), j.at("heads"),
               j.at("kv_heads"),   j.at("head_dim"), j.at("ffn"),    j.at("context"),
               j.at("rope_theta"), j.at("eps")};
    r.kind = linear_kind(j.at("kind").get<std::string>());
    r.slots = j.at("slots");
    r.batches = j.at("batches");
    r.steps = j.at("steps");
    r.warmup = j.at("warmup");
    r.rate = j.at("rate");
    r.last_rate = j.at("last_rate");
    r.fall = j.value("fall", 1.0F);
    r.dropout = j.at("dropout");
    r.adamw = {j.at("beta1"), j.at("beta2"), j.at("epsilon"), j.at("decay"), j.at("clip")};
    r.seed = j.at("seed");
    return r;
}

Json to_json(const Progress& p) {
    return {{"step", p.step},          {"epoch", p.epoch},     {"batch", p.batch},
            {"tokens", p.tokens},      {"seconds", p.seconds}, {"best", p.best},
            {"best_step", p.best_step}};
}

Progress progress_from(const Json& j) {
    return {j.at("step"),    j.at("epoch"), j.at("batch"),    j.at("tokens"),
            j.at("seconds"), j.at("best"),  j.at("best_step")};
}

} // namespace

void save(const std::string& path, const Recipe& recipe, const Progress& progress,
          const std::vector<example::Tokenizer::Merge>& merges, const Buffer<float>& parameters,
          const Buffer<float>& m, const Buffer<float>& v) {
    const std::string draft = path + ".part";
    std::ofstream out(draft, std::ios::binary);
    const Json head{
        {"recipe", to_json(recipe)}, {"progress", to_json(progress)}, {"merges", merges}};
    out << head.dump() << '\n';
    for (const Buffer<float>* floats : {&parameters, &m, &v}) {
        out.write(reinterpret_cast<const char*>(floats->data()),
                  static_cast<std::streamsize>(floats->size() * sizeof(float)));
    }
    out.close();
    if (!out || std::rename(draft.c_str(), path.c_str()) != 0) {
        throw std::runtime_error(path + ": could not be written");
    }
}

Checkpoint load_checkpoint(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string line;
    if (!std::getline(in, line)) {
        throw std::runtime_error(path + ": could not be read");
    }
    const Json head = Json::parse(line);
    Checkpoint c;
    c.recipe = recipe_from(head.at("recipe"));
    c.progress = progress_from(head.at("progress"));
    c.merges = head.at("merges").get<std::vector<example::Tokenizer::Merge>>();
    const std::size_t total = ParameterMap(c.recipe.model).total;
    for (Buffer<float>* floats : {&c.parameters, &c.m, &c.v}) {
        floats->resize(total);
        in.read(reinterpret_cast<char*>(floats->data()),
                static_cast<std::streamsize>(total * sizeof(float)));
    }
    if (!in) {
        throw std::runtime_error(path + ": is cut short");
    }
    return c;
}

} // namespace bitnet::train
