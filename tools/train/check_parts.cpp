// SPDX-License-Identifier: MIT
// Tests of what surrounds the mathematics: recipes, checkpoints, threads, and the bytes of a score.
#include "../../examples/transformer/error.hpp"
#include "../../examples/transformer/files.hpp"
#include "checkpoint.hpp"
#include "corpus.hpp"
#include "evaluate.hpp"
#include "export.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>

using namespace bitnet::train;
using bitnet::example::write_file;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

Checkpoint small_checkpoint() {
    Checkpoint c;
    c.recipe.model.vocab = 259;
    c.recipe.model.dim = 16;
    c.recipe.model.ffn_dim = 16;
    c.recipe.model.layers = 1;
    c.recipe.model.heads = 2;
    c.recipe.model.kv_heads = 1;
    c.recipe.model.head_dim = 8;
    c.recipe.slots = c.recipe.model.max_context = 16;
    c.merges = {{'a', 'a'}};
    const std::size_t total = ParameterMap(c.recipe.model).total;
    for (Buffer<float>* floats : {&c.state.parameters, &c.state.m, &c.state.v}) {
        floats->resize(total);
        for (std::size_t i = 0; i < total; ++i) (*floats)[i] = static_cast<float>(i % 7) - 3.0f;
    }
    return c;
}

