// SPDX-License-Identifier: MIT
// Reading the container: what is there, and that all of it is inside the file. Values by key are at
// the end; where tensors lie is gguf_placement.cpp's.
#include "gguf.hpp"

#include "error.hpp"
#include "gguf_placement.hpp"
#include "gguf_types.hpp"
#include "model_format.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace bitnet::example {
namespace {

using file_format::load;

// Caps, far above what models have. They bound what a hostile count makes the reader allocate.
constexpr std::size_t max_values = 1u << 16;
constexpr std::size_t max_tensors = 1u << 16;
constexpr std::size_t max_key = 65535; // the format's own
constexpr std::size_t max_name = 64;   // the format's own
constexpr std::size_t max_dimensions = 4;

// Bytes of a value of fixed size, by its kind; 0 for strings and arrays.
constexpr std::array<std::size_t, 13> kind_bytes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

// The least that a value and a tensor take in the file.
constexpr std::size_t least_value = 8 + 1 + 4 + 1;
constexpr std::size_t least_tensor = 8 + 1 + 4 + 8 + 4 + 8;

bool is_name(std::string_view name, std::size_t longest) noexcept {
    return !name.empty() && name.size() <= longest &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

template <class Unsigned, class Number>
Number element(const GgufValue& value, std::size_t i) noexcept {
    return static_cast<Number>(
        std::bit_cast<Number>(load<Unsigned>(value.bytes.data() + i * sizeof(Unsigned))));
}

// The integer, or none where the value holds none.
struct Integer {
    bool negative = false;
    std::uint64_t magnitude = 0;
};
std::optional<Integer> integer(const GgufValue& value, std::size_t i) noexcept {
    const auto is = [](std::int64_t n) {
        return Integer{n < 0, n < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(n)
                                    : static_cast<std::uint64_t>(n)};
    };
    switch (value.kind) {
    case GgufKind::u8:
        return Integer{false, element<std::uint8_t, std::uint8_t>(value, i)};
    case GgufKind::u16:
        return Integer{false, element<std::uint16_t, std::uint16_t>(value, i)};
    case GgufKind::u32:
        return Integer{false, element<std::uint32_t, std::uint32_t>(value, i)};
    case GgufKind::u64:
        return Integer{false, element<std::uint64_t, std::uint64_t>(value, i)};
    case GgufKind::i8:
        return is(element<std::uint8_t, std::int8_t>(value, i));
    case GgufKind::i16:
        return is(element<std::uint16_t, std::int16_t>(value, i));
    case GgufKind::i32:
        return is(element<std::uint32_t, std::int32_t>(value, i));
    case GgufKind::i64:
        return is(element<std::uint64_t, std::int64_t>(value, i));
    default:
        return std::nullopt;
    }
}

} // namespace

// The unread rest of the file.
class GgufFile::Cursor {
public:
    Cursor(const GgufFile& file, std::span<const std::byte> bytes) : file_(file), bytes_(bytes) {}

    std::size_t at() const noexcept { return at_; }
    std::size_t left() const noexcept { return bytes_.size() - at_; }

    std::span<const std::byte> take(std::uint64_t bytes) {
        if (bytes > left()) {
            file_.refuse("the file ends inside " + where_ + ": it is cut or damaged");
        }
        const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(bytes));
        at_ += taken.size();
        return taken;
    }
    template <class Unsigned>
    Unsigned number() {
        return load<Unsigned>(take(sizeof(Unsigned)).data());
    }
    std::string_view string() {
        const auto length = number<std::uint64_t>();
        const auto taken = take(length);
        return {reinterpret_cast<const char*>(taken.data()), taken.size()};
    }
    void enter(std::string where) { where_ = std::move(where); } // for messages

private:
    const GgufFile& file_;
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    std::string where_ = "the header";
};

void GgufFile::refuse(const std::string& what) const {
    throw UserError(label_ + ": " + what);
}
void GgufFile::refuse_key(std::string_view key, const std::string& what) const {
    refuse("key " + printable(key) + ": " + what);
}
void GgufFile::refuse_tensor(std::string_view name, const std::string& what) const {
    refuse("tensor " + printable(name) + ": " + what);
}

