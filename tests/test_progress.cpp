// SPDX-License-Identifier: MIT
// The line that says how far something has come, and the threads that do it.
#include "console.hpp"
#include "on_threads.hpp"
#include "progress.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

using namespace bitnet::example;

namespace {

// What is written while half of something is done.
std::string written(bool terminal, double patience) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    REQUIRE(file);
    {
        Progress progress("reading", file.get(), terminal, patience, 1e9);
        progress.show(1, 2);
        progress.show(2, 2); // too soon after the first
    }
    std::rewind(file.get());
    std::string text(100, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    return text;
}

} // namespace

TEST_CASE("a terminal is told, and the line goes away") {
    CHECK(written(true, 0) == "\rreading   50 %\r              \r");
}

TEST_CASE("no noise where nobody waits, nor in a file") {
    CHECK(written(true, 1e9).empty());
    CHECK(written(false, 0).empty());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    CHECK_FALSE(is_terminal(file.get()));
}

TEST_CASE("each task runs once") {
    for (const std::size_t n : {0u, 1u, 2u, 5u, 1000u}) {
        for (const std::size_t threads : {0u, 1u, 2u, 3u, 8u}) {
            CAPTURE(n, threads);
            std::vector<std::atomic<int>> runs(n);
            on_threads(n, threads, [&](std::size_t i) noexcept { ++runs[i]; });
            for (const std::atomic<int>& run : runs) CHECK(run == 1);
        }
    }
}
