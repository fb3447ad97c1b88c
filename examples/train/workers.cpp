// SPDX-License-Identifier: MIT
// The crew: each thread keeps oneDNN to one core, since the work is already split over the threads.
#include "workers.hpp"

#include <omp.h>

#include <utility>

namespace bitnet::train {

Workers::Workers(std::size_t count)
    : gate_(static_cast<std::ptrdiff_t>(count) + 1), errors_(count) {
    for (std::size_t w = 0; w < count; ++w) {
        threads_.emplace_back([this, w] {
            omp_set_num_threads(1);
            for (;;) {
                gate_.arrive_and_wait();
                if (job_ == nullptr) {
                    return;
                }
                try {
                    (*job_)(w);
                } catch (...) {
                    errors_[w] = std::current_exception();
                }
                gate_.arrive_and_wait();
            }
        });
    }
}

Workers::~Workers() {
    job_ = nullptr;
    gate_.arrive_and_wait();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void Workers::run(const std::function<void(std::size_t)>& job) {
    job_ = &job;
    gate_.arrive_and_wait();
    gate_.arrive_and_wait();
    for (std::exception_ptr& error : errors_) {
        if (error) {
            std::rethrow_exception(std::exchange(error, nullptr));
        }
    }
}

} // namespace bitnet::train
