// SPDX-License-Identifier: MIT
// Terminals and the modes of streams, of POSIX and of Windows.
#include "console.hpp"

#if defined(_WIN32)
#include "windows_api.hpp"

#include <fcntl.h>
#include <io.h>
#else
#include <unistd.h>
#endif

namespace bitnet::example {

#if defined(_WIN32)

bool is_terminal(std::FILE* stream) noexcept {
    DWORD mode = 0; // _isatty() would take NUL for a terminal
    return ::GetConsoleMode(reinterpret_cast<HANDLE>(::_get_osfhandle(::_fileno(stream))), &mode);
}

PlainOutput::PlainOutput() noexcept : code_page_(::GetConsoleOutputCP()) {
    ::_setmode(::_fileno(stdout), _O_BINARY);
    ::_setmode(::_fileno(stderr), _O_BINARY);
    if (code_page_ != 0) ::SetConsoleOutputCP(CP_UTF8);
}

PlainOutput::~PlainOutput() {
    if (code_page_ != 0) ::SetConsoleOutputCP(code_page_);
}

#else

bool is_terminal(std::FILE* stream) noexcept {
    return ::isatty(::fileno(stream)) == 1;
}

PlainOutput::PlainOutput() noexcept = default;
PlainOutput::~PlainOutput() = default;

#endif

} // namespace bitnet::example
