// SPDX-License-Identifier: MIT
// `bitnet tokenize`.
#include "tokenize.hpp"

#include "checkpoint.hpp"
#include "error.hpp"
#include "files.hpp"
#include "loaded_model.hpp"
#include "model_file.hpp"
#include "text.hpp"
#include "tokenizer_files.hpp"
#include "weights.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitnet::example {
namespace {

using Json = nlohmann::json;

Tokenizer load(const TokenizeOptions& options) {
    if (!options.tokenizer.empty()) return read_tokenizer(options.tokenizer);
    const bool other = is_checkpoint(options.model); // which is not converted for that
    std::optional<Tokenizer> tokenizer;
    if (other) {
        tokenizer = tokenizer_of(read_checkpoint(options.model));
    } else {
        const ModelFile file(options.model, {.map = true}, Checks::head);
        tokenizer = load_tokenizer(file);
        if (const std::optional<int> bos = file.config().bos; tokenizer && bos) {
            if (static_cast<std::size_t>(*bos) >= tokenizer->vocab_size()) {
                file.refuse("the tokenizer has no token " + std::to_string(*bos) +
                            ", the model's BOS");
            }
            tokenizer->set_bos(*bos);
        }
    }
    if (!tokenizer) throw UserError(options.model + ": has no tokenizer");
    return std::move(*tokenizer);
}

std::string ids_of(const Tokenizer& tokenizer, const TokenizeOptions& options,
                   std::string_view line, const std::string& where) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_string()) throw UserError(where + ": no JSON string");
    std::string ids;
    for (const int id : tokenizer.encode(json.get_ref<const std::string&>(),
                                         {.bos = options.bos, .special = options.special})) {
        if (!ids.empty()) ids += ' ';
        ids += std::to_string(id);
    }
    return ids;
}

std::string text_of(const Tokenizer& tokenizer, const TokenizeOptions& options,
                    std::string_view line, const std::string& where) {
    const std::vector<int> ids = parse_ids(line, tokenizer.vocab_size(), where);
    const Json text = tokenizer.decode(ids, options.special ? Specials::shown : Specials::hidden);
    return text.dump(-1, ' ', false, Json::error_handler_t::replace); // of what is no UTF-8
}

} // namespace

void tokenize(const TokenizeOptions& options) {
    const Tokenizer tokenizer = load(options);
    const std::string input = read_text(options.json_lines);
    constexpr std::size_t written_at_once = 1 << 16;
    std::string output;
    std::string_view rest = input;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string where = options.json_lines + ", line " + std::to_string(number);
        const auto convert = options.decode ? text_of : ids_of;
        output += convert(tokenizer, options, rest.substr(0, end), where) + "\n";
        if (output.size() >= written_at_once) write_stdout(std::exchange(output, {}));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    write_stdout(output);
}

} // namespace bitnet::example
