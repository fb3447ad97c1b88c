// SPDX-License-Identifier: MIT
// Type numbers of tensors in GGUF files, with those of forks: which are read, and what the others
// are called. One row each.
#pragma once

#include "source_types.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bitnet::example {

struct GgufType {
    std::uint32_t id;
    std::string_view name;
    std::optional<SourceType> type = {}; // none: it is refused
    std::string_view advice = {};        // what its owner can do
};

inline constexpr std::string_view use_i2_s = "take the model's I2_S file";

/// 36 ... 43 have several owners. GgufFile tells those of 42 from each other by all offsets of the
/// file; each of the others is read, or refused, as its most frequent owner means it.
inline constexpr std::array gguf_types{
    GgufType{0, "F32", SourceType::f32},
    GgufType{1, "F16", SourceType::f16},
    GgufType{2, "Q4_0", SourceType::q4_0},
    GgufType{3, "Q4_1"},
    GgufType{6, "Q5_0"},
    GgufType{7, "Q5_1"},
    GgufType{8, "Q8_0", SourceType::q8_0},
    GgufType{9, "Q8_1"},
    GgufType{10, "Q2_K"},
    GgufType{11, "Q3_K"},
    GgufType{12, "Q4_K"},
    GgufType{13, "Q5_K"},
    GgufType{14, "Q6_K", SourceType::q6_k},
    GgufType{15, "Q8_K"},
    GgufType{16, "IQ2_XXS"},
    GgufType{17, "IQ2_XS"},
    GgufType{18, "IQ3_XXS"},
    GgufType{19, "IQ1_S"},
    GgufType{20, "IQ4_NL"},
    GgufType{21, "IQ3_S"},
    GgufType{22, "IQ2_S"},
    GgufType{23, "IQ4_XS"},
    GgufType{24, "I8"},
    GgufType{25, "I16"},
    GgufType{26, "I32"},
    GgufType{27, "I64"},
    GgufType{28, "F64"},
    GgufType{29, "IQ1_M"},
    GgufType{30, "BF16", SourceType::bf16},
    GgufType{31, "Q4_0_4_4"},
    GgufType{32, "Q4_0_4_8"},
    GgufType{33, "Q4_0_8_8"},
    GgufType{34, "TQ1_0", SourceType::tq1_0},
    GgufType{35, "TQ2_0", SourceType::tq2_0},
    GgufType{36, "I2_S", SourceType::i2_s},
    GgufType{37, "I8_S", {}, use_i2_s},
    GgufType{38, "TL1", {}, use_i2_s},
    GgufType{39, "TL2 of bitnet.cpp or MXFP4 of llama.cpp", {}, use_i2_s},
    GgufType{40, "NVFP4"},
    GgufType{41, "Q1_0", SourceType::q1_0},
    GgufType{42, "Q2_0"}, // of its owners GgufFile finds the one
    GgufType{43, "STQ1_0"},
    GgufType{133, "Q6_0"},
    GgufType{134, "IQ1_BN", {}, use_i2_s},
    GgufType{135, "IQ2_BN", {}, use_i2_s},
    GgufType{136, "Q8_K64"},
    GgufType{137, "IQ2_K"},
    GgufType{138, "IQ3_K"},
    GgufType{139, "IQ4_K"},
    GgufType{140, "IQ5_K"},
    GgufType{141, "IQ6_K"},
    GgufType{142, "PQ2_0", SourceType::q2_0_g128},
    GgufType{143, "PTQ1_0", SourceType::ptq1_0},
    GgufType{144, "IQ4_KS"},
    GgufType{335, "IQ2_BN_R4", {}, use_i2_s},
};

inline constexpr std::uint32_t shared_type = 42;

/// What the owners of type 42 mean by it.
struct SharedLayout {
    std::string_view name;
    std::optional<SourceType> type;
    std::size_t values, bytes; // of a block
};
inline constexpr std::array shared_layouts{
    SharedLayout{"Q2_0 with groups of 64", SourceType::q2_0_g64, 64, 18},
    SharedLayout{"Q2_0 with groups of 128", SourceType::q2_0_g128, 128, 34},
    SharedLayout{"STQ1_0", {}, 256, 42},
};

constexpr const GgufType* find_gguf_type(std::uint32_t id) noexcept {
    for (const GgufType& type : gguf_types) {
        if (type.id == id) return &type;
    }
    return nullptr;
}

} // namespace bitnet::example
