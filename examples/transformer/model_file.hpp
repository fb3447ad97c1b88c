// SPDX-License-Identifier: MIT
// The .bitnet container: reader and writer. docs/formats.md has the layout to the byte.
//
// The reader treats a file as hostile: every number is checked against the file's size before a
// pointer is made from it.
#pragma once

#include "config.hpp"
#include "file_bytes.hpp"
#include "progress.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bitnet::example {

/// What the bytes of a tensor are: a number that tensor_kinds.hpp lists.
enum class TensorKind : std::uint32_t {};

bool is_known(TensorKind kind) noexcept;
std::string_view name_of(TensorKind kind) noexcept; // empty: not known
/// Bytes of one value; 0 for the packed kinds, whose size only their class knows.
std::size_t value_bytes(TensorKind kind) noexcept;

/// 1..63 printable ASCII characters, none of them a space.
bool is_tensor_name(std::string_view name) noexcept;

/// How much of a file is looked at before it is used. Header, config and index always are, and
/// every number in them, so that nothing is ever read outside the file.
enum class Checks {
    head, ///< no more: what weights a damaged file has, nobody knows
    all,  ///< checksums, every code and every float too, which takes reading the whole file
};

struct TensorInfo {
    std::string name; // is_tensor_name()
    TensorKind kind{};
    std::uint64_t rows = 0; // a vector is one row
    std::uint64_t cols = 0;
    std::uint64_t offset = 0; // from the start of the file, a multiple of 64
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0; // of the tensor's bytes, see checksum.hpp
};

class ModelFile {
public:
    /// UserError, beginning with the path, says what is wrong and where.
    explicit ModelFile(const std::string& path, const Loading& loading = {},
                       Checks checks = Checks::all);
    /// The same over bytes in memory, which must be 64-byte aligned and outlive *this.
    ModelFile(std::string label, std::span<const std::byte> bytes, Checks checks = Checks::all,
              std::size_t threads = 1);

    const std::string& label() const noexcept { return label_; } // the path
    const Config& config() const noexcept { return config_; }
    const std::vector<TensorInfo>& tensors() const noexcept { return tensors_; }
    std::size_t file_bytes() const noexcept { return bytes_.size(); }
    const FileBytes& source() const noexcept { return source_; } // empty for bytes in memory
    std::size_t threads() const noexcept { return threads_; }    // to load with
    Checks checks() const noexcept { return checks_; }

    const TensorInfo* find(std::string_view name) const; // nullptr: no such tensor
    /// UserError when it is missing or has other rows or columns.
    const TensorInfo& require(std::string_view name, std::size_t rows, std::size_t cols) const;

    /// The bytes as they are in the file, 64-byte aligned.
    std::span<const std::byte> bytes(const TensorInfo& tensor) const noexcept;
    /// An f32 or f16 tensor as floats, all finite; UserError otherwise. Vectors are small: they are
    /// checked in any case.
    std::vector<float> floats(const TensorInfo& tensor) const;
    /// UserError unless the tensor is f32 or f16 and all of its values are finite.
    void require_finite(const TensorInfo& tensor) const;
    /// The (rows, 2) tensor "tokenizer.merges".
    std::vector<std::array<std::uint16_t, 2>> merges() const;

    [[noreturn]] void refuse(const std::string& what) const; // UserError "path: what"

private:
    void read_header();
    void read_index(std::size_t begin, std::size_t count);
    void compare_checksums() const;

    std::string label_;
    FileBytes source_;
    std::size_t threads_ = 1;
    Checks checks_;
    std::span<const std::byte> bytes_;
    Config config_;
    std::vector<TensorInfo> tensors_;                        // in file order
    std::unordered_map<std::string, std::size_t> tensor_at_; // by name
};

class ModelWriter {
public:
    /// Takes the bytes of one tensor as the file will have them.
    using Sink = std::function<void(std::span<const std::byte>)>;
    /// Makes them, each time the file is written, and hands them over with one call of the sink.
    using Source = std::function<void(const Sink&)>;

    explicit ModelWriter(const Config& config);

    /// UserError for a name that is illegal or occurs twice and for a shape or kind that is none;
    /// write() and bytes() throw it when the source's bytes do not fit the shape. Only names,
    /// kinds and shapes are held in memory, and of the tensors the one that is being written.
    void add_source(std::string_view name, TensorKind kind, std::size_t rows, std::size_t cols,
                    Source source);
    /// The same of bytes that are there already (for packed kinds BitLinear::bytes()), copied.
    void add(std::string_view name, TensorKind kind, std::size_t rows, std::size_t cols,
             std::span<const std::byte> bytes);
    void add_f32(std::string_view name, std::size_t rows, std::size_t cols,
                 std::span<const float> values);
    /// Rounds to the nearest half, ties to even; UserError for a value that is not finite as a
    /// half.
    void add_f16(std::string_view name, std::size_t rows, std::size_t cols,
                 std::span<const float> values);
    void add_merges(std::span<const std::array<std::uint16_t, 2>> merges);

    /// The whole file to a stream of bytes that can seek. The progress counts values.
    void write(std::ostream& out, Progress* progress = nullptr) const;
    /// Writes beside `path`, calls check(that draft), if it is there, and renames, so that a reader
    /// never meets half a file, or one that the check threw at.
    void write(const std::string& path, Progress* progress = nullptr,
               const std::function<void(const std::string& draft)>& check = {}) const;

private:
    std::string json_;
    unsigned version_;                // of the file
    std::vector<TensorInfo> tensors_; // offsets, sizes and checksums are known when written
    std::vector<Source> sources_;     // parallel to tensors_
};

} // namespace bitnet::example
