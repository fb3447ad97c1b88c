// SPDX-License-Identifier: MIT
// A count of events that threads sleep on.
#pragma once

#include <cstdint>

#if defined(__GLIBCXX__) && !defined(__linux__)
#include <condition_variable>
#include <mutex>
#else
#include <atomic>
#endif

namespace bitnet::example {

/// Who reads count(), then finds nothing to do, then calls wait(count) misses no signal() that came
/// after the reading. wait(seen) returns once count() is no longer `seen`.
class EventCount {
public:
#if defined(__GLIBCXX__) && !defined(__linux__)
    // Where the system has no futex, the atomics of libstdc++ 12 lose a notification that comes
    // between their look at the value and their sleep.
    std::uint32_t count() const noexcept {
        const std::lock_guard lock(mutex_);
        return count_;
    }
    void signal() noexcept {
        {
            const std::lock_guard lock(mutex_);
            ++count_;
        }
        changed_.notify_all();
    }
    void wait(std::uint32_t seen) const noexcept {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ != seen; });
    }

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::uint32_t count_ = 0;
#else
    std::uint32_t count() const noexcept {
        return count_.load();
    }
    void signal() noexcept {
        count_.fetch_add(1);
        count_.notify_all();
    }
    void wait(std::uint32_t seen) const noexcept {
        count_.wait(seen);
    }

private:
    std::atomic<std::uint32_t> count_{0};
#endif
};

} // namespace bitnet::example
