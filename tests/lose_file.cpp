// SPDX-License-Identifier: MIT
// Windows lets nobody cut a file that is mapped; a page of one is lost with its disk or its
// network. This raises what the system raises then, on a thread: the program ends with one line and
// exit code 1.
#include "mapped_file.hpp"
#include "windows_api.hpp"

#include "console.hpp"

#include <thread>

int main() {
    const bitnet::example::PlainOutput plain;
    bitnet::example::report_lost_files("lose_file");
    std::thread([] { ::RaiseException(EXCEPTION_IN_PAGE_ERROR, 0, 0, nullptr); }).join();
}