std::string message_of(const Recipe& recipe) {
    try {
        validate(recipe);
    } catch (const bitnet::example::UserError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("the default recipe is valid; a flaw is named by its flag") {
    CHECK(message_of({}).empty());
    const auto refused = [](const std::string& flag, auto change) {
        Recipe recipe;
        change(recipe);
        CHECK_THAT(message_of(recipe), ContainsSubstring(flag + ' '));
    };
    refused("--slots", [](Recipe& r) { r.slots = r.model.max_context = 1000; });
    refused("--slots", [](Recipe& r) { r.slots = r.model.max_context = 0; });
    refused("--context", [](Recipe& r) { r.model.max_context = 2048; });
    refused("--vocab", [](Recipe& r) { r.model.vocab = 258; });
    refused("--vocab", [](Recipe& r) { r.model.vocab = 65537; });
    refused("--hidden", [](Recipe& r) { r.model.dim = 0; });
    refused("--layers", [](Recipe& r) { r.model.layers = 0; });
    refused("--ffn", [](Recipe& r) { r.model.ffn_dim = 0; });
    refused("--heads", [](Recipe& r) { r.model.heads = 0; });
    refused("--kv-heads", [](Recipe& r) { r.model.kv_heads = 0; });
    refused("--kv-heads", [](Recipe& r) { r.model.kv_heads = 3; });
    refused("--head-dim", [](Recipe& r) { r.model.head_dim = 31; });
    refused("--batches", [](Recipe& r) { r.batches = 0; });
    refused("--steps", [](Recipe& r) { r.steps = 0; });
    refused("--warmup", [](Recipe& r) { r.warmup = r.steps + 1; });
    for (const float bad : {not_a_number, -0.1f, 1.0f, 2.0f}) {
        refused("--rate", [&](Recipe& r) { r.rate = bad; });
        refused("--dropout", [&](Recipe& r) { r.dropout = bad; });
        refused("--decay", [&](Recipe& r) { r.adamw.decay = bad; });
        refused("--beta1", [&](Recipe& r) { r.adamw.beta1 = bad; });
        refused("--beta2", [&](Recipe& r) { r.adamw.beta2 = bad; });
    }
    for (const float bad : {not_a_number, -0.1f, 1.5f}) {
        refused("--last-rate", [&](Recipe& r) { r.last_rate = bad; });
        refused("--fall", [&](Recipe& r) { r.fall = bad; });
    }
    for (const float bad : {not_a_number, -1.0f, 0.0f, std::numeric_limits<float>::infinity()}) {
        refused("--clip", [&](Recipe& r) { r.adamw.clip = bad; });
        refused("--epsilon", [&](Recipe& r) { r.adamw.epsilon = bad; });
        refused("--eps", [&](Recipe& r) { r.model.norm_eps = bad; });
        refused("--rope-theta", [&](Recipe& r) { r.model.rope_theta = bad; });
    }
}

TEST_CASE("a resumed run keeps its recipe, all but the steps") {
    Recipe kept;
    kept.rate = 1e-3f;
    kept.steps = 500;
    const Recipe asked;
    CHECK(resumed(kept, asked, {}).steps == 500);
    CHECK(resumed(kept, asked, {"seed", "steps"}).steps == asked.steps);
    CHECK(resumed(kept, asked, {"steps"}).rate == 1e-3f);
    CHECK_THROWS_WITH(resumed(kept, asked, {"rate"}),
                      "--rate 0.003: the run to be resumed has 0.001");
    kept.model.gate = Config::Gate::silu;
    CHECK_THROWS_WITH(resumed(kept, asked, {"gate"}),
                      "--gate relu2: the run to be resumed has silu");
}

TEST_CASE("a checkpoint comes back whole; one without a gate has relu2") {
    const std::string path = "parts.ckpt";
    Checkpoint c = small_checkpoint();
    c.recipe.model.gate = Config::Gate::silu;
    c.recipe.kind = LinearKind::binary_sign_norm;
    c.recipe.seed = 0xffffffffffffffffU;
    c.progress.best = 0.123456789;
    save(path, c);
    const Checkpoint back = load_checkpoint(path);
    for_each_field(c.recipe, [&](const std::string& key, const auto& value, const char*) {
        for_each_field(back.recipe, [&](const std::string& other, const auto& found, const char*) {
            if (key == other) CHECK(to_text(found) == to_text(value));
        });
    });
    CHECK(back.progress.best == c.progress.best);
    CHECK(back.merges == c.merges);
    const float* v = c.state.v.data();
    CHECK(std::equal(v, v + c.state.v.size(), back.state.v.data()));

    std::string text = contents(path);
    const std::string gate = R"("gate":"silu",)";
    REQUIRE(text.find(gate) != std::string::npos);
    text.erase(text.find(gate), gate.size());
    std::ofstream(path, std::ios::binary) << text;
    CHECK(load_checkpoint(path).recipe.model.gate == Config::Gate::relu2);

    std::ofstream(path, std::ios::binary) << text.substr(0, text.size() - 1);
    CHECK_THROWS_WITH(load_checkpoint(path), ContainsSubstring("cut short"));
    std::ofstream(path, std::ios::binary) << "no JSON\n";
    CHECK_THROWS_WITH(load_checkpoint(path), ContainsSubstring(path + ": is no checkpoint"));
}

TEST_CASE("a file that cannot be written whole stays as it was") {
    const std::string path = "parts.txt";
    write_file(path, [](std::ostream& out) { out << "old"; });
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit tight{1000, before.rlim_max}; // like a full disk
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    std::string message;
    try {
        write_file(path, [](std::ostream& out) { out << std::string(100000, 'x'); });
    } catch (const std::runtime_error& error) {
        message = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK_THAT(message, ContainsSubstring(path + ": could not be written: "));
    CHECK(contents(path) == "old");
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
    CHECK_THROWS_WITH(write_file("no/such/folder", [](std::ostream&) {}),
                      ContainsSubstring("no/such/folder: could not be written: "));
}

TEST_CASE("what a worker throws reaches the caller, once") {
    const Workers workers(3);
    std::atomic<int> done = 0;
    CHECK_THROWS_WITH(workers.run([&](std::size_t w) {
        ++done;
        throw std::runtime_error("worker " + std::to_string(w));
    }),
                      "worker 0");
    CHECK(done == 3);
    CHECK_NOTHROW(workers.run([&](std::size_t) { ++done; }));
    CHECK(done == 6);
}

TEST_CASE("nats per byte count the bytes of the scored tokens alone") {
    const Checkpoint c = small_checkpoint();
    save("cut.ckpt", c);
    export_model("cut.ckpt", "cut.bitnet");
    const auto score = [](const std::string& text) {
        std::ofstream("cut.txt") << text;
        return score_file("cut.bitnet", "cut.txt");
    };
    CHECK(score("abc").tokens == 4); // and the end
    CHECK(score("abc").bytes == 3);
    // The context holds 16 ids, the first of which is not scored: 16 tokens of two bytes each.
    CHECK(score(std::string(80, 'a')).tokens == 16);
    CHECK(score(std::string(80, 'a')).bytes == 32);
}
