// SPDX-License-Identifier: MIT
// stdout and stderr: whether somebody looks at them, and that bytes reach them as they are.
#pragma once

#include <cstdio>

namespace bitnet::example {

bool is_terminal(std::FILE* stream) noexcept;

/// For a program, while it runs: on Windows "\n" stays one byte in stdout and stderr, and a console
/// shows UTF-8 where it had another code page. Elsewhere both is so anyway.
class PlainOutput {
public:
    PlainOutput() noexcept;
    ~PlainOutput(); // the console is the user's
    PlainOutput(const PlainOutput&) = delete;
    PlainOutput& operator=(const PlainOutput&) = delete;

private:
#if defined(_WIN32)
    unsigned code_page_ = 0; // the console's own; 0: there is none
#endif
};

} // namespace bitnet::example
