// SPDX-License-Identifier: MIT
// The one exception of the programs. Its text is a whole sentence for the user: run_program() of
// command_line.hpp prints it as a single line on stderr.
#pragma once

#include <stdexcept>
#include <string>

namespace bitnet::example {

class UserError : public std::runtime_error {
public:
    explicit UserError(const std::string& message) : std::runtime_error(message) {}
};

} // namespace bitnet::example