GgufFile::GgufFile(std::string label, std::span<const std::byte> bytes) : label_(std::move(label)) {
    Cursor cursor(*this, bytes);
    const auto magic = cursor.take(4);
    if (load<std::uint32_t>(magic.data()) != 0x46554747u) { // "GGUF"
        refuse("not a GGUF file (no \"GGUF\" at its start)");
    }
    const auto version = cursor.number<std::uint32_t>();
    if (version != 2 && version != 3) {
        const bool swapped = version != 0 && (version & 0xFFFF) == 0;
        refuse(swapped ? std::string("a GGUF file of a big-endian machine")
                       : "GGUF version " + std::to_string(version) +
                             "; this program reads versions 2 and 3");
    }
    const auto tensors = cursor.number<std::uint64_t>();
    const auto values = cursor.number<std::uint64_t>();
    if (tensors > max_tensors || values > max_values ||
        tensors * least_tensor + values * least_value > cursor.left()) {
        refuse("the header states " + std::to_string(tensors) + " tensors and " +
               std::to_string(values) + " keys, which the file has no room for");
    }
    read_values(cursor, values);
    read_tensors(cursor, tensors);
    const std::uint64_t unit = alignment();
    const std::uint64_t begin = (cursor.at() + unit - 1) / unit * unit;
    place_tensors(
        *this, unit,
        bytes.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(begin, bytes.size()))),
        tensors_);
}

void GgufFile::read_values(Cursor& cursor, std::uint64_t count) {
    values_.reserve(static_cast<std::size_t>(count)); // bounded by the file's size
    for (std::uint64_t i = 0; i < count; ++i) {
        cursor.enter("key " + std::to_string(i));
        GgufValue value;
        value.key = cursor.string();
        if (!is_name(value.key, max_key)) {
            refuse("key " + std::to_string(i) + " has an illegal name");
        }
        cursor.enter("key " + std::string(value.key));
        auto kind = cursor.number<std::uint32_t>();
        std::uint64_t elements = 1;
        if (kind == static_cast<std::uint32_t>(GgufKind::array)) {
            value.is_array = true;
            kind = cursor.number<std::uint32_t>();
            elements = cursor.number<std::uint64_t>();
            if (kind == static_cast<std::uint32_t>(GgufKind::array)) {
                refuse_key(value.key, "arrays of arrays are not supported");
            }
        }
        if (kind >= kind_bytes.size()) {
            refuse_key(value.key, "unknown type " + std::to_string(kind));
        }
        value.kind = static_cast<GgufKind>(kind);
        const std::size_t least = value.kind == GgufKind::string ? 8 : kind_bytes[kind];
        if (elements > cursor.left() / least) {
            refuse_key(value.key, std::to_string(elements) + " elements end beyond the file");
        }
        value.count = static_cast<std::size_t>(elements);
        if (value.kind == GgufKind::string) {
            const Cursor begin = cursor;
            for (std::size_t k = 0; k < value.count; ++k) cursor.string();
            value.bytes = Cursor(begin).take(cursor.at() - begin.at());
        } else {
            value.bytes = cursor.take(elements * least);
        }
        if (value.kind == GgufKind::boolean &&
            std::any_of(value.bytes.begin(), value.bytes.end(),
                        [](std::byte b) { return b > std::byte{1}; })) {
            refuse_key(value.key, "a boolean that is neither 0 nor 1");
        }
        if (!value_at_.emplace(value.key, values_.size()).second) {
            refuse_key(value.key, "it is there twice");
        }
        values_.push_back(value);
    }
}

