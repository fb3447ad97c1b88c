// SPDX-License-Identifier: MIT
// The checksum of .bitnet files, against sums that the xxhsum program printed.
#include "checksum.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using bitnet::example::checksum;

TEST_CASE("XXH64 of the bytes 0, 1, 2, ...") {
    const std::pair<std::size_t, std::uint64_t> known[] = {
        {0, 0xef46db3751d8e999u},  {1, 0xe934a84adb052768u},  {3, 0xe5c7bb4533bc65ddu},
        {4, 0xffced8604453cc1eu},  {7, 0x14cc643f630c72d2u},  {8, 0x884a173614b81b8du},
        {9, 0x67d85784a7c78c5bu},  {31, 0xc346d2b59b4d8ee1u}, {32, 0xcbf59c5116ff32b4u},
        {33, 0x0c535d1acafb8eadu}, {63, 0xe26aa9e2a95f8e4fu}, {64, 0xf7c67301db6713f0u},
        {100, 0x6ac1e58032166597u}};
    for (const auto& [size, sum] : known) {
        std::vector<std::byte> bytes(size);
        for (std::size_t i = 0; i < size; ++i) {
            bytes[i] = static_cast<std::byte>(i);
        }
        CAPTURE(size);
        CHECK(checksum(bytes) == sum);
    }
}

TEST_CASE("the same bit flipped in many words does not cancel out") {
    const std::vector<std::byte> sound(4096, std::byte{0x5a});
    const std::uint64_t sum = checksum(sound);
    for (std::size_t bit = 0; bit < 64; ++bit) {
        for (const std::size_t words : {2u, 4u, 512u}) {
            std::vector<std::byte> damaged = sound;
            for (std::size_t w = 0; w < words; ++w) {
                damaged[w * 8 + bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            }
            CAPTURE(bit, words);
            CHECK(checksum(damaged) != sum);
        }
    }
}
