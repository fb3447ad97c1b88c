// SPDX-License-Identifier: MIT
// A fixed crew of threads that run the same job side by side and meet at its end.
#pragma once

#include <barrier>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace bitnet::train {

class Workers {
public:
    explicit Workers(std::size_t count);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    std::size_t count() const { return threads_.size(); }
    // Calls job(w) for w = 0 .. count-1, each on its own thread; returns when all are done, or
    // throws what the first of them threw.
    void run(const std::function<void(std::size_t)>& job);

private:
    std::barrier<> gate_;
    const std::function<void(std::size_t)>* job_ = nullptr; // null tells the threads to end
    std::vector<std::exception_ptr> errors_;
    std::vector<std::thread> threads_;
};

} // namespace bitnet::train
