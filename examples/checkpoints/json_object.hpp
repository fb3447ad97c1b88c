// SPDX-License-Identifier: MIT
// A JSON object of a file that may be hostile: values by key, each of the type that is asked for.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::example {

/// null counts as no value. UserError begins with the label and names the key.
class JsonObject {
public:
    /// An empty text gives an object without keys.
    JsonObject(std::string label, std::string_view text);

    bool has(const char* key) const { return find(key) != nullptr; }
    std::optional<std::size_t> whole(const char* key) const; // 0 ... 2^31 - 1
    std::size_t require_whole(const char* key) const;
    std::optional<float> number(const char* key) const;
    std::optional<bool> flag(const char* key) const;
    std::optional<std::string> text(const char* key) const;
    std::vector<int> ids(const char* key) const; // one id or a list; empty where there is no key
    std::optional<std::vector<std::string>> texts(const char* key) const;
    std::optional<JsonObject> object(const char* key) const;
    std::vector<JsonObject> objects(const char* key) const; // a list; empty where there is no key
    std::vector<std::string> keys() const;
    bool is_object(const char* key) const { return has(key) && find(key)->is_object(); }
    bool is_list(const char* key) const { return has(key) && find(key)->is_array(); }

    [[noreturn]] void refuse(std::string_view key, const std::string& what) const;

private:
    using Json = nlohmann::json;

    JsonObject(std::string label, std::string prefix, Json object)
        : label_(std::move(label)), prefix_(std::move(prefix)), object_(std::move(object)) {}
    const Json* find(const char* key) const;
    std::optional<std::size_t> whole_of(const Json& value) const;

    std::string label_;
    std::string prefix_; // of keys, in messages
    Json object_;
};

} // namespace bitnet::example
