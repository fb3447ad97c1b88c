// SPDX-License-Identifier: MIT
// Reading the container. Its header is JSON of one known shape, so it is read as it is parsed, and
// no tree is made of it that a hostile file could make large or deep.
#include "safetensors.hpp"

#include "error.hpp"
#include "model_format.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace bitnet::example {
namespace {

constexpr std::uint64_t max_header = 100'000'000; // the format's own
constexpr std::size_t max_dimensions = 2;         // of tensors that models here have
constexpr std::size_t max_name = 256;

struct Dtype {
    std::string_view name;
    std::size_t bytes;
};
constexpr std::array dtypes{
    Dtype{"BOOL", 1}, Dtype{"U8", 1},  Dtype{"I8", 1},  Dtype{"F8_E4M3", 1}, Dtype{"F8_E5M2", 1},
    Dtype{"I16", 2},  Dtype{"U16", 2}, Dtype{"F16", 2}, Dtype{"BF16", 2},    Dtype{"I32", 4},
    Dtype{"U32", 4},  Dtype{"F32", 4}, Dtype{"I64", 8}, Dtype{"U64", 8},     Dtype{"F64", 8},
};

// A tensor as the header states it.
struct Entry {
    std::string name;
    const Dtype* dtype = nullptr;
    std::vector<std::uint64_t> shape, offsets;
    bool has_shape = false, has_offsets = false;
};

// What nlohmann's parser tells of the header, one token after the other.
class HeaderReader {
public:
    explicit HeaderReader(const std::string& label) : label_(label) {}

    std::vector<Entry> take() { return std::move(entries_); }

    bool start_object(std::size_t) {
        if (depth_ >= 2 || list_ != nullptr || (depth_ == 1 && !named_)) unexpected();
        ++depth_;
        field_.clear();
        return true;
    }
    bool key(std::string& name) {
        if (depth_ == 1) {
            in_metadata_ = name == "__metadata__";
            named_ = true;
            if (!in_metadata_) begin_tensor(std::move(name));
        } else {
            field_ = std::move(name);
        }
        return true;
    }
    bool end_object() {
        if (depth_ == 2 && !in_metadata_) end_tensor();
        --depth_;
        named_ = false;
        return true;
    }
    bool start_array(std::size_t) {
        if (depth_ != 2 || in_metadata_ || list_ != nullptr) unexpected();
        Entry& entry = entries_.back();
        bool& has = field_ == "shape" ? entry.has_shape : entry.has_offsets;
        if ((field_ != "shape" && field_ != "data_offsets") || has) unexpected();
        has = true;
        list_ = field_ == "shape" ? &entry.shape : &entry.offsets;
        return true;
    }
    bool end_array() {
        list_ = nullptr;
        return true;
    }
    bool number_unsigned(std::uint64_t value) {
        if (list_ == nullptr) unexpected();
        if (list_->size() >= max_dimensions) {
            refuse("\"" + field_ + "\" has more than two numbers");
        }
        list_->push_back(value);
        return true;
    }
    bool string(std::string& value) {
        if (depth_ != 2 || list_ != nullptr) unexpected();
        if (in_metadata_) return true;
        Entry& entry = entries_.back();
        if (field_ != "dtype" || entry.dtype != nullptr) unexpected();
        const auto found = std::find_if(dtypes.begin(), dtypes.end(),
                                        [&](const Dtype& d) { return d.name == value; });
        if (found == dtypes.end()) refuse("unknown dtype \"" + printable(value) + "\"");
        entry.dtype = &*found;
        return true;
    }
    bool null() { unexpected(); }
    bool boolean(bool) { unexpected(); }
    bool number_integer(std::int64_t) { unexpected(); }
    bool number_float(double, const std::string&) { unexpected(); }
    template <class Binary>
    bool binary(Binary&) {
        unexpected();
    }
    template <class Exception>
    bool parse_error(std::size_t byte, const std::string&, const Exception&) {
        throw UserError(label_ + ": its header holds no valid JSON at byte " +
                        std::to_string(byte) + " of it");
    }

private:
    [[noreturn]] void refuse(const std::string& what) const {
        const std::string where =
            entries_.empty() ? "" : "tensor " + printable(entries_.back().name) + ": ";
        throw UserError(label_ + ": " + where + what);
    }
    [[noreturn]] void unexpected() const {
        refuse("the header is not an object of tensors with \"dtype\", \"shape\" and "
               "\"data_offsets\"");
    }
    void begin_tensor(std::string name) {
        if (entries_.size() == file_format::max_tensors) {
            throw UserError(label_ + ": more than " + std::to_string(file_format::max_tensors) +
                            " tensors");
        }
        entries_.emplace_back();
        entries_.back().name = std::move(name);
        if (entries_.back().name.empty() || entries_.back().name.size() > max_name) {
            refuse("an illegal name");
        }
    }
    void end_tensor() {
        const Entry& entry = entries_.back();
        if (entry.dtype == nullptr || !entry.has_shape || !entry.has_offsets) unexpected();
    }

