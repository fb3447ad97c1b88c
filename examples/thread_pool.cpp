// SPDX-License-Identifier: MIT
// A plain pool of std::threads as an executor. It is short rather than fast: for one that spins a
// while before it sleeps, see transformer/thread_pool.hpp.
// prints: the same bits on 1 and 3 threads
#include <bitnet/bitlinear.hpp>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

class Pool {
public:
    explicit Pool(std::size_t workers) : meet_(static_cast<std::ptrdiff_t>(workers)) {
        for (std::size_t i = 1; i < workers; ++i) {
            threads_.emplace_back([this] {
                while (meet_.arrive_and_wait(), task_) take_tasks();
            });
        }
    }
    ~Pool() {
        task_ = nullptr;
        meet_.arrive_and_wait();
        for (std::thread& thread : threads_) thread.join();
    }

    std::size_t workers() const noexcept { return threads_.size() + 1; } // the caller works too
    template <class F>
    void parallel_for(std::size_t n, F&& f) const noexcept {
        task_ = std::ref(f);
        left_ = n;
        meet_.arrive_and_wait(); // all begin
        take_tasks();
    }

private:
    void take_tasks() const {
        for (std::size_t left = left_; left != 0;) {
            if (left_.compare_exchange_weak(left, left - 1)) task_(left - 1);
        }
        meet_.arrive_and_wait(); // all are done
    }

    // Mutable, since an executor is passed by const reference.
    mutable std::barrier<> meet_;
    mutable std::function<void(std::size_t)> task_;
    mutable std::atomic<std::size_t> left_{0};
    std::vector<std::thread> threads_;
};
static_assert(bitnet::Executor<Pool>);

int main() {
    constexpr std::size_t rows = 1000, cols = 300, tokens = 2;
    std::vector<float> weights(rows * cols), x(tokens * cols), one(tokens * rows), many(one);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 5;
    const auto layer =
        bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>::from_float(weights, rows, cols).value();

    const Pool pool(3);
    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
    layer.forward(x, one, tokens, scratch);        // on the calling thread
    layer.forward(x, many, tokens, scratch, pool); // rows are split
    if (one != many) return 1;
    std::printf("the same bits on 1 and %zu threads\n", pool.workers());
}
