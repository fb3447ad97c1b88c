// SPDX-License-Identifier: MIT
// Threads that run the same job side by side.
#pragma once

#include <cstddef>
#include <functional>

namespace bitnet::train {

class Workers {
public:
    explicit Workers(std::size_t count) : count_(count) {}

    std::size_t count() const { return count_; }
    /// Calls job(w) for w = 0 .. count-1, each on its own thread; returns when all are done, or
    /// throws what the first of them threw.
    void run(const std::function<void(std::size_t)>& job) const;

private:
    std::size_t count_;
};

} // namespace bitnet::train
