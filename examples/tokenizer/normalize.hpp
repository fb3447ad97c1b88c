// SPDX-License-Identifier: MIT
// Unicode's normalization form C, which some tokenizers ask for.
#pragma once

#include <string>
#include <string_view>

namespace bitnet::example {

/// `text` in form C; bytes that are no UTF-8 stay as they are. UserError when the build lacks
/// utf8proc and the text has a character that form C may change.
std::string to_nfc(std::string_view text);

} // namespace bitnet::example
