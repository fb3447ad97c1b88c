// SPDX-License-Identifier: MIT
// A prompt as text or as ids.
#include "prompt.hpp"

#include "error.hpp"
#include "text.hpp"

namespace bitnet::example {

std::vector<int> prompt_tokens(const Prompt& prompt, const ModelFile& file,
                               const std::optional<Tokenizer>& tokenizer) {
    if (prompt.ids) {
        std::vector<int> ids = parse_ids(*prompt.ids, file.config().vocab, "--prompt-ids");
        if (ids.empty()) throw UserError("--prompt-ids: at least one id is needed to begin with");
        return ids;
    }
    if (!tokenizer) file.refuse("has no tokenizer: give the prompt with --prompt-ids");
    std::vector<int> ids = tokenizer->encode(plain_text(prompt.text));
    if (file.config().add_bos) ids.insert(ids.begin(), *file.config().bos);
    if (ids.empty()) file.refuse("begins no text by itself: give it a --prompt");
    return ids;
}

} // namespace bitnet::example
