// SPDX-License-Identifier: MIT
// What the fuzz targets share: an input as a source of choices, and the end of a run that failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace fuzz {

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// Bytes to choose from, then zeros.
class Source {
public:
    Source(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const std::uint8_t b = rest_[0];
        rest_ = rest_.subspan(1);
        return b;
    }
    std::size_t number(std::size_t limit) {
        const std::size_t low = byte();
        return (low + 256u * byte()) % limit;
    }
    float real() {
        std::uint32_t bits = 0;
        for (int i = 0; i < 4; ++i) bits = bits << 8 | byte();
        float v;
        std::memcpy(&v, &bits, sizeof v);
        return v;
    }
    std::span<const std::uint8_t> rest() const { return rest_; }

private:
    std::span<const std::uint8_t> rest_;
};

} // namespace fuzz
