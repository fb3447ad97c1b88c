// SPDX-License-Identifier: MIT
// What a call refuses with.
#pragma once

#include "error.hpp"

#include <string>

namespace support {

/// The message of the UserError that run() throws; empty when it throws none.
template <class Run>
std::string refusal(const Run& run) {
    try {
        run();
    } catch (const bitnet::example::UserError& error) {
        return error.what();
    }
    return {};
}

} // namespace support
