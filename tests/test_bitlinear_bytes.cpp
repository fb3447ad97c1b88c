// SPDX-License-Identifier: MIT
// bytes(), from_packed, map_packed, verify: a layer survives being saved; a damaged one is refused,
// or stays inside its memory.
#include <bitnet/bitlinear.hpp>

#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "file_words.hpp"
#include "layer_kinds.hpp"
#include "support.hpp"

using namespace bitnet;
using Kinds = support::ByteKinds;

namespace {

/// scales: how many a row; 0 = one for the tensor.
template <class K>
typename K::Layer random_layer(std::size_t rows, std::size_t cols, std::size_t group, bool per_row,
                               bool bias) {
    support::Random random(rows * 1000 + cols + group);
    const std::size_t groups = group ? (cols + group - 1) / group : 1;
    const std::size_t scales = group ? rows * groups : per_row ? rows : 1;
    return K::Layer::from_codes(random.codes<typename K::Weights>(rows * cols), rows, cols,
                                random.reals(scales),
                                bias ? random.reals(rows) : std::vector<float>{}, group)
        .value();
}

/// An aligned copy of a layer's bytes, to damage.
struct Image {
    AlignedBytes memory;
    std::size_t size;
    explicit Image(std::span<const std::byte> bytes) : memory(bytes.size()), size(bytes.size()) {
        REQUIRE(memory);
        if (!memory) throw std::bad_alloc{};
        std::memcpy(memory.data(), bytes.data(), size);
    }
    std::span<const std::byte> bytes() const { return {memory.data(), size}; }
    void put(std::size_t at, float v) { file_words::put(memory.data() + at, v); }
};

/// Uses a layer on every cluster; sanitizers see whether it stays inside its bytes.
template <class K>
void use(const typename K::Layer& layer) {
    using Codes = typename K::Activations;
    using Gemm = functions::Gemm<Product<typename K::Weights, Codes, typename K::Layer::Layout>>;
    constexpr std::size_t tokens = 3;
    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));
    std::vector<float> y(tokens * layer.rows());
    const std::vector<std::int8_t> codes(tokens * layer.cols(), 1);
    const auto q =
        quantized_from_codes<Codes>(codes, tokens, layer.cols(), {}, scratch, layer.group());
    REQUIRE(q);
    for (const auto* table : support::clusters()) {
        table->template get<Gemm>()(layer.weights(), *q, layer.scales(), nullptr,
                                    {y.data(), tokens, layer.rows()}, 0, layer.rows());
    }
    for (std::size_t r = 0; r < layer.rows(); r += 7) {
        static_cast<void>(layer.code(r, layer.cols() - 1));
        static_cast<void>(layer.scale(r));
    }
}

template <class K>
void check_same(const typename K::Layer& a, const typename K::Layer& b) {
    REQUIRE(a.rows() == b.rows());
    REQUIRE(a.cols() == b.cols());
    REQUIRE(a.group() == b.group());
    REQUIRE(a.has_bias() == b.has_bias());
    REQUIRE(std::ranges::equal(a.bytes(), b.bytes()));
    std::size_t different = 0;
    for (std::size_t r = 0; r < a.rows(); ++r) {
        for (std::size_t c = 0; c < a.cols(); ++c) different += a.code(r, c) != b.code(r, c);
        different += a.scale(r) != b.scale(r);
    }
    REQUIRE(different == 0);
    use<K>(b);
}

} // namespace

TEMPLATE_LIST_TEST_CASE("a layer survives its bytes", "[bitlinear][bytes]", Kinds) {
    using Layer = typename TestType::Layer;
    for (std::size_t rows : {1u, 16u, 33u}) {
        for (std::size_t cols : {1u, 32u, 90u}) {
            for (const auto& [group, per_row] :
                 {std::pair{0u, false}, std::pair{0u, true}, std::pair{32u, false}}) {
                for (bool bias : {false, true}) {
                    const Layer layer = random_layer<TestType>(rows, cols, group, per_row, bias);
                    REQUIRE(layer.bytes().size() % 64 == 0);
                    REQUIRE(layer.verify());
                    auto copy = Layer::from_packed(layer.bytes());
                    REQUIRE(copy);
                    REQUIRE(copy->bytes().data() != layer.bytes().data());
                    check_same<TestType>(layer, *copy);
                    REQUIRE(copy->verify());

                    auto mapped = Layer::map_packed(layer.bytes());
                    REQUIRE(mapped);
                    REQUIRE(mapped->bytes().data() == layer.bytes().data());
                    check_same<TestType>(layer, *mapped);

                    Layer moved = std::move(*copy);
                    check_same<TestType>(layer, moved);
                    moved = std::move(*mapped);
                    check_same<TestType>(layer, moved);
                }
            }
        }
    }
}

