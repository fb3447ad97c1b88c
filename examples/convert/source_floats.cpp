// SPDX-License-Identifier: MIT
// The float and the eight-, six- and four-bit types of other projects' files.
#include "source_floats.hpp"

#include "error.hpp"
#include "model_format.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace bitnet::example {
namespace {

constexpr std::uint16_t infinity = 0x7C00; // and every NaN has these bits

std::uint16_t bits16(const std::byte* from) {
    return file_format::load<std::uint16_t>(from);
}

// The library's function takes finite halves alone: others become NaN.
void halves(const std::byte* from, std::span<float> out) {
    std::array<std::uint16_t, 256> bits;
    for (std::size_t at = 0; at < out.size(); at += bits.size()) {
        const std::size_t count = std::min(bits.size(), out.size() - at);
        bool finite = true;
        for (std::size_t i = 0; i < count; ++i) {
            bits[i] = bits16(from + 2 * (at + i));
            finite &= (bits[i] & infinity) != infinity;
        }
        halves_to_floats<isa::dynamic>(bits.data(), out.data() + at, count);
        for (std::size_t i = 0; !finite && i < count; ++i) {
            if ((bits[i] & infinity) == infinity) {
                out[at + i] = std::numeric_limits<float>::quiet_NaN();
            }
        }
    }
}

float half(const std::byte* from) {
    float value = 0;
    halves(from, {&value, 1});
    return value;
}

// The values of one block.
template <SourceType>
void decode(const std::byte* block, float* out);

template <>
void decode<SourceType::f32>(const std::byte* block, float* out) {
    *out = std::bit_cast<float>(file_format::load<std::uint32_t>(block));
}
template <>
void decode<SourceType::bf16>(const std::byte* block, float* out) {
    *out = std::bit_cast<float>(std::uint32_t{bits16(block)} << 16);
}
template <>
void decode<SourceType::q8_0>(const std::byte* block, float* out) {
    const float scale = half(block);
    for (std::size_t i = 0; i < 32; ++i) {
        out[i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
    }
}
template <>
void decode<SourceType::q4_0>(const std::byte* block, float* out) {
    const float scale = half(block);
    for (std::size_t i = 0; i < 16; ++i) {
        const int both = std::to_integer<int>(block[2 + i]);
        out[i] = scale * static_cast<float>((both & 15) - 8);
        out[16 + i] = scale * static_cast<float>((both >> 4) - 8);
    }
}
template <>
void decode<SourceType::q6_k>(const std::byte* block, float* out) {
    const float scale = half(block + 208);
    for (std::size_t part = 0; part < 8;
         ++part) { // 32 values each: low 4 bits, high 2, a scale a 16
        const std::size_t middle = part / 4, quarter = part % 4;
        const std::byte* const low = block + 64 * middle + 32 * (quarter % 2);
        const std::byte* const high = block + 128 + 32 * middle;
        const std::byte* const scales = block + 192 + 8 * middle + 2 * quarter;
        for (std::size_t i = 0; i < 32; ++i) {
            const unsigned four = std::to_integer<unsigned>(low[i]) >> (quarter < 2 ? 0 : 4) & 15;
            const unsigned two = std::to_integer<unsigned>(high[i]) >> (2 * quarter) & 3;
            const auto of_sixteen = static_cast<float>(static_cast<std::int8_t>(scales[i / 16]));
            out[32 * part + i] =
                scale * of_sixteen * static_cast<float>(static_cast<int>(four | two << 4) - 32);
        }
    }
}

template <SourceType type>
void decode_row(const std::byte* row, std::span<float> out) {
    constexpr SourceFormat format = format_of(type);
    for (std::size_t at = 0; at < out.size(); at += format.values, row += format.bytes) {
        decode<type>(row, out.data() + at);
    }
}
template <>
void decode_row<SourceType::f16>(const std::byte* row, std::span<float> out) {
    halves(row, out);
}

struct Decoder {
    SourceType type;
    void (*row)(const std::byte* row, std::span<float> out);
};
template <SourceType... types>
constexpr std::array<Decoder, sizeof...(types)> decoders_of() {
    return {Decoder{types, decode_row<types>}...};
}
constexpr auto decoders = decoders_of<SourceType::f32, SourceType::f16, SourceType::bf16,
                                      SourceType::q8_0, SourceType::q4_0, SourceType::q6_k>();

const Decoder* decoder_of(SourceType type) noexcept {
    for (const Decoder& decoder : decoders) {
        if (decoder.type == type) return &decoder;
    }
    return nullptr;
}

} // namespace

bool has_floats(SourceType type) noexcept {
    return decoder_of(type) != nullptr;
}

void source_floats(const SourceTensor& tensor, std::size_t row, std::span<float> out) {
    const SourceFormat& format = format_of(tensor.type);
    const std::size_t row_bytes = tensor.cols / format.values * format.bytes;
    decoder_of(tensor.type)->row(tensor.bytes.data() + row * row_bytes, out);
    if (tensor.factor != 1.0f) {
        for (float& value : out) value *= tensor.factor;
    }
}

void refuse(const Checkpoint& checkpoint, const SourceTensor& tensor, const std::string& what) {
    throw UserError(checkpoint.label + ": tensor " + tensor.source + ": " + what);
}

} // namespace bitnet::example