    const std::string& label_;
    std::vector<Entry> entries_;
    int depth_ = 0;
    bool named_ = false, in_metadata_ = false;
    std::string field_;
    std::vector<std::uint64_t>* list_ = nullptr;
};

} // namespace

void SafetensorsFile::refuse_tensor(std::string_view name, const std::string& what) const {
    throw UserError(label_ + ": tensor " + printable(name) + ": " + what);
}

SafetensorsFile::SafetensorsFile(std::string label, std::span<const std::byte> bytes)
    : label_(std::move(label)) {
    const auto length = bytes.size() < 8 ? 0 : file_format::load<std::uint64_t>(bytes.data());
    if (length < 2 || length > max_header || length > bytes.size() - 8 ||
        bytes[8] != static_cast<std::byte>('{')) {
        throw UserError(label_ + ": not a safetensors file, or cut inside its header");
    }
    const auto header = bytes.subspan(8, static_cast<std::size_t>(length));
    const auto data = bytes.subspan(8 + header.size());
    HeaderReader reader(label_);
    const char* const text = reinterpret_cast<const char*>(header.data());
    nlohmann::json::sax_parse(text, text + header.size(), &reader);
    std::vector<Entry> entries = reader.take();
    for (const Entry& entry : entries) {
        if (entry.offsets.size() != 2) {
            refuse_tensor(entry.name, "\"data_offsets\" must be two numbers");
        }
    }
    // Of two that begin at one offset, which an empty tensor could, both are refused below.
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.offsets[0] < b.offsets[0]; });
    tensors_.reserve(entries.size()); // keeps the string_views in tensor_at_ valid
    std::uint64_t end = 0;            // of the tensor before
    for (Entry& entry : entries) {
        std::uint64_t values = 1; // below 2^62
        for (const std::uint64_t extent : entry.shape) {
            if (extent < 1 || extent > file_format::max_extent) {
                refuse_tensor(entry.name, "an impossible extent " + std::to_string(extent));
            }
            values *= extent;
        }
        if (entry.offsets[0] != end || entry.offsets[1] < end || entry.offsets[1] > data.size()) {
            refuse_tensor(entry.name, "its bytes " + std::to_string(entry.offsets[0]) + " to " +
                                          std::to_string(entry.offsets[1]) +
                                          " do not lie behind the tensor before, inside the file");
        }
        const std::uint64_t size = entry.offsets[1] - end;
        if (size % entry.dtype->bytes != 0 || size / entry.dtype->bytes != values) {
            refuse_tensor(entry.name, std::to_string(size) + " bytes do not fit its shape");
        }
        tensors_.push_back(
            {.name = std::move(entry.name),
             .dtype = entry.dtype->name,
             .rows = static_cast<std::size_t>(entry.shape.size() == 2 ? entry.shape[0] : 1),
             .cols = static_cast<std::size_t>(entry.shape.empty() ? 1 : entry.shape.back()),
             .bytes = data.subspan(static_cast<std::size_t>(end), static_cast<std::size_t>(size))});
        end = entry.offsets[1];
        if (!tensor_at_.emplace(tensors_.back().name, tensors_.size() - 1).second) {
            refuse_tensor(tensors_.back().name, "it is there twice");
        }
    }
    if (end != data.size()) {
        throw UserError(label_ + ": " + std::to_string(data.size() - end) +
                        " bytes follow the last tensor");
    }
}

const SafeTensor* SafetensorsFile::find(const std::string& name) const noexcept {
    const auto found = tensor_at_.find(name);
    return found == tensor_at_.end() ? nullptr : &tensors_[found->second];
}

} // namespace bitnet::example
