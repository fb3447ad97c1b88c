// SPDX-License-Identifier: MIT
// Reads the fields of a protobuf message, which may be hostile, one after the other.
#pragma once

#include <cstdint>
#include <string_view>

namespace bitnet::example {

class ProtobufReader {
public:
    explicit ProtobufReader(std::string_view message) : rest_(message) {}

    /// Goes to the next field; false at the end. UserError when the message is damaged.
    bool next();

    std::uint32_t field() const noexcept { return field_; }
    /// The value, of a field that holds a number (bool, enum, int32 as well) ...
    std::uint64_t number() const;
    /// ... a float ...
    float real() const;
    /// ... or bytes, a string or a message. UserError when the field is of another type.
    std::string_view bytes() const;

private:
    enum Wire : unsigned { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };
    std::uint64_t take_varint();
    std::string_view take(std::uint64_t size);

    std::string_view rest_;
    std::uint32_t field_ = 0;
    unsigned wire_ = varint;
    std::uint64_t number_ = 0;
    std::string_view bytes_;
};

} // namespace bitnet::example
