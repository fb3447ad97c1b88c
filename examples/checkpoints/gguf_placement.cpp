// SPDX-License-Identifier: MIT
// Replaying the offsets of a GGUF file. Type 42 has several owners with blocks of different sizes:
// the one whose sizes give all offsets of the file is meant, and exactly one must.
#include "gguf_placement.hpp"

#include "gguf_types.hpp"
#include "model_format.hpp"

#include <bit>
#include <cmath>

namespace bitnet::example {
namespace {

// Behind the codes of I2_S: a scale, and zeros.
constexpr std::size_t i2_s_tail = 32;

struct Block {
    std::size_t values, bytes;
};

struct Problem {
    std::string_view tensor; // empty: none
    std::string what;
};

bool is_i2_s(const GgufTensor& tensor) noexcept {
    return find_gguf_type(tensor.id)->type == SourceType::i2_s;
}

Block block_of(const GgufTensor& tensor, const SharedLayout& shared) {
    if (tensor.id == shared_type) return {shared.values, shared.bytes};
    const SourceFormat& format = format_of(*find_gguf_type(tensor.id)->type);
    return {format.values, format.bytes};
}

// What keeps the tensors from lying one behind the other up to the end of the data, with type 42 as
// `shared`. GGUF pads each to the alignment.
Problem problem_of(std::span<const GgufTensor> tensors, const SharedLayout& shared,
                   std::uint64_t alignment, std::size_t data_bytes) {
    std::uint64_t expected = 0, end = 0; // of the tensors so far, padded and not
    std::string_view before;
    for (const GgufTensor& tensor : tensors) {
        const auto [values, block_bytes] = block_of(tensor, shared);
        if (tensor.cols % values != 0) {
            return {tensor.name, "rows of " + std::to_string(tensor.cols) +
                                     " columns are not whole blocks of " + std::to_string(values)};
        }
        if (tensor.offset % alignment != 0) {
            return {tensor.name, "offset " + std::to_string(tensor.offset) + " is no multiple of " +
                                     std::to_string(alignment)};
        }
        if (tensor.offset < expected) {
            return {tensor.name, "at offset " + std::to_string(tensor.offset) +
                                     " it overlaps tensor " + std::string(before)};
        }
        if (tensor.offset > expected) {
            return {tensor.name, "at offset " + std::to_string(tensor.offset) +
                                     " it leaves a hole: the tensors before it end at " +
                                     std::to_string(expected)};
        }
        // Both extents are below 2^31 and no value has more than 4 bytes: below 2^64.
        std::uint64_t bytes = std::uint64_t{tensor.cols / values} * tensor.rows * block_bytes;
        if (is_i2_s(tensor)) bytes += i2_s_tail;
        if (tensor.offset > data_bytes || bytes > data_bytes - tensor.offset) {
            return {tensor.name, "it runs past the end of the file, which is cut or damaged"};
        }
        end = tensor.offset + bytes;
        expected = (end + alignment - 1) / alignment * alignment;
        before = tensor.name;
    }
    if (!tensors.empty() && data_bytes > expected) {
        return {before, std::to_string(data_bytes - end) + " bytes follow it, the last tensor"};
    }
    return {};
}

// The owner of type 42 whose layout the file's offsets are of.
const SharedLayout& shared_layout(const GgufFile& file, std::uint64_t alignment,
                                  std::size_t data_bytes) {
    const SharedLayout* chosen = nullptr;
    std::string tried;
    for (const SharedLayout& layout : shared_layouts) {
        const Problem problem = problem_of(file.tensors(), layout, alignment, data_bytes);
        if (problem.what.empty() && chosen != nullptr) {
            file.refuse("its offsets fit two layouts of type 42: " + std::string(chosen->name) +
                        " and " + std::string(layout.name));
        }
        if (problem.what.empty()) {
            chosen = &layout;
        } else {
            tried += "; as " + std::string(layout.name) + ", tensor " +
                     std::string(problem.tensor) + ": " + problem.what;
        }
    }
    if (chosen == nullptr) {
        file.refuse("its offsets fit none of the layouts of type 42" + tried);
    }
    const GgufValue* version = file.find("general.quantization_version");
    if (version != nullptr && version->kind == GgufKind::string) {
        file.refuse_key(version->key, "OxiBonsai's layout of type 42 is not supported");
    }
    return *chosen;
}

} // namespace

void place_tensors(const GgufFile& file, std::uint64_t alignment, std::span<const std::byte> data,
                   std::vector<GgufTensor>& tensors) {
    const GgufTensor* shared = nullptr;
    for (const GgufTensor& tensor : tensors) {
        const GgufType* type = find_gguf_type(tensor.id);
        if (type == nullptr) {
            file.refuse_tensor(tensor.name, "unknown type " + std::to_string(tensor.id));
        }
        if (tensor.id == shared_type) {
            if (shared == nullptr) shared = &tensor;
        } else if (!type->type) {
            const std::string advice = type->advice.empty() ? "" : "; " + std::string(type->advice);
            file.refuse_tensor(tensor.name, "its type " + std::string(type->name) + " (" +
                                                std::to_string(tensor.id) + ") is not supported" +
                                                advice);
        }
    }
    const SharedLayout& layout =
        shared != nullptr ? shared_layout(file, alignment, data.size()) : shared_layouts[0];
    if (!layout.type) {
        file.refuse_tensor(shared->name, "by the file's offsets its type 42 is " +
                                             std::string(layout.name) + ", which is not supported");
    }
    if (shared == nullptr) {
        const Problem problem = problem_of(tensors, layout, alignment, data.size());
        if (!problem.what.empty()) file.refuse_tensor(problem.tensor, problem.what);
    }
    for (GgufTensor& tensor : tensors) {
        tensor.type = tensor.id == shared_type ? *layout.type : *find_gguf_type(tensor.id)->type;
        const auto [values, block_bytes] = block_of(tensor, layout);
        const std::size_t bytes = tensor.cols / values * tensor.rows * block_bytes;
        const auto rest = data.subspan(static_cast<std::size_t>(tensor.offset));
        tensor.bytes = rest.first(bytes);
        if (tensor.type == SourceType::i2_s) {
            tensor.scale =
                std::bit_cast<float>(file_format::load<std::uint32_t>(rest.data() + bytes));
            if (!std::isfinite(tensor.scale) || tensor.scale < 0.0f) {
                file.refuse_tensor(tensor.name, "its scale, behind its codes, is no scale: " +
                                                    std::to_string(tensor.scale));
            }
        }
    }
}

} // namespace bitnet::example
