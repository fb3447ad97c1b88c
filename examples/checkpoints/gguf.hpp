// SPDX-License-Identifier: MIT
// The GGUF container, versions 2 and 3: metadata and tensors. What they mean is gguf_model.hpp's.
//
// A file is hostile: every count, length and offset is checked against the file's size before a
// pointer is made from it, and before the constructor returns.
#pragma once

#include "source_types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bitnet::example {

/// The types of metadata, by their numbers in the file.
enum class GgufKind : std::uint32_t {
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    f32,
    boolean,
    string,
    array,
    u64,
    i64,
    f64,
};

struct GgufValue {
    std::string_view key;
    GgufKind kind{}; // of an array, that of its elements
    bool is_array = false;
    std::size_t count = 1;            // elements
    std::span<const std::byte> bytes; // as in the file; a string is its length, then its characters
};

struct GgufTensor {
    std::string_view name;
    std::uint32_t id = 0; // of its type
    SourceType type{};
    std::size_t rows = 0; // a vector is one row
    std::size_t cols = 0;
    std::uint64_t offset = 0;         // from the start of the tensors' bytes
    std::span<const std::byte> bytes; // of I2_S without its scale
    float scale = 1.0f;               // of I2_S: behind its codes
};

class GgufFile {
public:
    /// Over bytes that outlive *this. UserError begins with the label.
    GgufFile(std::string label, std::span<const std::byte> bytes);

    const std::string& label() const noexcept { return label_; }
    const std::vector<GgufValue>& values() const noexcept { return values_; }
    const std::vector<GgufTensor>& tensors() const noexcept { return tensors_; }

    const GgufValue* find(std::string_view key) const noexcept; // nullptr: no such key
    const GgufTensor* find_tensor(std::string_view name) const noexcept;

    // The value of a key; none where there is no such key. UserError when it is of another type.
    std::optional<std::uint64_t>
    whole(std::string_view key) const;                        // any integer that is not below 0
    std::optional<double> number(std::string_view key) const; // a float
    std::optional<bool> flag(std::string_view key) const;
    std::optional<std::string_view> text(std::string_view key) const;
    std::vector<std::string>
    texts(std::string_view key) const; // arrays; empty where there is no key
    std::vector<std::int32_t> integers(std::string_view key) const;
    std::vector<float> floats(std::string_view key) const;

    [[noreturn]] void refuse(const std::string& what) const;
    [[noreturn]] void refuse_key(std::string_view key, const std::string& what) const;
    [[noreturn]] void refuse_tensor(std::string_view name, const std::string& what) const;

private:
    class Cursor;

    void read_values(Cursor& cursor, std::uint64_t count);
    void read_tensors(Cursor& cursor, std::uint64_t count);
    std::uint64_t alignment() const;
    const GgufValue* array(std::string_view key, GgufKind kind) const;

    std::string label_;
    std::vector<GgufValue> values_;
    std::vector<GgufTensor> tensors_;
    std::unordered_map<std::string_view, std::size_t> value_at_, tensor_at_;
};

} // namespace bitnet::example
