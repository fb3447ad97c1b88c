// SPDX-License-Identifier: MIT
// What a core can do at most: loops of nothing but the instruction that bounds a kernel, on
// registers, and of nothing but reads. limits.cpp is compiled once per ISA cluster, like the
// kernels.
#pragma once

#include <cstddef>

namespace bench {

struct Limits {
    const char* name;

    /// Byte dots (VPDPBUSD, or the cluster's own chain for it): rounds of dot_ops operations.
    /// An operation is a multiply or an add, so one dot of 4 bytes counts 8.
    void (*dot)(std::size_t rounds) noexcept;
    double dot_ops;

    /// xor + popcount + add, the inner loop of W1A1: rounds of popcount_ops operations.
    /// One bit is one product and one sum: 2.
    void (*popcount)(std::size_t rounds) noexcept;
    double popcount_ops;

    /// Reads bytes with the cluster's widest loads and does nothing with them; returns something
    /// that depends on all. bytes is a multiple of 4096
    /// read: one stream, as it comes; read_ahead: four streams, each asked for 4 KiB before its use
    unsigned (*read)(const std::byte* data, std::size_t bytes) noexcept;
    unsigned (*read_ahead)(const std::byte* data, std::size_t bytes) noexcept;
};

} // namespace bench