void GgufFile::read_tensors(Cursor& cursor, std::uint64_t count) {
    tensors_.reserve(static_cast<std::size_t>(count)); // bounded by the file's size
    for (std::uint64_t i = 0; i < count; ++i) {
        cursor.enter("the record of tensor " + std::to_string(i));
        GgufTensor tensor;
        tensor.name = cursor.string();
        if (!is_name(tensor.name, max_name)) {
            refuse("tensor " + std::to_string(i) + " has an illegal name");
        }
        cursor.enter("the record of tensor " + std::string(tensor.name));
        const auto dimensions = cursor.number<std::uint32_t>();
        if (dimensions < 1 || dimensions > max_dimensions) {
            refuse_tensor(tensor.name, std::to_string(dimensions) + " dimensions");
        }
        std::array<std::uint64_t, max_dimensions> extents{1, 1, 1, 1}; // the first is the columns
        for (std::uint32_t k = 0; k < dimensions; ++k) {
            extents[k] = cursor.number<std::uint64_t>();
            if (extents[k] < 1 || extents[k] > file_format::max_extent) {
                refuse_tensor(tensor.name, "an impossible extent " + std::to_string(extents[k]));
            }
        }
        if (extents[2] != 1 || extents[3] != 1) {
            refuse_tensor(tensor.name, "it has more than two dimensions");
        }
        tensor.cols = static_cast<std::size_t>(extents[0]);
        tensor.rows = static_cast<std::size_t>(extents[1]);
        tensor.id = cursor.number<std::uint32_t>();
        tensor.offset = cursor.number<std::uint64_t>();
        if (!tensor_at_.emplace(tensor.name, tensors_.size()).second) {
            refuse_tensor(tensor.name, "it is there twice");
        }
        tensors_.push_back(tensor);
    }
}

std::uint64_t GgufFile::alignment() const {
    constexpr std::string_view key = "general.alignment";
    const GgufValue* value = find(key);
    if (value == nullptr) return 32;
    if (value->kind != GgufKind::u32 || value->is_array) {
        refuse_key(key, "it must be a 32-bit whole number");
    }
    const auto unit = load<std::uint32_t>(value->bytes.data());
    if (unit < 8 || !std::has_single_bit(unit)) {
        refuse_key(key, std::to_string(unit) + " is no power of two from 8 on");
    }
    return unit;
}

const GgufValue* GgufFile::find(std::string_view key) const noexcept {
    const auto found = value_at_.find(key);
    return found == value_at_.end() ? nullptr : &values_[found->second];
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const noexcept {
    const auto found = tensor_at_.find(name);
    return found == tensor_at_.end() ? nullptr : &tensors_[found->second];
}

std::optional<std::uint64_t> GgufFile::whole(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto found = value->is_array ? std::nullopt : integer(*value, 0);
    if (!found || found->negative) refuse_key(key, "it must be a whole number, not below 0");
    return found->magnitude;
}

std::optional<double> GgufFile::number(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array && value->kind == GgufKind::f32) {
        return element<std::uint32_t, float>(*value, 0);
    }
    if (!value->is_array && value->kind == GgufKind::f64) {
        return element<std::uint64_t, double>(*value, 0);
    }
    refuse_key(key, "it must be a float");
}

std::optional<bool> GgufFile::flag(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_array || value->kind != GgufKind::boolean) {
        refuse_key(key, "it must be a boolean");
    }
    return value->bytes[0] != std::byte{0};
}

std::optional<std::string_view> GgufFile::text(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_array || value->kind != GgufKind::string) refuse_key(key, "it must be a string");
    return Cursor(*this, value->bytes).string();
}

const GgufValue* GgufFile::array(std::string_view key, GgufKind kind) const {
    const GgufValue* value = find(key);
    if (value != nullptr && (!value->is_array || value->kind != kind)) {
        refuse_key(key, "it is an array of another type, or none");
    }
    return value;
}

std::vector<std::string> GgufFile::texts(std::string_view key) const {
    std::vector<std::string> texts;
    if (const GgufValue* value = array(key, GgufKind::string)) {
        Cursor cursor(*this, value->bytes);
        texts.reserve(value->count);
        for (std::size_t i = 0; i < value->count; ++i) texts.emplace_back(cursor.string());
    }
    return texts;
}

std::vector<std::int32_t> GgufFile::integers(std::string_view key) const {
    std::vector<std::int32_t> integers;
    if (const GgufValue* value = array(key, GgufKind::i32)) {
        integers.resize(value->count);
        for (std::size_t i = 0; i < value->count; ++i) {
            integers[i] = element<std::uint32_t, std::int32_t>(*value, i);
        }
    }
    return integers;
}

std::vector<float> GgufFile::floats(std::string_view key) const {
    std::vector<float> floats;
    if (const GgufValue* value = array(key, GgufKind::f32)) {
        floats.resize(value->count);
        for (std::size_t i = 0; i < value->count; ++i) {
            floats[i] = element<std::uint32_t, float>(*value, i);
        }
    }
    return floats;
}

} // namespace bitnet::example
