// SPDX-License-Identifier: MIT
// Steps, schedule, validation, checkpoints and the progress line.
#include "trainer.hpp"

#include "../../examples/transformer/checksum.hpp"
#include "../../examples/transformer/console.hpp"
#include "../../examples/transformer/error.hpp"
#include "../../examples/transformer/files.hpp"
#include "bpe_train.hpp"
#include "checkpoint.hpp"
#include "corpus.hpp"
#include "model.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <system_error>
#include <utility>

namespace bitnet::train {
namespace {

using example::Tokenizer;
using Clock = std::chrono::steady_clock;

// One story in this many is kept out of training: early stopping must not look at the validation
// file.
constexpr std::size_t hold_out = 100;

struct Stories {
    std::vector<std::vector<int>> ids;
    std::size_t bytes = 0; // of the tokens, so without what was cut off
};

Stories encode(const Tokenizer& tokenizer, const std::vector<std::string>& texts,
               const Recipe& recipe) {
    Stories stories{encode_stories(tokenizer, texts, recipe.model.max_context), 0};
    for (const std::vector<int>& ids : stories.ids) stories.bytes += tokenizer.decode(ids).size();
    return stories;
}

void initialise(const Recipe& recipe, const ParameterMap& map, Buffer<float>& parameters) {
    std::mt19937_64 random(recipe.seed);
    const auto uniform = [&] { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; };
    const auto normal =
        [&] { // Box-Muller by hand: std::normal_distribution differs between libraries
            return std::sqrt(-2.0 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
        };
    for (const Parameter& p : map.list) {
        double deviation = 0.02; // embedding
        if (p.role == Role::linear) {
            deviation = 0.5 / std::sqrt(static_cast<double>(p.cols));
            if (p.name.find("o_proj") != std::string::npos ||
                p.name.find("down_proj") != std::string::npos) {
                deviation /= std::sqrt(2.0 * static_cast<double>(recipe.model.layers));
            }
        }
        for (std::size_t i = 0; i < p.size(); ++i) {
            parameters[p.offset + i] =
                p.role == Role::norm ? 1.0f : static_cast<float>(deviation * normal());
        }
    }
}

Checkpoint resume(const TrainOptions& options, std::uint64_t text) {
    Checkpoint c = load_checkpoint(options.folder + "/last.ckpt");
    if (c.text != text && c.text != 0) {
        throw example::UserError("--text " + options.text +
                                 ": the run to be resumed has another text");
    }
    c.text = text;
    c.recipe = resumed(c.recipe, options.recipe, options.given);
    validate(c.recipe);
    if (c.recipe.steps < c.progress.step) {
        throw example::UserError("--steps " + to_text(c.recipe.steps) +
                                 ": the run to be resumed has done " + to_text(c.progress.step));
    }
    if (!options.tokenizer.empty() && load_checkpoint(options.tokenizer).merges != c.merges) {
        throw example::UserError("--tokenizer " + options.tokenizer +
                                 ": the run to be resumed has another one");
    }
    return c;
}

// A run of no steps yet.
Checkpoint start(const TrainOptions& options, const std::vector<std::string>& stories,
                 std::uint64_t text) {
    if (std::filesystem::exists(options.folder + "/last.ckpt")) {
        throw example::UserError("--out " + options.folder +
                                 ": holds a run; --resume continues it");
    }
    std::filesystem::create_directories(options.folder);
    Checkpoint c;
    c.text = text;
    c.recipe = options.recipe;
    const std::size_t vocab = c.recipe.model.vocab;
    c.merges = options.tokenizer.empty() ? train_bpe(stories, vocab)
                                         : load_checkpoint(options.tokenizer).merges;
    if (const std::size_t entries = Tokenizer::from_merges(c.merges).vocab_size();
        entries != vocab) {
        throw example::UserError("--vocab " + to_text(vocab) + ": the tokenizer has " +
                                 to_text(entries) + " entries");
    }
    const ParameterMap map(c.recipe.model);
    c.state = {Buffer<float>(map.total), Buffer<float>(map.total), Buffer<float>(map.total)};
    initialise(c.recipe, map, c.state.parameters);
    return c;
}

// The header, and of an earlier curve the points up to `step`: what an interrupted run drew behind
// its last checkpoint is drawn again.
std::string begin_curve(const std::string& earlier, std::size_t step) {
    std::string curve = "step,tokens,seconds,train_nats_per_token,held_out_nats_per_byte,"
                        "valid_nats_per_byte\n";
    std::ifstream in(earlier);
    std::size_t at = 0;
    for (std::string line; std::getline(in, line);) {
        if (std::from_chars(line.data(), line.data() + line.size(), at).ec == std::errc() &&
            at <= step) {
            curve += line + '\n';
        }
    }
    return curve;
}

class Run {
public:
    Run(const TrainOptions& options, Checkpoint checkpoint,
        const std::vector<std::string>& stories);
    void go();

private:
    void step();
    double score(const Stories& stories);
    void evaluate();
    void report(bool line_end);
    float rate() const;
    Batch next_batch();

    const TrainOptions& options_;
    Checkpoint checkpoint_;
    const Recipe& recipe_ = checkpoint_.recipe;
    Progress& progress_ = checkpoint_.progress;
    AdamWState& state_ = checkpoint_.state;
    Stories training_, held_out_, valid_;
    ParameterMap map_{recipe_.model};
    Workers workers_{options_.threads};
    Weights weights_{recipe_.model, map_, recipe_.kind};
    std::vector<std::unique_ptr<Model>> models_; // one for each worker
    std::vector<Buffer<float>> gradients_;       // one for each batch of a step
    std::vector<Batch> epoch_;
    std::string curve_; // the file curve.csv
    float norm_ = 0.0f;
    std::size_t skipped_ = 0; // steps in a row whose gradient was not finite
    double held_out_score_ = 0.0;
    double valid_score_ = 0.0;
    double speed_ = 0.0; // tokens per second, running mean
};

Run::Run(const TrainOptions& options, Checkpoint checkpoint,
         const std::vector<std::string>& stories)
    : options_(options), checkpoint_(std::move(checkpoint)), models_(options.threads) {
    const Tokenizer tokenizer = Tokenizer::from_merges(checkpoint_.merges);
    std::vector<std::string> kept;
    std::vector<std::string> held;
    for (std::size_t i = 0; i < stories.size(); ++i) {
        (i % hold_out == hold_out - 1 ? held : kept).push_back(stories[i]);
    }
    training_ = encode(tokenizer, kept, recipe_);
    held_out_ = encode(tokenizer, held, recipe_);
    if (!options_.valid.empty()) {
        valid_ = encode(tokenizer, split_stories(example::read_text(options_.valid)), recipe_);
    }
    std::size_t tokens = 0;
    for (const std::vector<int>& ids : training_.ids) tokens += ids.size() - 1;
    std::fprintf(stderr, "%zu stories, %zu tokens, %.3f bytes a token; %zu parameters, kind %s\n",
                 training_.ids.size(), tokens,
                 static_cast<double>(training_.bytes) / static_cast<double>(tokens), map_.total,
                 to_text(recipe_.kind).c_str());
    for (std::size_t b = 0; b < recipe_.batches; ++b) gradients_.emplace_back(map_.total);
    workers_.run([&](std::size_t w) {
        models_[w] = std::make_unique<Model>(recipe_.model, map_, recipe_.slots);
    });
    curve_ = begin_curve(options_.folder + "/curve.csv", progress_.step);
}

float Run::rate() const {
    const auto step = static_cast<float>(progress_.step);
    const auto warmup = static_cast<float>(recipe_.warmup);
    if (step < warmup) return recipe_.rate * (step + 1.0f) / warmup;
    const auto steps = static_cast<float>(recipe_.steps);
    const float left =
        (steps - step) / std::max(1.0f, std::min(recipe_.fall * steps, steps - warmup));
    return recipe_.rate *
           (recipe_.last_rate + (1.0f - recipe_.last_rate) * std::clamp(left, 0.0f, 1.0f));
}

Batch Run::next_batch() {
    if (epoch_.empty()) { // also after a resumption: the order depends on seed and epoch alone
        epoch_ =
            make_batches(training_.ids, recipe_.slots, recipe_.seed * 1000003 + progress_.epoch);
    }
    if (progress_.batch == epoch_.size()) {
        ++progress_.epoch;
        progress_.batch = 0;
        epoch_.clear();
        return next_batch();
    }
    return epoch_[progress_.batch++];
}

void Run::step() {
    const auto begin = Clock::now();
    std::vector<Batch> batches;
    std::size_t scored = 0;
    for (std::size_t b = 0; b < recipe_.batches; ++b) {
        batches.push_back(next_batch());
        scored += batches.back().scored;
    }
    weights_.update(state_.parameters.data(), workers_);
    std::vector<double> losses(recipe_.batches);
    workers_.run([&](std::size_t w) {
        for (std::size_t b = w; b < recipe_.batches; b += workers_.count()) {
            const Dropout dropout{recipe_.dropout,
                                  static_cast<std::uint32_t>(recipe_.seed * 7919 +
                                                             progress_.step * recipe_.batches + b)};
            losses[b] = models_[w]->forward_backward(
                weights_, batches[b], dropout, 1.0f / static_cast<float>(scored), gradients_[b]);
        }
    });
    norm_ = adamw(map_, recipe_.adamw, state_, gradients_, rate(), progress_.step + 1, workers_);
    const double loss =
        std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(scored);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    skipped_ = std::isfinite(norm_) ? 0 : skipped_ + 1;
    if (skipped_ == 10) {
        throw example::UserError("ten gradients in a row were not finite, at step " +
                                 to_text(progress_.step) + ": try a lower --rate");
    }
    // Running means over about fifty steps.
    progress_.loss = progress_.loss == 0.0 ? loss : 0.98 * progress_.loss + 0.02 * loss;
    const double speed = static_cast<double>(scored) / seconds;
    speed_ = speed_ == 0.0 ? speed : 0.98 * speed_ + 0.02 * speed;
    progress_.seconds += seconds;
    progress_.tokens += scored;
    ++progress_.step;
}

double Run::score(const Stories& stories) {
    const std::vector<Batch> batches = make_batches(stories.ids, recipe_.slots, 0);
    std::vector<double> sums(batches.size());
    workers_.run([&](std::size_t w) {
        for (std::size_t b = w; b < batches.size(); b += workers_.count()) {
            sums[b] = models_[w]->forward(weights_, batches[b], {});
        }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(stories.bytes);
}

void Run::evaluate() {
    weights_.update(state_.parameters.data(), workers_);
    held_out_score_ = score(held_out_);
    valid_score_ = valid_.ids.empty() ? 0.0 : score(valid_);
    char point[128];
    std::snprintf(point, sizeof point, "%zu,%llu,%.1f,%.5f,%.5f,%.5f\n", progress_.step,
                  static_cast<unsigned long long>(progress_.tokens), progress_.seconds,
                  progress_.loss, held_out_score_, valid_score_);
    curve_ += point;
    example::write_file(options_.folder + "/curve.csv", [&](std::ostream& out) { out << curve_; });
    // last.ckpt comes last: it must not say that a best.ckpt was written which was not.
    if (held_out_score_ < progress_.best) {
        progress_.best = held_out_score_;
        progress_.best_step = progress_.step;
        save(options_.folder + "/best.ckpt", checkpoint_);
    }
    save(options_.folder + "/last.ckpt", checkpoint_);
    report(true);
}

void Run::report(bool line_end) {
    const double left =
        speed_ > 0.0 ? static_cast<double>(recipe_.steps - progress_.step) * progress_.seconds /
                           static_cast<double>(std::max<std::size_t>(progress_.step, 1))
                     : 0.0;
    constexpr std::size_t width = 20;
    const std::size_t filled = width * progress_.step / std::max<std::size_t>(recipe_.steps, 1);
    std::string bar(width, '.');
    std::fill_n(bar.begin(), filled, '#');
    std::fprintf(stderr,
                 "\r[%s] %zu/%zu epoch %zu loss %.4f norm %.2f rate %.2e held-out %.4f valid %.4f "
                 "%.0f tok/s %.1f min left ",
                 bar.c_str(), progress_.step, recipe_.steps, progress_.epoch, progress_.loss,
                 static_cast<double>(norm_), static_cast<double>(rate()), held_out_score_,
                 valid_score_, speed_, left / 60.0);
    if (line_end) std::fputc('\n', stderr);
}

void Run::go() {
    const bool terminal = example::is_terminal(stderr);
    while (progress_.step < recipe_.steps) {
        step();
        if (progress_.step % options_.evaluate_every == 0 || progress_.step == recipe_.steps) {
            evaluate();
        } else if (terminal && progress_.step % 5 == 0) {
            report(false);
        }
    }
    std::fprintf(stderr, "best on held-out stories: %.4f nats per byte at step %zu\n",
                 progress_.best, progress_.best_step);
}

} // namespace

void train(const TrainOptions& options) {
    if (!options.resume) validate(options.recipe);
    const std::string text = example::read_text(options.text);
    const std::uint64_t sum = example::checksum(std::as_bytes(std::span(text)));
    const std::vector<std::string> stories = split_stories(text);
    if (stories.size() < hold_out) {
        throw example::UserError(options.text + ": has " + to_text(stories.size()) +
                                 " stories, fewer than the " + to_text(hold_out) +
                                 " of which one is held out");
    }
    Run run(options, options.resume ? resume(options, sum) : start(options, stories, sum), stories);
    run.go();
}

} // namespace bitnet::train
