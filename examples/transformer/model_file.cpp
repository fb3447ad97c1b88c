// SPDX-License-Identifier: MIT
// Reading a .bitnet file. Every check says what it refuses; model_writer.cpp is the other
// direction.
#include "model_file.hpp"

#include "checksum.hpp"
#include "error.hpp"
#include "model_format.hpp"
#include "on_threads.hpp"
#include "tensor_kinds.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/math.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

namespace bitnet::example {
namespace {

constexpr TensorKind f32 = kind_named("f32");
constexpr TensorKind f16 = kind_named("f16");

// Bytes from which on threads take less time than it takes to start them.
constexpr std::size_t worth_threads = std::size_t{1} << 20;

bool all_zero(std::span<const std::byte> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

} // namespace

bool is_known(TensorKind kind) noexcept {
    return find_kind([&](const auto& row) { return row.kind == kind; });
}

std::string_view name_of(TensorKind kind) noexcept {
    std::string_view name;
    find_kind([&](const auto& row) {
        name = row.kind == kind ? row.name : name;
        return row.kind == kind;
    });
    return name;
}

std::size_t value_bytes(TensorKind kind) noexcept {
    std::size_t bytes = 0;
    find_kind([&](const auto& row) {
        bytes = row.kind == kind ? row.value_bytes : bytes;
        return row.kind == kind;
    });
    return bytes;
}

bool is_tensor_name(std::string_view name) noexcept {
    return !name.empty() && name.size() < file_format::name_bytes &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

ModelFile::ModelFile(const std::string& path, const Loading& loading, Checks checks)
    : label_(path), source_(path, loading), threads_(loading.threads), checks_(checks),
      bytes_(source_.bytes()) {
    read_header();
}

ModelFile::ModelFile(std::string label, std::span<const std::byte> bytes, Checks checks,
                     std::size_t threads)
    : label_(std::move(label)), threads_(threads), checks_(checks), bytes_(bytes) {
    read_header();
}

void ModelFile::refuse(const std::string& what) const {
    throw UserError(label_ + ": " + what);
}

void ModelFile::read_header() {
    namespace format = file_format;
    namespace at = file_format::header;
    const std::byte* data = bytes_.data();
    if (bytes_.size() < format::header_bytes ||
        std::memcmp(data, format::magic.data(), format::magic.size()) != 0) {
        refuse("not a .bitnet file (no \"BITNETv1\" at its start)");
    }
    const auto version = format::load<std::uint32_t>(data + at::version);
    if (version < 1 || version > format::newest_version) {
        refuse("file format version " + std::to_string(version) +
               "; this program reads versions 1 to " + std::to_string(format::newest_version));
    }
    const auto stated_size = format::load<std::uint64_t>(data + at::file_bytes);
    if (stated_size != bytes_.size()) {
        refuse("the header states " + std::to_string(stated_size) + " bytes, the file has " +
               std::to_string(bytes_.size()));
    }
    const std::size_t head = format::load<std::uint32_t>(data + at::bytes);
    const std::size_t json_bytes = format::load<std::uint32_t>(data + at::json_bytes);
    const std::size_t count = format::load<std::uint32_t>(data + at::tensors);
    if (json_bytes > format::max_json_bytes || json_bytes % format::alignment != 0) {
        refuse("the header states an impossible JSON size of " + std::to_string(json_bytes));
    }
    if (count > format::max_tensors) {
        refuse("the header states " + std::to_string(count) + " tensors; the cap is " +
               std::to_string(format::max_tensors));
    }
    const std::size_t index = format::header_bytes + json_bytes;
    if (head != index + count * format::record_bytes || head > bytes_.size()) {
        refuse("header, JSON and index do not fit together");
    }
    if (!all_zero(bytes_.subspan(at::end, format::header_bytes - at::end))) {
        refuse("the header's reserved bytes are not zero");
    }
    // The checksum's own field counts as zero.
    std::vector<std::byte> summed(data, data + head);
    format::store<std::uint64_t>(summed.data() + at::checksum, 0);
    if (checksum(summed) != format::load<std::uint64_t>(data + at::checksum)) {
        refuse("the checksum over header and index does not match: the file is damaged");
    }
    try {
        config_ =
            parse_config({reinterpret_cast<const char*>(data + format::header_bytes), json_bytes});
    } catch (const UserError& error) {
        refuse(error.what());
    }
    if (version != file_version(config_)) {
        refuse("file format version " + std::to_string(version) +
               "; its config is one of version " + std::to_string(file_version(config_)));
    }
    read_index(index, count);
    if (checks_ == Checks::all) compare_checksums();
}

// The layout leaves no freedom: tensors follow each other in index order, each begins at the next
// multiple of 64, gaps are zero and the file ends after the last one. So ranges cannot overlap.
void ModelFile::read_index(std::size_t begin, std::size_t count) {
    namespace format = file_format;
    namespace at = file_format::record;
    tensors_.reserve(count);
    std::uint64_t end = begin + count * format::record_bytes; // of the tensor before
    for (std::size_t i = 0; i < count; ++i) {
        const std::byte* record = bytes_.data() + begin + i * format::record_bytes;
        const char* chars = reinterpret_cast<const char*>(record);
        TensorInfo tensor;
        tensor.name.assign(chars, std::find(chars, chars + format::name_bytes, '\0'));
        tensor.kind = static_cast<TensorKind>(format::load<std::uint32_t>(record + at::kind));
        tensor.rows = format::load<std::uint64_t>(record + at::rows);
        tensor.cols = format::load<std::uint64_t>(record + at::cols);
        tensor.offset = format::load<std::uint64_t>(record + at::offset);
        tensor.bytes = format::load<std::uint64_t>(record + at::bytes);
        tensor.checksum = format::load<std::uint64_t>(record + at::checksum);

        const std::size_t length = tensor.name.size();
        if (!is_tensor_name(tensor.name) ||
            !all_zero({record + length, format::name_bytes - length})) {
            refuse("tensor " + std::to_string(i) + " has an illegal name");
        }
        const std::string who = "tensor " + tensor.name;
        if (!is_known(tensor.kind)) {
            refuse(who + " is of unknown kind " +
                   std::to_string(static_cast<std::uint32_t>(tensor.kind)));
        }
        if (format::load<std::uint32_t>(record + at::reserved) != 0 ||
            !all_zero({record + at::end, format::record_bytes - at::end})) {
            refuse(who + ": reserved bytes of its record are not zero");
        }
        if (tensor.rows < 1 || tensor.cols < 1 || tensor.rows > format::max_extent ||
            tensor.cols > format::max_extent) {
            refuse(who + " has an impossible shape " + std::to_string(tensor.rows) + " x " +
                   std::to_string(tensor.cols));
        }
        if (tensor.offset != format::aligned(end) || tensor.offset > bytes_.size() ||
            tensor.bytes == 0 || tensor.bytes > bytes_.size() - tensor.offset) {
            refuse(who + " does not lie where it must, or runs past the end of the file");
        }
        const std::size_t unit = value_bytes(tensor.kind);
        if (unit != 0 && tensor.bytes != tensor.rows * tensor.cols * unit) {
            refuse(who + ": " + std::to_string(tensor.bytes) + " bytes do not fit its shape");
        }
        if (!all_zero(bytes_.subspan(static_cast<std::size_t>(end),
                                     static_cast<std::size_t>(tensor.offset - end)))) {
            refuse("the bytes before " + who + " are not zero");
        }
        end = tensor.offset + tensor.bytes;
        if (!tensor_at_.emplace(tensor.name, i).second) refuse(who + " is twice in the index");
        tensors_.push_back(std::move(tensor));
    }
    if (format::aligned(end) != bytes_.size() ||
        !all_zero(bytes_.subspan(static_cast<std::size_t>(end)))) {
        refuse("the file does not end where its last tensor does");
    }
}

void ModelFile::compare_checksums() const {
    // The largest, such as an embedding, are not left to the end, when one thread alone is busy.
    std::vector<const TensorInfo*> largest_first;
    for (const TensorInfo& tensor : tensors_) largest_first.push_back(&tensor);
    std::sort(largest_first.begin(), largest_first.end(),
              [](const TensorInfo* a, const TensorInfo* b) { return a->bytes > b->bytes; });
    std::atomic<bool> damaged{false};
    const auto compare = [&](const TensorInfo& tensor) noexcept {
        return checksum(bytes(tensor)) == tensor.checksum;
    };
    const std::size_t threads = bytes_.size() < worth_threads ? 1 : threads_;
    on_threads(tensors_.size(), threads, [&](std::size_t i) noexcept {
        if (!compare(*largest_first[i])) damaged = true;
    });
    if (!damaged) return;
    const auto first = std::find_if_not(tensors_.begin(), tensors_.end(), compare);
    refuse("the checksum of tensor " + first->name + " does not match: the file is damaged");
}

const TensorInfo* ModelFile::find(std::string_view name) const {
    const auto found = tensor_at_.find(std::string(name));
    return found == tensor_at_.end() ? nullptr : &tensors_[found->second];
}

const TensorInfo& ModelFile::require(std::string_view name, std::size_t rows,
                                     std::size_t cols) const {
    const TensorInfo* tensor = find(name);
    if (tensor == nullptr) refuse("tensor " + std::string(name) + " is missing");
    if (tensor->rows != rows || tensor->cols != cols) {
        refuse("tensor " + tensor->name + " is " + std::to_string(tensor->rows) + " x " +
               std::to_string(tensor->cols) + ", the config wants " + std::to_string(rows) + " x " +
               std::to_string(cols));
    }
    return *tensor;
}

std::span<const std::byte> ModelFile::bytes(const TensorInfo& tensor) const noexcept {
    return bytes_.subspan(static_cast<std::size_t>(tensor.offset),
                          static_cast<std::size_t>(tensor.bytes));
}

void ModelFile::require_finite(const TensorInfo& tensor) const {
    if (tensor.kind != f32 && tensor.kind != f16) {
        refuse("tensor " + tensor.name + " is " + std::string(name_of(tensor.kind)) +
               ", not f32 or f16");
    }
    const auto check = [&]<class Bits>(Bits exponent) {
        const std::byte* from = bytes(tensor).data();
        for (std::size_t i = 0; i < tensor.rows * tensor.cols; ++i) {
            if ((file_format::load<Bits>(from + sizeof(Bits) * i) & exponent) == exponent) {
                refuse("tensor " + tensor.name + " holds NaN or infinity at value " +
                       std::to_string(i));
            }
        }
    };
    tensor.kind == f32 ? check(std::uint32_t{0x7F800000u}) : check(std::uint16_t{0x7C00u});
}

std::vector<float> ModelFile::floats(const TensorInfo& tensor) const {
    require_finite(tensor);
    const std::byte* from = bytes(tensor).data();
    std::vector<float> values(static_cast<std::size_t>(tensor.rows * tensor.cols));
    if (tensor.kind == f32) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = std::bit_cast<float>(file_format::load<std::uint32_t>(from + 4 * i));
        }
        return values;
    }
    std::vector<std::uint16_t> halves(values.size());
    for (std::size_t i = 0; i < halves.size(); ++i) {
        halves[i] = file_format::load<std::uint16_t>(from + 2 * i);
    }
    halves_to_floats<isa::dynamic>(halves.data(), values.data(), values.size());
    return values;
}

std::vector<std::array<std::uint16_t, 2>> ModelFile::merges() const {
    const TensorInfo* tensor = find("tokenizer.merges");
    if (tensor == nullptr) refuse("tensor tokenizer.merges is missing");
    if (tensor->kind != kind_named("u16") || tensor->cols != 2) {
        refuse("tensor tokenizer.merges must be u16 with 2 columns");
    }
    const std::byte* from = bytes(*tensor).data();
    std::vector<std::array<std::uint16_t, 2>> merges(static_cast<std::size_t>(tensor->rows));
    for (std::size_t i = 0; i < merges.size(); ++i) {
        merges[i] = {file_format::load<std::uint16_t>(from + 4 * i),
                     file_format::load<std::uint16_t>(from + 4 * i + 2)};
    }
    return merges;
}

} // namespace bitnet::example
