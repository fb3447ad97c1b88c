// SPDX-License-Identifier: MIT
// A string of a file in an error's message. (printable() of ../transformer/text.hpp is above this
// library.)
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace bitnet::example {

/// The first 80 bytes of `text` in quotes, as JSON has them, so that a message stays one line;
/// bytes that are no UTF-8 become U+FFFD.
inline std::string in_quotes(std::string_view text) {
    using Json = nlohmann::json;
    return Json(text.substr(0, 80)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace bitnet::example