TEST_CASE("the bytes are those that docs/formats.md describes", "[bitlinear][bytes]") {
    const std::vector<std::int8_t> codes{1, 0, -1, -1, 1, 1};
    const std::vector<float> scales{0.5f, 2.0f}, bias{1.0f, -1.0f};
    const auto layer = BitLinear<Ternary, Int8>::from_codes(codes, 2, 3, scales, bias).value();
    std::vector<std::byte> expected(64 + 64 + 64 + 128);
    std::byte* to = expected.data();
    for (std::uint32_t word :
         {0x314c4e42u, 2u, 2u, 1u, 2u, 0u, 3u, 0u, 0u, 1u}) { // "BNL1" ... bias
        file_words::put(to, word);
        to += 4;
    }
    for (std::size_t i = 0; i < 2; ++i) {
        file_words::put(expected.data() + 64 + 4 * i, scales[i]);
        file_words::put(expected.data() + 128 + 4 * i, bias[i]);
    }
    // Padding is w = 0, stored as 1: four 2-bit fields of 1. Columns 0 to 2 are the low fields.
    std::fill(expected.begin() + 192, expected.end(), std::byte{0x55});
    for (std::size_t i = 0; i < 6; ++i) {
        expected[192 + 4 * (i / 3) + i % 3] = static_cast<std::byte>(0x54 | (codes[i] + 1));
    }
    const auto bytes = layer.bytes();
    REQUIRE(bytes.size() == expected.size());
    CHECK(std::memcmp(bytes.data(), expected.data(), expected.size()) == 0);
}

TEMPLATE_LIST_TEST_CASE("bytes of another kind or size are refused", "[bitlinear][bytes]", Kinds) {
    using Layer = typename TestType::Layer;
    const Layer layer = random_layer<TestType>(20, 70, 0, true, true);
    const Image image(layer.bytes());
    for (std::size_t size = 0; size < image.size; size += size < 130 ? 1 : 61) {
        const auto made = Layer::from_packed(image.bytes().first(size));
        REQUIRE_FALSE(made);
        REQUIRE(made.error().code == Errc::wrong_size);
        REQUIRE_FALSE(Layer::map_packed(image.bytes().first(size)));
    }
    std::vector<std::byte> longer(image.bytes().begin(), image.bytes().end());
    longer.push_back(std::byte{0});
    CHECK(Layer::from_packed(longer).error().code == Errc::wrong_size);
    CHECK(Layer::from_packed({}).error().code == Errc::wrong_size);
    CHECK(Layer::map_packed({}).error().code == Errc::wrong_size);

    AlignedBytes shifted(image.size + 64);
    for (std::size_t off = 1; off < 64; ++off) {
        std::memcpy(shifted.data() + off, image.memory.data(), image.size);
        const std::span<const std::byte> bytes(shifted.data() + off, image.size);
        REQUIRE(Layer::map_packed(bytes).error().code == Errc::misaligned);
        auto copy = Layer::from_packed(bytes); // copying has no such need
        REQUIRE(copy);
    }

    using Other =
        std::conditional_t<std::is_same_v<typename TestType::Weights, Binary>, Ternary, Binary>;
    CHECK(BitLinear<Other, Int8>::from_packed(image.bytes()).error().code == Errc::bad_header);
    if constexpr (std::is_same_v<typename TestType::Weights, Ternary>) {
        // Ternary has three layouts: an int8 layer's bytes are not a popcount layer's.
        using OtherActs =
            std::conditional_t<std::is_same_v<typename TestType::Activations, Int8>, Sign, Int8>;
        CHECK(BitLinear<Ternary, OtherActs>::from_packed(image.bytes()).error().code ==
              Errc::bad_header);
    }
    for_each_type(layouts{}, [&]<class L>() {
        using Weights = typename TestType::Weights;
        if constexpr (L::template holds<Weights> && !std::is_same_v<L, typename Layer::Layout>) {
            CHECK(BitLinear<Weights, Int8, L>::from_packed(image.bytes()).error().code ==
                  Errc::bad_header);
        }
    });
}

