// SPDX-License-Identifier: MIT
// Writing a .bitnet file: the same bytes on every machine for the same tensors. The size of the
// head follows from the number of tensors; it is written last, when their checksums are known.
#include "checksum.hpp"
#include "error.hpp"
#include "files.hpp"
#include "half.hpp"
#include "model_file.hpp"
#include "model_format.hpp"
#include "tensor_kinds.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <ostream>
#include <utility>

namespace bitnet::example {
namespace {

void check_size(const TensorInfo& tensor) {
    const std::size_t unit = value_bytes(tensor.kind);
    if (tensor.bytes == 0 || (unit != 0 && tensor.bytes != tensor.rows * tensor.cols * unit)) {
        throw UserError("tensor " + tensor.name + ": shape and size do not fit together");
    }
}

} // namespace

ModelWriter::ModelWriter(const Config& config)
    : json_(config_json(config)), version_(file_version(config)) {
    parse_config(json_); // what is written can be read
    json_.resize(static_cast<std::size_t>(file_format::aligned(json_.size())), ' ');
    if (json_.size() > file_format::max_json_bytes) {
        throw UserError("config: its JSON has " + std::to_string(json_.size()) +
                        " bytes; the cap is " + std::to_string(file_format::max_json_bytes));
    }
}

void ModelWriter::add_source(std::string_view name, TensorKind kind, std::size_t rows,
                             std::size_t cols, Source source) {
    const std::string who = "tensor " + std::string(name);
    if (!is_tensor_name(name)) throw UserError(who + ": illegal name");
    if (std::any_of(tensors_.begin(), tensors_.end(),
                    [&](const TensorInfo& t) { return t.name == name; })) {
        throw UserError(who + " is added twice");
    }
    if (!is_known(kind) || rows < 1 || cols < 1 || rows > file_format::max_extent ||
        cols > file_format::max_extent) {
        throw UserError(who + ": no such kind or shape");
    }
    tensors_.push_back({std::string(name), kind, rows, cols});
    sources_.push_back(std::move(source));
}

void ModelWriter::add(std::string_view name, TensorKind kind, std::size_t rows, std::size_t cols,
                      std::span<const std::byte> bytes) {
    const TensorInfo tensor{std::string(name), kind, rows, cols, 0, bytes.size()};
    check_size(tensor); // now, where the caller can tell whose fault it is
    // Shared, since a std::function is copied.
    const auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    add_source(name, kind, rows, cols, [copy](const Sink& sink) { sink(*copy); });
}

void ModelWriter::add_f32(std::string_view name, std::size_t rows, std::size_t cols,
                          std::span<const float> values) {
    std::vector<std::byte> bytes(values.size() * 4);
    for (std::size_t i = 0; i < values.size(); ++i) {
        file_format::store<std::uint32_t>(bytes.data() + 4 * i,
                                          std::bit_cast<std::uint32_t>(values[i]));
    }
    add(name, kind_named("f32"), rows, cols, bytes);
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
    add(name, kind_named("f16"), rows, cols, bytes);
}

void ModelWriter::add_merges(std::span<const std::array<std::uint16_t, 2>> merges) {
    std::vector<std::byte> bytes(merges.size() * 4);
    for (std::size_t i = 0; i < merges.size(); ++i) {
        file_format::store<std::uint16_t>(bytes.data() + 4 * i, merges[i][0]);
        file_format::store<std::uint16_t>(bytes.data() + 4 * i + 2, merges[i][1]);
    }
    add("tokenizer.merges", kind_named("u16"), merges.size(), 2, bytes);
}

void ModelWriter::write(std::ostream& out, Progress* progress) const {
    namespace format = file_format;
    const auto put = [&](std::span<const std::byte> bytes) {
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    };
    const std::size_t index = format::header_bytes + json_.size();
    std::vector<std::byte> head(index + tensors_.size() * format::record_bytes); // zero bytes
    put(head);

    std::uint64_t all_values = 0, values = 0;
    for (const TensorInfo& tensor : tensors_) all_values += tensor.rows * tensor.cols;
    std::uint64_t end = head.size();
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        TensorInfo tensor = tensors_[i];
        tensor.offset = end;
        int calls = 0;
        sources_[i]([&](std::span<const std::byte> bytes) {
            ++calls;
            tensor.bytes = bytes.size();
            check_size(tensor);
            tensor.checksum = checksum(bytes);
            put(bytes);
        });
        if (calls != 1) {
            throw UserError("tensor " + tensor.name + ": its source gave bytes " +
                            std::to_string(calls) + " times instead of once");
        }
        const std::vector<std::byte> gap(
            static_cast<std::size_t>(format::aligned(tensor.bytes) - tensor.bytes));
        put(gap);
        end += tensor.bytes + gap.size();
        values += tensor.rows * tensor.cols;
        if (progress != nullptr) progress->show(values, all_values);

        std::byte* record = head.data() + index + i * format::record_bytes;
        std::memcpy(record, tensor.name.data(), tensor.name.size());
        format::store<std::uint32_t>(record + format::record::kind,
                                     static_cast<std::uint32_t>(tensor.kind));
        format::store<std::uint64_t>(record + format::record::rows, tensor.rows);
        format::store<std::uint64_t>(record + format::record::cols, tensor.cols);
        format::store<std::uint64_t>(record + format::record::offset, tensor.offset);
        format::store<std::uint64_t>(record + format::record::bytes, tensor.bytes);
        format::store<std::uint64_t>(record + format::record::checksum, tensor.checksum);
    }

    std::byte* to = head.data();
    std::memcpy(to, format::magic.data(), format::magic.size());
    format::store<std::uint32_t>(to + format::header::version, version_);
    format::store<std::uint32_t>(to + format::header::bytes,
                                 static_cast<std::uint32_t>(head.size()));
    format::store<std::uint64_t>(to + format::header::file_bytes, end);
    format::store<std::uint32_t>(to + format::header::json_bytes,
                                 static_cast<std::uint32_t>(json_.size()));
    format::store<std::uint32_t>(to + format::header::tensors,
                                 static_cast<std::uint32_t>(tensors_.size()));
    std::memcpy(to + format::header_bytes, json_.data(), json_.size());
    format::store<std::uint64_t>(to + format::header::checksum, checksum(head));
    out.seekp(0);
    put(head);
}

void ModelWriter::write(const std::string& path, Progress* progress,
                        const std::function<void(const std::string& draft)>& check) const {
    write_file(
        path, [&](std::ostream& out) { write(out, progress); }, check);
}

} // namespace bitnet::example
