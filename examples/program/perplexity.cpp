// SPDX-License-Identifier: MIT
// `bitnet perplexity`. Every digit of the NLL is the same on every machine. So is the perplexity,
// which a float cannot hold: nine digits are fewer than the C libraries agree on.
#include "perplexity.hpp"

#include "activation_report.hpp"
#include "convert.hpp"
#include "error.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "score.hpp"
#include "text.hpp"
#include "tokenizer.hpp"
#include "transformer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace bitnet::example {
namespace {

// Tokens per forward pass; their logits (batch, vocab) are kept for scoring.
constexpr std::size_t score_batch = 64;

struct Document {
    std::vector<int> ids; // the first one is not scored
};

struct Corpus {
    std::vector<Document> documents;
    std::size_t bytes = 0; // of the stripped stories; 0 when it was given as ids
};

Corpus read_stories(const std::string& path, const Config& config, const Tokenizer& tokenizer) {
    Corpus corpus;
    for (const std::string& story : split_stories(read_text(path))) {
        std::vector<int> ids = tokenizer.encode(story);
        if (config.add_bos) ids.insert(ids.begin(), *config.bos);
        if (!config.eos.empty()) ids.push_back(config.eos.front());
        if (ids.empty()) continue;
        corpus.documents.push_back({std::move(ids)});
        corpus.bytes += story.size();
    }
    return corpus;
}

Corpus read_ids(const std::string& path, const Config& config) {
    const std::string text = read_text(path);
    Corpus corpus;
    std::string_view rest = text;
    for (std::size_t line = 1; !rest.empty(); ++line) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::vector<int> ids =
            parse_ids(rest.substr(0, end), config.vocab, path + ", line " + std::to_string(line));
        ids.resize(std::min(ids.size(), config.max_context));
        if (!ids.empty()) corpus.documents.push_back({std::move(ids)});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return corpus;
}

} // namespace

void perplexity(const PerplexityOptions& options) {
    const LoadedModel loaded(options.model);
    print_notes(loaded.notes());
    const ModelFile& file = loaded.file();
    const Config& config = file.config();
    const Windows windows = Windows::of(config, options.context, options.stride);
    Corpus corpus;
    if (options.ids.empty()) {
        const std::optional<Tokenizer> tokenizer = load_tokenizer(file);
        if (!tokenizer) file.refuse("has no tokenizer: give the documents with --ids");
        corpus = read_stories(options.text, config, *tokenizer);
    } else {
        corpus = read_ids(options.ids, config);
    }
    std::size_t tokens = 0;
    std::size_t longest = 0;
    for (const Document& document : corpus.documents) {
        tokens += document.ids.size() - 1;
        longest = std::max(longest, document.ids.size() - 1);
    }
    if (tokens == 0) {
        throw UserError((options.ids.empty() ? options.text : options.ids) +
                        ": nothing to score in it");
    }

    const std::size_t context = std::min(longest, windows.context);
    const std::size_t batch = std::min(context, score_batch);
    Transformer model(file,
                      {.context = context, .batch = batch, .logit_rows = batch, .kv = options.kv},
                      options.model.loading.threads);
    std::optional<ActivationStatistics> activations = activations_for_debugging();
    if (activations) model.observe(&*activations);
    double nll = 0.0;
    for (const Document& document : corpus.documents) {
        nll += negative_log_likelihood(model, document.ids, windows);
    }
    if (!std::isfinite(nll)) file.refuse("the model yields NaN or infinity");

    if (activations) print_short(*activations);
    const double per_token = nll / static_cast<double>(tokens);
    const bool has_bytes = corpus.bytes != 0;
    const double per_byte = has_bytes ? nll / static_cast<double>(corpus.bytes) : 0.0;
    char text[256];
    if (options.json) {
        std::snprintf(text, sizeof text, "%.9g", std::exp(per_token));
        nlohmann::ordered_json json;
        json["nll_per_token"] = per_token;
        json["tokens"] = tokens;
        json["perplexity"] = parse_number<double>(text).value();
        json["nats_per_byte"] = has_bytes ? nlohmann::ordered_json(per_byte) : nullptr;
        write_stdout(json.dump() + "\n");
        return;
    }
    std::snprintf(text, sizeof text,
                  "nll_per_token  %.6f\ntokens         %zu\nperplexity     %.6g\n", per_token,
                  tokens, std::exp(per_token));
    write_stdout(text);
    if (has_bytes) {
        std::snprintf(text, sizeof text, "nats_per_byte  %.6f\n", per_byte);
        write_stdout(text);
    }
}

} // namespace bitnet::example
