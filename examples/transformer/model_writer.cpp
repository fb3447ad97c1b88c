// SPDX-License-Identifier: MIT
// Writing a .bitnet file: the same bytes on every machine for the same tensors.
#include "checksum.hpp"
#include "error.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "model_format.hpp"

#include <algorithm>
#include <bit>
#include <ostream>

namespace bitnet::example {

ModelWriter::ModelWriter(const Config& config) : json_(config_json(config)) {
    parse_config(json_); // what is written can be read
    json_.resize(file_format::aligned(json_.size()), ' ');
}

void ModelWriter::add(std::string_view name, TensorKind kind, std::size_t rows, std::size_t cols,
                      std::span<const std::byte> bytes) {
    const std::string who = "tensor " + std::string(name);
    if (!is_tensor_name(name)) {
        throw UserError(who + ": illegal name");
    }
    if (std::any_of(tensors_.begin(), tensors_.end(),
                    [&](const TensorInfo& t) { return t.name == name; })) {
        throw UserError(who + " is added twice");
    }
    const std::size_t unit = value_bytes(kind);
    if (!is_known(kind) || rows < 1 || cols < 1 || rows > file_format::max_extent ||
        cols > file_format::max_extent || bytes.empty() ||
        (unit != 0 && bytes.size() != rows * cols * unit)) {
        throw UserError(who + ": kind, shape and size do not fit together");
    }
    tensors_.push_back({std::string(name), kind, rows, cols, 0, bytes.size(), checksum(bytes)});
    data_.emplace_back(bytes.begin(), bytes.end());
}

void ModelWriter::add_f32(std::string_view name, std::size_t rows, std::size_t cols,
                          std::span<const float> values) {
    std::vector<std::byte> bytes(values.size() * 4);
    for (std::size_t i = 0; i < values.size(); ++i) {
        file_format::store<std::uint32_t>(bytes.data() + 4 * i,
                                          std::bit_cast<std::uint32_t>(values[i]));
    }
    add(name, TensorKind::f32, rows, cols, bytes);
}

void ModelWriter::add_f16(std::string_view name, std::size_t rows, std::size_t cols,
                          std::span<const float> values) {
    constexpr std::uint16_t infinity = 0x7C00;
    std::vector<std::byte> bytes(values.size() * 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint16_t half = float_to_half(values[i]);
        if ((half & infinity) == infinity) {
            throw UserError("tensor " + std::string(name) + ": value " + std::to_string(i) +
                            " is not finite as a half");
        }
        file_format::store<std::uint16_t>(bytes.data() + 2 * i, half);
    }
    add(name, TensorKind::f16, rows, cols, bytes);
}

void ModelWriter::add_merges(std::span<const std::array<std::uint16_t, 2>> merges) {
    std::vector<std::byte> bytes(merges.size() * 4);
    for (std::size_t i = 0; i < merges.size(); ++i) {
        file_format::store<std::uint16_t>(bytes.data() + 4 * i, merges[i][0]);
        file_format::store<std::uint16_t>(bytes.data() + 4 * i + 2, merges[i][1]);
    }
    add("tokenizer.merges", TensorKind::u16, merges.size(), 2, bytes);
}

std::vector<std::byte> ModelWriter::bytes() const {
    namespace format = file_format;
    const std::size_t index = format::header_bytes + json_.size();
    const std::size_t head = index + tensors_.size() * format::record_bytes;
    std::size_t end = head;
    for (const std::vector<std::byte>& data : data_) {
        end = static_cast<std::size_t>(format::aligned(end)) + data.size();
    }
    std::vector<std::byte> file(static_cast<std::size_t>(format::aligned(end))); // zero bytes
    std::byte* out = file.data();

    std::memcpy(out, format::magic.data(), format::magic.size());
    format::store<std::uint32_t>(out + format::header::version, format::version);
    format::store<std::uint32_t>(out + format::header::bytes, static_cast<std::uint32_t>(head));
    format::store<std::uint64_t>(out + format::header::file_bytes, file.size());
    format::store<std::uint32_t>(out + format::header::json_bytes,
                                 static_cast<std::uint32_t>(json_.size()));
    format::store<std::uint32_t>(out + format::header::tensors,
                                 static_cast<std::uint32_t>(tensors_.size()));
    std::memcpy(out + format::header_bytes, json_.data(), json_.size());

    std::size_t offset = head;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const TensorInfo& tensor = tensors_[i];
        std::byte* record = out + index + i * format::record_bytes;
        std::memcpy(record, tensor.name.data(), tensor.name.size());
        format::store<std::uint32_t>(record + format::record::kind,
                                     static_cast<std::uint32_t>(tensor.kind));
        format::store<std::uint64_t>(record + format::record::rows, tensor.rows);
        format::store<std::uint64_t>(record + format::record::cols, tensor.cols);
        format::store<std::uint64_t>(record + format::record::offset, offset);
        format::store<std::uint64_t>(record + format::record::bytes, tensor.bytes);
        format::store<std::uint64_t>(record + format::record::checksum, tensor.checksum);
        std::memcpy(out + offset, data_[i].data(), data_[i].size());
        offset = static_cast<std::size_t>(format::aligned(offset + data_[i].size()));
    }
    format::store<std::uint64_t>(out + format::header::checksum, checksum({out, head}));
    return file;
}

void ModelWriter::write(const std::string& path) const {
    const std::vector<std::byte> file = bytes();
    write_file(path, [&](std::ostream& out) {
        out.write(reinterpret_cast<const char*>(file.data()),
                  static_cast<std::streamsize>(file.size()));
    });
}

} // namespace bitnet::example
