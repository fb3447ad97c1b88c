// SPDX-License-Identifier: MIT
// Fields of protobuf messages.
#include "protobuf.hpp"

#include "error.hpp"
#include "model_format.hpp"

#include <bit>
#include <cstddef>

namespace bitnet::example {
namespace {

[[noreturn]] void refuse(const char* what) {
    throw UserError(std::string("tokenizer: the SentencePiece model ") + what);
}

} // namespace

std::uint64_t ProtobufReader::take_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (rest_.empty()) refuse("ends in the middle of a number");
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
    refuse("has a number of more than 64 bits");
}

std::string_view ProtobufReader::take(std::uint64_t size) {
    if (size > rest_.size()) refuse("ends in the middle of a field");
    const std::string_view front = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(front.size());
    return front;
}

bool ProtobufReader::next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = take_varint();
    if (tag >> 3 == 0 || tag >> 32 != 0) refuse("has a field with an impossible number");
    field_ = static_cast<std::uint32_t>(tag >> 3);
    wire_ = static_cast<unsigned>(tag & 7);
    switch (wire_) {
    case varint:
        number_ = take_varint();
        return true;
    case fixed64:
        bytes_ = take(8);
        return true;
    case fixed32:
        bytes_ = take(4);
        return true;
    case length:
        bytes_ = take(take_varint());
        return true;
    default:
        refuse("has a field of an unknown type");
    }
}

std::uint64_t ProtobufReader::number() const {
    if (wire_ != varint) refuse("has another type of field where a number should be");
    return number_;
}

float ProtobufReader::real() const {
    if (wire_ != fixed32) refuse("has another type of field where a float should be");
    const auto* from = reinterpret_cast<const std::byte*>(bytes_.data());
    return std::bit_cast<float>(file_format::load<std::uint32_t>(from));
}

std::string_view ProtobufReader::bytes() const {
    if (wire_ != length) refuse("has another type of field where a text should be");
    return bytes_;
}

} // namespace bitnet::example
