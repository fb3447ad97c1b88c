// SPDX-License-Identifier: MIT
// GGUF files of gguf_bytes.hpp as the reader sees them, whole or refused, and with a key changed.
#pragma once

#include "gguf_bytes.hpp"
#include "gguf_model.hpp"
#include "refusal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <utility>

namespace gguf_bytes {

using namespace bitnet::example;

// A checkpoint, and the bytes that it points to.
struct Read {
    std::unique_ptr<const Bytes> bytes;
    Checkpoint checkpoint;
};
inline Read read(const File& file) {
    auto bytes = std::make_unique<const Bytes>(file.bytes());
    Checkpoint checkpoint = checkpoint_of(GgufFile("m", *bytes));
    return {std::move(bytes), std::move(checkpoint)};
}
inline Config config_of(const File& file) {
    return read(file).checkpoint.config;
}

inline void check_refused(const File& file, const std::string& why) {
    const std::string message = support::refusal([&] { read(file); });
    CAPTURE(message, why);
    CHECK(message.starts_with("m: "));
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
}
inline File with(File file, const Value& changed) {
    file.set(changed);
    return file;
}
inline File without(File file, const std::string& key) {
    file.remove(key);
    return file;
}

} // namespace gguf_bytes
