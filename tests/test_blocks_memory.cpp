// SPDX-License-Identifier: MIT
// The memory of BitLinear::from_blocks: the layer and 16 rows of codes and scales. And an error
// where there is none, of all that makes layers.
#include <bitnet/bitlinear.hpp>
#include <bitnet/blocks.hpp>
#include <bitnet/pack.hpp>
#include <bitnet/screened_head.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "own_memory.hpp"

using namespace bitnet;

namespace {

// What AlignedBytes has of the operators below, now and at most. Each memory has its size before
// it.
std::size_t now = 0, most = 0;
int left = -1; // allocations before one fails; negative: none does

constexpr std::size_t head = 64;

std::size_t head_of(std::align_val_t alignment) {
    const auto a = static_cast<std::size_t>(alignment);
    return a > head ? a : head; // what follows it is aligned too
}

} // namespace

void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    if (left >= 0 && left-- == 0) return nullptr;
    const std::size_t before = head_of(alignment);
    void* const p = support::take(size + before, static_cast<std::size_t>(alignment));
    if (!p) return nullptr;
    std::memcpy(p, &size, sizeof size);
    now += size;
    most = now > most ? now : most;
    return static_cast<char*>(p) + before;
}
void operator delete(void* p, std::align_val_t alignment) noexcept {
    void* const begin = static_cast<char*>(p) - head_of(alignment);
    std::size_t size = 0;
    std::memcpy(&size, begin, sizeof size);
    now -= size;
    support::give_back(begin);
}

TEMPLATE_LIST_TEST_CASE("from_blocks takes the layer and 16 rows", "[from_blocks]", block_types) {
    using Layer = BitLinear<Int8, Int8>; // which takes any codes
    const std::size_t rows = 200, cols = 2560;
    std::vector<std::byte> bytes(block_bytes<TestType>(rows, cols).value(), std::byte{0x15});
    now = most = 0;
    {
        const auto layer = Layer::from_blocks<TestType>(bytes, rows, cols);
        REQUIRE(layer);
        CHECK(now == layer->bytes().size()); // as little as the layer has
        // Scales are floats, and have room to be halves.
        const std::size_t scales = BlockView<TestType>{nullptr, rows, cols}.scales();
        CHECK(most - now == 16 * (cols + scales * (4 + 2)));
    }
    CHECK(now == 0);
    for (int allocations : {0, 1}) {
        left = allocations;
        const auto none = Layer::from_blocks<TestType>(bytes, rows, cols);
        left = -1;
        REQUIRE_FALSE(none);
        CHECK(none.error().code == Errc::out_of_memory);
        CHECK(now == 0);
    }
}

TEST_CASE("whatever makes weights says where there is no memory, and keeps none", "[memory]") {
    using Layer = BitLinear<Ternary, Int8>;
    constexpr std::size_t rows = 40, cols = 90;
    const std::vector<float> weights(rows * cols, 0.5f), scales(rows, 0.25f);
    const std::vector<std::int8_t> codes(rows * cols, 1);
    const auto packed = pack<Ternary, layout::Rows16>(codes, rows, cols).value();
    const auto layer = Layer::from_codes(codes, rows, cols, scales).value();
    const auto screened = ScreenedHead::from_codes(codes, rows, cols, scales, 5).value();
    const auto fails = [&](const char* name, const auto& make) {
        INFO(name);
        now = 0;
        for (int allocations = 0; allocations < 20; ++allocations) {
            left = allocations;
            const auto made = make();
            left = -1;
            if (made) {
                CHECK(allocations > 0);
                return;
            }
            REQUIRE(made.error().code == Errc::out_of_memory);
            REQUIRE(now == 0);
        }
        FAIL("20 allocations, and nothing made");
    };
    fails("pack", [&] { return pack<Ternary, layout::Dense16>(codes, rows, cols); });
    fails("repack", [&] { return repack<layout::Dense16>(packed.view()); });
    fails("quantize_weights", [&] { return quantize_weights<Ternary>(weights, rows, cols); });
    fails("from_float", [&] { return Layer::from_float(weights, rows, cols); });
    fails("from_codes", [&] { return Layer::from_codes(codes, rows, cols, scales); });
    fails("from_packed", [&] { return Layer::from_packed(layer.bytes()); });
    fails("a head from_float", [&] { return ScreenedHead::from_float(weights, rows, cols, 5); });
    fails("a head from_codes",
          [&] { return ScreenedHead::from_codes(codes, rows, cols, scales, 5); });
    fails("a head map_packed", [&] { return ScreenedHead::map_packed(screened.bytes()); });
}
