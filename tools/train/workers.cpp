// SPDX-License-Identifier: MIT
// New threads for each job: a few start in a step of a tenth of a second.
#include "workers.hpp"

#include <omp.h>

#include <future>
#include <vector>

namespace bitnet::train {

void Workers::run(const std::function<void(std::size_t)>& job) const {
    std::vector<std::future<void>> running; // its end waits for all of them
    for (std::size_t w = 0; w < count_; ++w) {
        running.push_back(std::async(std::launch::async, [&job, w] {
            omp_set_num_threads(1); // the work is split already: oneDNN stays on one core
            job(w);
        }));
    }
    for (std::future<void>& worker : running) worker.get();
}

} // namespace bitnet::train
