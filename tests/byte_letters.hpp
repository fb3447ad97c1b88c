// SPDX-License-Identifier: MIT
// The letters that stand for bytes in the vocabularies of byte-level BPE.
#pragma once

#include <string>

namespace support {

/// A space is U+0120, a line end U+010A.
inline std::string mapped(unsigned char byte) {
    const bool itself =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    unsigned code = byte;
    if (!itself) code = byte < 0x21 ? 0x100u + byte : byte < 0xA1 ? 0x121u + byte - 0x7F : 0x143u;
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

} // namespace support
