// SPDX-License-Identifier: MIT
// Steps, schedule, validation, checkpoints and the progress line.
#include "trainer.hpp"

#include "bpe_train.hpp"
#include "corpus.hpp"
#include "model.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

namespace bitnet::train {
namespace {

using example::Tokenizer;
using Clock = std::chrono::steady_clock;

// One story in this many is kept out of training: early stopping must not look at the validation
// file.
constexpr std::size_t hold_out = 100;

struct Stories {
    std::vector<std::vector<int>> ids;
    std::size_t bytes = 0;
};

class Run {
public:
    explicit Run(const TrainOptions& options);
    void go();

private:
    void start_or_resume();
    void step();
    double score(const Stories& stories);
    void evaluate();
    void report(bool line_end);
    float rate() const;
    Batch next_batch();

    TrainOptions options_;
    Recipe& recipe_;
    Progress progress_;
    std::vector<Tokenizer::Merge> merges_;
    Stories training_, held_out_, valid_;
    ParameterMap map_;
    Workers workers_;
    Buffer<float> parameters_;
    AdamW adamw_;
    Weights weights_;
    std::vector<std::unique_ptr<Model>> models_;
    std::vector<Batch> epoch_;
    double loss_ = 0.0; // running mean, nats per token
    float norm_ = 0.0F;
    double held_out_score_ = 0.0;
    double valid_score_ = 0.0;
    double speed_ = 0.0; // tokens per second, running mean
};

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
                p.role == Role::norm ? 1.0F : static_cast<float>(deviation * normal());
        }
    }
}

Run::Run(const TrainOptions& options)
    : options_(options), recipe_(options_.recipe), map_(recipe_.model), workers_(options.threads),
      parameters_(map_.total), adamw_(map_, recipe_.adamw),
      weights_(recipe_.model, map_, recipe_.kind), models_(options.threads) {
    std::filesystem::create_directories(options_.folder);
    start_or_resume();
    const Tokenizer tokenizer(merges_);
    const auto encode = [&](const std::vector<std::string>& texts, Stories& stories) {
        stories.ids = encode_stories(tokenizer, texts, recipe_.model.context);
        for (const std::string& text : texts) {
            stories.bytes += text.size();
        }
    };
    std::vector<std::string> kept;
    std::vector<std::string> held;
    const std::vector<std::string> all = split_stories(read_text(options_.text));
    for (std::size_t i = 0; i < all.size(); ++i) {
        (i % hold_out == hold_out - 1 ? held : kept).push_back(all[i]);
    }
    encode(kept, training_);
    encode(held, held_out_);
    if (!options_.valid.empty()) {
        encode(split_stories(read_text(options_.valid)), valid_);
    }
    std::size_t tokens = 0;
    for (const std::vector<int>& ids : training_.ids) {
        tokens += ids.size() - 1;
    }
    std::fprintf(stderr, "%zu stories, %zu tokens, %.3f bytes a token; %zu parameters, kind %s\n",
                 training_.ids.size(), tokens,
                 static_cast<double>(training_.bytes) / static_cast<double>(tokens), map_.total,
                 std::string(name_of(recipe_.kind)).c_str());
    workers_.run([&](std::size_t w) {
        models_[w] = std::make_unique<Model>(recipe_.model, map_, recipe_.slots);
    });
}

// Leaves the header and the points up to `step`: what an interrupted run drew behind its last
// checkpoint is drawn again.
void cut_curve(const std::string& path, std::size_t step) {
    std::string kept;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        if (kept.empty() || std::stoull(line) <= step) {
            kept += line + '\n';
        }
    }
    in.close();
    std::ofstream(path) << kept;
}

void Run::start_or_resume() {
    if (options_.resume) {
        Checkpoint c = load_checkpoint(options_.folder + "/last.ckpt");
        if (c.parameters.size() != map_.total || c.recipe.kind != recipe_.kind) {
            throw std::runtime_error("the checkpoint has another shape or kind");
        }
        progress_ = c.progress;
        merges_ = std::move(c.merges);
        parameters_ = std::move(c.parameters);
        adamw_.m = std::move(c.m);
        adamw_.v = std::move(c.v);
        cut_curve(options_.folder + "/curve.csv", progress_.step);
        return;
    }
    merges_ = options_.tokenizer.empty()
                  ? train_bpe(split_stories(read_text(options_.text)), recipe_.model.vocab)
                  : load_checkpoint(options_.tokenizer).merges;
    if (Tokenizer(merges_).vocab_size() != recipe_.model.vocab) {
        throw std::runtime_error("the tokenizer has another number of entries than the model");
    }
    initialise(recipe_, map_, parameters_);
    std::FILE* csv = std::fopen((options_.folder + "/curve.csv").c_str(), "w");
    if (csv != nullptr) {
        std::fputs(
            "step,tokens,seconds,train_nats_per_token,held_out_nats_per_byte,valid_nats_per_byte\n",
            csv);
        std::fclose(csv);
    }
}

