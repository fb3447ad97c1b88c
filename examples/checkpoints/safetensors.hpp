// SPDX-License-Identifier: MIT
// The safetensors container: tensors by name. What they mean is hf_model.hpp's.
//
// A file is hostile: its header is checked against the file's size before the constructor returns,
// and its tensors tile the rest of the file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bitnet::example {

struct SafeTensor {
    std::string name;
    std::string_view dtype; // "F32", "F16", "BF16", "U8" ...
    std::size_t rows = 1;   // a vector is one row, a scalar is 1 x 1
    std::size_t cols = 1;
    std::span<const std::byte> bytes;
};

class SafetensorsFile {
public:
    /// Over bytes that outlive *this. UserError begins with the label.
    SafetensorsFile(std::string label, std::span<const std::byte> bytes);
    SafetensorsFile(SafetensorsFile&&) = default;
    SafetensorsFile& operator=(SafetensorsFile&&) = default;

    const std::vector<SafeTensor>& tensors() const noexcept { return tensors_; }
    const SafeTensor* find(const std::string& name) const noexcept; // nullptr: no such tensor

    [[noreturn]] void refuse_tensor(std::string_view name, const std::string& what) const;

private:
    std::string label_;
    std::vector<SafeTensor> tensors_; // in the order of their bytes
    std::unordered_map<std::string_view, std::size_t> tensor_at_;
};

} // namespace bitnet::example
