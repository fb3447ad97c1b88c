// SPDX-License-Identifier: MIT
// What a core can do at most: loops of nothing but the instruction that bounds a kernel, on
// registers, and of nothing but reads. limits.cpp is compiled once per ISA cluster, like the
// kernels.
#pragma once

#include <array>
#include <cstddef>

namespace bench {

/// A loop on registers: run() takes `rounds` rounds of `ops` operations.
struct Loop {
    const char* name; // of the limit
    void (*run)(std::size_t rounds) noexcept;
    double ops;
};

struct Limits {
    const char* name; // of the cluster

    /// Byte dots (VPDPBUSD, or the cluster's own chain for it). An operation is a multiply or an
    /// add, so one dot of 4 bytes counts 8.
    Loop dot;

    /// The least that a popcount kernel does for 32 products a lane and a token; a product of bits
    /// and its sum count 2 operations.
    ///   popcount            w xor x, popcount, add: W1A1
    ///   popcount/masked     mask and (w xor x), popcount, add: W1.58A1 and W1A1.58; the ones of
    ///                       the mask belong to a row or a token alone and are not counted in
    ///   popcount/ternary    W1.58A1.58: its products have three values, so there are two words to
    ///                       make of four and to count: two functions of three bits, two popcounts,
    ///                       two adds
    /// A function of three bits is one instruction on AVX-512, two elsewhere. Adding the bits up
    /// first (three words to two) does not lower these bounds where a popcount is one instruction:
    /// see docs/dead-ends.md.
    Loop popcount, popcount_masked, popcount_ternary;

    /// Float multiply, then add, as dots() has them.
    Loop multiply_add;

    /// Reads bytes with the cluster's widest loads and does nothing with them; returns something
    /// that depends on all. bytes is a multiple of 4096. The ways to read: one stream, as it comes;
    /// four streams, each asked for 4 KiB before its use; one stream, asked for 8 KiB before its
    /// use to the L2 cache and 1 KiB before to L1
    using Read = unsigned (*)(const std::byte* data, std::size_t bytes) noexcept;
    std::array<Read, 3> reads;
};

} // namespace bench