float Run::rate() const {
    const auto step = static_cast<float>(progress_.step);
    const auto warmup = static_cast<float>(recipe_.warmup);
    if (step < warmup) {
        return recipe_.rate * (step + 1.0F) / warmup;
    }
    const auto steps = static_cast<float>(recipe_.steps);
    const float left =
        (steps - step) / std::max(1.0F, std::min(recipe_.fall * steps, steps - warmup));
    return recipe_.rate *
           (recipe_.last_rate + (1.0F - recipe_.last_rate) * std::clamp(left, 0.0F, 1.0F));
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
    weights_.update(parameters_.data(), workers_);
    std::vector<double> losses(recipe_.batches);
    workers_.run([&](std::size_t w) {
        for (std::size_t b = w; b < recipe_.batches; b += workers_.count()) {
            const Dropout dropout{recipe_.dropout,
                                  static_cast<std::uint32_t>(recipe_.seed * 7919 +
                                                             progress_.step * recipe_.batches + b)};
            losses[b] = models_[w]->forward_backward(weights_, batches[b], dropout,
                                                     1.0F / static_cast<float>(scored));
        }
    });
    std::vector<Buffer<float>*> gradients;
    for (const auto& model : models_) {
        gradients.push_back(&model->gradients());
    }
    norm_ = adamw_.step(parameters_, gradients, rate(), progress_.step + 1, workers_);
    double loss = 0.0;
    for (const double part : losses) {
        loss += part;
    }
    loss /= static_cast<double>(scored);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    // Running means over about fifty steps.
    loss_ = loss_ == 0.0 ? loss : 0.98 * loss_ + 0.02 * loss;
    const double speed = static_cast<double>(scored) / seconds;
    speed_ = speed_ == 0.0 ? speed : 0.98 * speed_ + 0.02 * speed;
    progress_.seconds += seconds;
    progress_.tokens += scored;
    ++progress_.step;
}

double Run::score(const Stories& stories) {
    const std::vector<Batch> batches = make_batches(stories.ids, recipe_.slots, 0);
    std::vector<double> sums(workers_.count());
    workers_.run([&](std::size_t w) {
        for (std::size_t b = w; b < batches.size(); b += workers_.count()) {
            sums[w] += models_[w]->forward(weights_, batches[b], {});
        }
    });
    double sum = 0.0;
    for (const double part : sums) {
        sum += part;
    }
    return sum / static_cast<double>(stories.bytes);
}

void Run::evaluate() {
    weights_.update(parameters_.data(), workers_);
    held_out_score_ = score(held_out_);
    valid_score_ = valid_.ids.empty() ? 0.0 : score(valid_);
    if (std::FILE* csv = std::fopen((options_.folder + "/curve.csv").c_str(), "a");
        csv != nullptr) {
        std::fprintf(csv, "%zu,%llu,%.1f,%.5f,%.5f,%.5f\n", progress_.step,
                     static_cast<unsigned long long>(progress_.tokens), progress_.seconds, loss_,
                     held_out_score_, valid_score_);
        std::fclose(csv);
    }
    const bool better = held_out_score_ < progress_.best;
    if (better) {
        progress_.best = held_out_score_;
        progress_.best_step = progress_.step;
    }
    save(options_.folder + "/last.ckpt", recipe_, progress_, merges_, parameters_, adamw_.m,
         adamw_.v);
    if (better) {
        save(options_.folder + "/best.ckpt", recipe_, progress_, merges_, parameters_, adamw_.m,
             adamw_.v);
    }
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
                 bar.c_str(), progress_.step, recipe_.steps, progress_.epoch, loss_,
                 static_cast<double>(norm_), static_cast<double>(rate()), held_out_score_,
                 valid_score_, speed_, left / 60.0);
    if (line_end) {
        std::fputc('\n', stderr);
    }
}

void Run::go() {
    const bool terminal = isatty(STDERR_FILENO) != 0;
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
    Run(options).go();
}

} // namespace bitnet::train
