// SPDX-License-Identifier: MIT
// NLL in nats: -log softmax(logits)[next id]. exp and log are the library's and sums of floats run
// in double, in order, so every digit is the same on every machine.
#include "score.hpp"

#include "error.hpp"
#include "generator.hpp"

#include <bitnet/math.hpp>

#include <algorithm>
#include <string>

namespace bitnet::example {
namespace {

double nll_of(std::span<const float> logits, int id) {
    const float largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits) sum += static_cast<double>(bitnet::exp<Isa>(logit - largest));
    return static_cast<double>(bitnet::log<Isa>(static_cast<float>(sum))) +
           static_cast<double>(largest) - static_cast<double>(logits[static_cast<std::size_t>(id)]);
}

} // namespace

Windows Windows::of(const Config& config, std::optional<std::size_t> context,
                    std::optional<std::size_t> stride) {
    Windows windows;
    windows.context = context_of(config, context.value_or(config.max_context));
    windows.stride = stride.value_or(windows.context - windows.context / 2);
    if (windows.stride == 0 || windows.stride > windows.context) {
        throw UserError("a stride of " + std::to_string(windows.stride) +
                        " tokens was asked for, it is 1 to the context of " +
                        std::to_string(windows.context));
    }
    return windows;
}

double negative_log_likelihood(Transformer& model, std::span<const int> ids,
                               const Windows& windows) {
    const std::size_t last = ids.size() - 1; // predicted, never fed
    double nll = 0.0;
    std::size_t scored = 0; // ids[1 .. scored] have their NLL
    std::size_t next = 0;   // to be fed
    model.restart();
    while (scored < last) {
        if (model.position() == windows.context) { // the next window feeds some of this one again
            model.restart();
            next -= windows.context - windows.stride;
        }
        const bool again = next < scored; // for its keys and values alone
        const std::size_t count = std::min({(again ? scored : last) - next, model.limits().batch,
                                            windows.context - model.position()});
        const Matrix<const float> logits =
            model.forward(ids.subspan(next, count), again ? Logits::none : Logits::all);
        next += count;
        if (again) continue;
        for (std::size_t i = 0; i < count; ++i) {
            nll += nll_of({logits.row(i), logits.cols}, ids[++scored]);
        }
    }
    return nll;
}

} // namespace bitnet::example
