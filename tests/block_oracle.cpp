// SPDX-License-Identifier: MIT
// See block_oracle.hpp.
#include "block_oracle.hpp"

#include <cmath>
#include <cstdlib>

namespace oracle {
namespace {

constexpr std::string_view hugging_face = "Hugging Face ternary";

enum class Digit { of_two_bits, of_one_bit, of_three };
/// Where in a block a code is: the byte, and which of its digits, 0 the lowest; of base 3 the most
/// significant.
struct Place {
    std::size_t byte;
    unsigned digit;
    Digit kind;
};

Place place(std::string_view type, std::size_t j) {
    const auto n = [](std::size_t value) { return static_cast<unsigned>(value); };
    if (type == "I2_S") return {j % 32, 3 - n(j / 32), Digit::of_two_bits};
    if (type == "TQ2_0") return {j / 128 * 32 + j % 32, n(j % 128 / 32), Digit::of_two_bits};
    if (type == "Q2_0-g64" || type == "Q2_0-g128") return {2 + j / 4, n(j % 4), Digit::of_two_bits};
    if (type == "Q1_0") return {2 + j / 8, n(j % 8), Digit::of_one_bit};
    if (type == "TQ1_0") {
        if (j < 160) return {j % 32, n(j / 32), Digit::of_three};
        if (j < 240) return {32 + (j - 160) % 16, n((j - 160) / 16), Digit::of_three};
        return {48 + (j - 240) % 4, n((j - 240) / 4), Digit::of_three};
    }
    if (type == "PTQ1_0") {
        if (j < 80) return {j % 16, n(j / 16), Digit::of_three};
        if (j < 120) return {16 + (j - 80) % 8, n((j - 80) / 8), Digit::of_three};
        return {24 + (j - 120) % 2, n((j - 120) / 2), Digit::of_three};
    }
    std::abort();
}

} // namespace

BlockShape block_shape(std::string_view type) {
    if (type == "I2_S") return {128, 32, -1};
    if (type == "TQ1_0") return {256, 54, 52};
    if (type == "TQ2_0") return {256, 66, 64};
    if (type == "Q1_0") return {128, 18, 0};
    if (type == "Q2_0-g64") return {64, 18, 0};
    if (type == "Q2_0-g128") return {128, 34, 0};
    if (type == "PTQ1_0") return {128, 28, 26};
    if (type == hugging_face) return {1, 1, -1};
    std::abort();
}

double half_value(std::uint16_t half) {
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double size = exponent == 31 ? (fraction ? std::nan("") : HUGE_VAL)
                        : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                                       : std::ldexp(fraction, -24);
    return half >> 15 ? -size : size;
}

BlockFile BlockFile::write(std::string_view type, std::size_t rows, std::size_t cols,
                           const std::vector<std::int8_t>& codes,
                           const std::vector<std::uint32_t>& scales) {
    BlockFile file{type, rows, cols, {}};
    const BlockShape shape = block_shape(type);
    const auto bits = [&](std::size_t r, std::size_t c) {
        return static_cast<unsigned>(codes[r * cols + c] + 1);
    };
    if (type == hugging_face) {
        const std::size_t quarter = (rows + 3) / 4;
        file.bytes.resize(quarter * cols);
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) {
                file.bytes[r % quarter * cols + c] |=
                    static_cast<std::uint8_t>(bits(r, c) << r / quarter * 2);
            }
        }
        return file;
    }
    const std::size_t blocks = cols / shape.cols;
    for (std::size_t b = 0; b < rows * blocks; ++b) {
        std::vector<unsigned> block(shape.bytes), digits(shape.bytes); // digits of base 3
        for (std::size_t j = 0; j < shape.cols; ++j) {
            const unsigned u = bits(b / blocks, b % blocks * shape.cols + j);
            const Place at = place(type, j);
            if (at.kind == Digit::of_two_bits) block[at.byte] |= u << 2 * at.digit;
            if (at.kind == Digit::of_one_bit) block[at.byte] |= (u / 2) << at.digit;
            if (at.kind == Digit::of_three) {
                unsigned weight = 81;
                for (unsigned d = 0; d < at.digit; ++d) weight /= 3;
                digits[at.byte] += u * weight;
            }
        }
        for (std::size_t i = 0; i < shape.bytes; ++i) block[i] |= (digits[i] * 256 + 242) / 243;
        if (shape.scale_at >= 0) {
            const auto at = static_cast<std::size_t>(shape.scale_at);
            block[at] = scales[b] & 255;
            block[at + 1] = scales[b] >> 8;
        }
        for (unsigned byte : block) file.bytes.push_back(static_cast<std::uint8_t>(byte));
    }
    for (unsigned i = 0; type == "I2_S" && i < 32; ++i) {
        file.bytes.push_back(static_cast<std::uint8_t>(i < 4 ? scales[0] >> 8 * i : 0));
    }
    return file;
}

int BlockFile::code(std::size_t row, std::size_t col) const {
    if (type == hugging_face) {
        const std::size_t quarter = (rows + 3) / 4;
        return (bytes[row % quarter * cols + col] >> row / quarter * 2 & 3) - 1;
    }
    const BlockShape shape = block_shape(type);
    const Place at = place(type, col % shape.cols);
    const unsigned byte =
        bytes[(row * (cols / shape.cols) + col / shape.cols) * shape.bytes + at.byte];
    if (at.kind == Digit::of_two_bits) return static_cast<int>(byte >> 2 * at.digit & 3) - 1;
    if (at.kind == Digit::of_one_bit) return byte >> at.digit & 1 ? 1 : -1;
    unsigned power = 1;
    for (unsigned d = 0; d < at.digit; ++d) power *= 3;
    return static_cast<int>(byte * power % 256 * 3 / 256) - 1;
}

std::uint16_t BlockFile::scale(std::size_t row, std::size_t block) const {
    const BlockShape shape = block_shape(type);
    const std::size_t at = (row * (cols / shape.cols) + block) * shape.bytes +
                           static_cast<std::size_t>(shape.scale_at);
    return static_cast<std::uint16_t>(bytes[at] + bytes[at + 1] * 256);
}

} // namespace oracle