TEMPLATE_LIST_TEST_CASE("every bit of the header matters", "[bitlinear][bytes]", Kinds) {
    using Layer = typename TestType::Layer;
    for (std::size_t group : {0u, 64u}) {
        const std::size_t rows = 20, cols = 70;
        const Layer layer = random_layer<TestType>(rows, cols, group, true, group == 0);
        Image image(layer.bytes());
        for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
            CAPTURE(bit, group);
            std::byte& byte = image.memory.data()[bit / 8];
            byte ^= std::byte{1} << static_cast<int>(bit % 8);
            auto made = Layer::from_packed(image.bytes());
            if (made) {
                // Only rows and cols within the same padding can pass for another layer of the same
                // size: that one is sound, and verify() sees all but padding that looks like codes.
                REQUIRE((bit / 8 >= 16 && bit / 8 < 32));
                REQUIRE((made->rows() + 15) / 16 == (rows + 15) / 16);
                REQUIRE(made->weights().mapping().padded_cols() ==
                        layer.weights().mapping().padded_cols());
                if (made->rows() < rows || made->cols() < cols) REQUIRE_FALSE(made->verify());
                use<TestType>(*made);
            } else {
                const Errc code = made.error().code;
                REQUIRE((code == Errc::bad_header || code == Errc::wrong_size ||
                         code == Errc::too_large));
            }
            byte ^= std::byte{1} << static_cast<int>(bit % 8);
        }
        REQUIRE(Layer::from_packed(image.bytes()));
    }
}

TEMPLATE_LIST_TEST_CASE("headers with absurd shapes are refused", "[bitlinear][bytes]", Kinds) {
    using Layer = typename TestType::Layer;
    const Layer layer = random_layer<TestType>(20, 70, 0, false, false);
    Image image(layer.bytes());
    constexpr std::uint64_t values[] = {0,
                                        1,
                                        15,
                                        0x7fffff,
                                        0x800000,
                                        1u << 31,
                                        0xffffffff,
                                        std::uint64_t{1} << 32,
                                        std::uint64_t{1} << 59,
                                        std::uint64_t{1} << 63,
                                        ~std::uint64_t{0},
                                        ~std::uint64_t{0} - 15,
                                        ~std::uint64_t{0} - 64};
    for (std::uint64_t rows : values) {
        for (std::uint64_t cols : values) {
            CAPTURE(rows, cols);
            file_words::put(image.memory.data() + 16, rows);
            file_words::put(image.memory.data() + 24, cols);
            REQUIRE_FALSE(Layer::from_packed(image.bytes()));
            REQUIRE_FALSE(Layer::map_packed(image.bytes()));
        }
    }
}

TEMPLATE_LIST_TEST_CASE("scales and bias that are no numbers are refused", "[bitlinear][bytes]",
                        Kinds) {
    using Layer = typename TestType::Layer;
    const float bad[] = {
        std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity(), std::bit_cast<float>(0x7f800001u)};
    const Layer layer = random_layer<TestType>(20, 70, 0, true, true); // 32 scales, 32 biases
    for (std::size_t i = 0; i < 64; ++i) {
        for (float v : bad) {
            Image image(layer.bytes());
            image.put(64 + 4 * i, v);
            const auto made = Layer::from_packed(image.bytes());
            REQUIRE_FALSE(made);
            REQUIRE(made.error().code == (i < 32 ? Errc::bad_scale : Errc::bad_bias));
            REQUIRE(made.error().where == 64 + 4 * i);
        }
    }
}

