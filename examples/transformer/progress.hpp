// SPDX-License-Identifier: MIT
// A line on a terminal that says how far something long has come.
#pragma once

#include "stopwatch.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace bitnet::example {

class Progress {
public:
    /// "WHAT  45 %" in `stream`, where that is a terminal, once `patience` seconds are over, and
    /// then not more often than every `interval` seconds.
    Progress(std::string what, std::FILE* stream, bool terminal, double patience = 1,
             double interval = 0.1)
        : what_(std::move(what)), stream_(stream), terminal_(terminal), interval_(interval),
          next_(patience) {}
    ~Progress() { // takes the line away again
        if (shown_) std::fprintf(stream_, "\r%*s\r", static_cast<int>(what_.size() + 7), "");
        if (shown_) std::fflush(stream_);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// May be called often. pre: done <= all, all > 0
    void show(std::uint64_t done, std::uint64_t all) {
        if (!terminal_ || since_start_.seconds() < next_) return;
        next_ = since_start_.seconds() + interval_;
        std::fprintf(
            stream_, "\r%s  %3d %%", what_.c_str(),
            static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(all)));
        std::fflush(stream_);
        shown_ = true;
    }

private:
    Stopwatch since_start_;
    std::string what_;
    std::FILE* stream_;
    bool terminal_;
    double interval_;
    double next_; // seconds since the start, from when on the line is written anew
    bool shown_ = false;
};

} // namespace bitnet::example
