// SPDX-License-Identifier: MIT
// One line of JSON, then the parameters and both moments as raw floats of this machine.
#include "checkpoint.hpp"

#include "../../examples/transformer/error.hpp"
#include "../../examples/transformer/files.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <string_view>
#include <type_traits>

namespace bitnet::train {
namespace {

using Json = nlohmann::json;

Json to_json(const Recipe& recipe) {
    Json j;
    for_each_field(recipe, [&](const char* key, const auto& value, const char*) {
        if constexpr (std::is_enum_v<std::decay_t<decltype(value)>>) {
            j[key] = to_text(value);
        } else {
            j[key] = value;
        }
    });
    return j;
}

Recipe recipe_from(const Json& j) {
    Recipe recipe;
    recipe.fall = 1.0f; // of checkpoints that do not say; their gate is the default
    for_each_field(recipe, [&](std::string_view key, auto& value, const char*) {
        if ((key == "fall" || key == "gate") && !j.contains(key)) return;
        if constexpr (std::is_enum_v<std::decay_t<decltype(value)>>) {
            parse(j.at(key).template get<std::string>(), value);
        } else {
            j.at(key).get_to(value);
        }
    });
    return recipe;
}

Json to_json(const Progress& p) {
    return {{"step", p.step},           {"epoch", p.epoch},     {"batch", p.batch},
            {"tokens", p.tokens},       {"seconds", p.seconds}, {"best", p.best},
            {"best_step", p.best_step}, {"loss", p.loss}};
}

Progress progress_from(const Json& j) {
    return {j.at("step"),    j.at("epoch"), j.at("batch"),     j.at("tokens"),
            j.at("seconds"), j.at("best"),  j.at("best_step"), j.value("loss", 0.0)};
}

} // namespace

void save(const std::string& path, const Checkpoint& c) {
    const Json head{{"recipe", to_json(c.recipe)},
                    {"progress", to_json(c.progress)},
                    {"merges", c.merges},
                    {"text", c.text}};
    example::write_file(path, [&](std::ostream& out) {
        out << head.dump() << '\n';
        for (const Buffer<float>* floats : {&c.state.parameters, &c.state.m, &c.state.v}) {
            out.write(reinterpret_cast<const char*>(floats->data()),
                      static_cast<std::streamsize>(floats->size() * sizeof(float)));
        }
    });
}

Checkpoint load_checkpoint(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string line;
    if (!std::getline(in, line)) throw example::UserError(path + ": could not be read");
    Checkpoint c;
    try {
        const Json head = Json::parse(line);
        c.recipe = recipe_from(head.at("recipe"));
        c.progress = progress_from(head.at("progress"));
        c.merges = head.at("merges").get<std::vector<example::bpe_bytes::Merge>>();
        c.text = head.value("text", std::uint64_t{0});
    } catch (const std::exception& error) {
        throw example::UserError(path + ": is no checkpoint: " + error.what());
    }
    const std::size_t total = ParameterMap(c.recipe.model).total;
    for (Buffer<float>* floats : {&c.state.parameters, &c.state.m, &c.state.v}) {
        floats->resize(total);
        in.read(reinterpret_cast<char*>(floats->data()),
                static_cast<std::streamsize>(total * sizeof(float)));
    }
    if (!in) throw example::UserError(path + ": is cut short");
    return c;
}

} // namespace bitnet::train