TEST_CASE("the bytes of scales that are halves", "[bitlinear][bytes]") {
    // 3 rows of 2 groups: of each group 16 halves, then nothing to pad. 5 rows of 1: 32 bytes to
    // pad.
    const std::vector<std::uint16_t> halves{0x3c00, 0x0001, 0xfbff, 0x8000, 0x4248, 0x0400};
    using Layer = BitLinear<Binary, Int8>;
    const std::vector<std::int8_t> codes(3 * 70, 1);
    const std::vector<float> bias{1.0f, 2.0f, 3.0f};
    const auto layer = Layer::from_codes(codes, 3, 70, halves, bias, 64).value();
    Image image(layer.bytes());
    CHECK(file_words::get<std::uint32_t>(image.memory.data() + 12) == 3u);
    CHECK(file_words::get<std::uint32_t>(image.memory.data() + 32) == 64u);
    REQUIRE(image.size == 64 + 64 + 64 + layer.weights().bytes());
    for (std::size_t r = 0; r < 16; ++r) {
        for (std::size_t g = 0; g < 2; ++g) {
            const std::uint16_t wanted = r < 3 ? halves[r * 2 + g] : std::uint16_t{0};
            CHECK(file_words::get<std::uint16_t>(image.memory.data() + 64 + g * 32 + 2 * r) ==
                  wanted);
        }
    }
    CHECK(file_words::get<float>(image.memory.data() + 128 + 8) == 3.0f);

    const auto narrow =
        Layer::from_codes(std::span(codes).first(5 * 40), 5, 40, std::span(halves).first(5), {}, 64)
            .value();
    Image padded(narrow.bytes());
    REQUIRE(padded.size == 64 + 64 + narrow.weights().bytes());
    for (std::size_t i = 0; i < 64; ++i) { // 5 scales, 11 of no row, 32 bytes of nothing
        Image damaged(narrow.bytes());
        damaged.memory.data()[64 + i] ^= std::byte{1};
        const auto made = Layer::from_packed(damaged.bytes());
        REQUIRE(made);
        const Result<void> found = made->verify();
        REQUIRE(bool(found) == (i < 10));
        if (!found) {
            REQUIRE(found.error().code == Errc::bad_padding);
            REQUIRE(found.error().where == (i < 32 ? 64 + i / 2 * 2 : 64 + i));
        }
    }
    for (std::size_t i = 0; i < 32; ++i) {
        for (const unsigned bad : {0x7c00u, 0xfc00u, 0x7e00u, 0x7c01u, 0xffffu}) {
            Image damaged(narrow.bytes());
            file_words::put(damaged.memory.data() + 64 + 2 * i, static_cast<std::uint16_t>(bad));
            const auto made = Layer::from_packed(damaged.bytes());
            REQUIRE_FALSE(made);
            REQUIRE(made.error().code == Errc::bad_scale);
            REQUIRE(made.error().where == 64 + 2 * i);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("verify sees scales and bias beyond the rows", "[bitlinear][bytes]",
                        Kinds) {
    using Layer = typename TestType::Layer;
    {
        const Layer layer = random_layer<TestType>(20, 70, 0, true, true);
        for (std::size_t i = 0; i < 64; ++i) {
            CAPTURE(i);
            Image image(layer.bytes());
            image.put(64 + 4 * i, 0.75f);
            const auto made = Layer::from_packed(image.bytes());
            REQUIRE(made);
            const Result<void> found = made->verify();
            REQUIRE(bool(found) == (i % 32 < 20));
            if (!found) {
                REQUIRE(found.error().code == Errc::bad_padding);
                REQUIRE(found.error().where == 64 + 4 * i);
            }
        }
    }
    {
        // One scale for the tensor is stored sixteen times: they must agree.
        const Layer layer = random_layer<TestType>(20, 70, 0, false, false);
        for (std::size_t i = 1; i < 16; ++i) {
            Image image(layer.bytes());
            image.put(64 + 4 * i, 0.75f);
            const auto made = Layer::from_packed(image.bytes());
            REQUIRE(made);
            REQUIRE_FALSE(made->verify());
            REQUIRE(made->verify().error().where == 64 + 4 * i);
        }
    }
    {
        // The last byte holds codes of row 31, which is padding.
        const Layer layer = random_layer<TestType>(20, 70, 0, false, false);
        Image image(layer.bytes());
        image.memory.data()[image.size - 1] ^= std::byte{0x80};
        const auto made = Layer::from_packed(image.bytes());
        REQUIRE(made);
        const Result<void> found = made->verify();
        REQUIRE_FALSE(found);
        REQUIRE(found.error().code == Errc::bad_padding);
        // Of planes the mask's byte; of six16's last columns that in the first of three lines.
        const std::size_t lines = std::is_same_v<typename Layer::Layout, layout::Planes16> ? 1
                                  : std::is_same_v<typename Layer::Layout, layout::Six16>  ? 2
                                                                                           : 0;
        REQUIRE(found.error().where == image.size - 1 - 64 * lines);
    }
}

TEMPLATE_LIST_TEST_CASE("codes of any value stay inside", "[bitlinear][bytes]", Kinds) {
    using Layer = typename TestType::Layer;
    support::Random random(50);
    for (std::size_t group : {0u, 32u}) {
        const Layer layer = random_layer<TestType>(20, 70, group, true, true);
        Image image(layer.bytes());
        const std::size_t codes = layer.weights().bytes();
        for (int round = 0; round < 20; ++round) {
            for (std::size_t i = image.size - codes; i < image.size; ++i) {
                image.memory.data()[i] = static_cast<std::byte>(random.next());
            }
            auto made = Layer::map_packed(image.bytes());
            REQUIRE(made);
            REQUIRE_FALSE(made->verify());
            use<TestType>(*made);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a layer that was moved from is empty", "[bitlinear][bytes]", Kinds) {
    auto first = random_layer<TestType>(20, 70, 0, false, true);
    auto second = std::move(first);
    CHECK(first.rows() == 0);
    CHECK(first.bytes().empty());
    CHECK_FALSE(first);
    CHECK_FALSE(first.has_bias());
    CHECK(first.bias().empty());
    CHECK(first.scales().data == nullptr);
    auto third = random_layer<TestType>(3, 5, 0, false, false);
    third = std::move(second);
    CHECK(second.bytes().empty());
    CHECK(third.rows() == 20);
    CHECK(third.verify());
}
