// SPDX-License-Identifier: MIT
// Fields of JSON from a file that may be hostile: each is there and of its type, or UserError.
#pragma once

#include "error.hpp"
#include "json_shape.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace bitnet::example::json_fields {

using Json = nlohmann::json;

[[noreturn]] inline void refuse(const std::string& what) {
    throw UserError("tokenizer: " + what);
}

inline Json parse(std::string_view text, const char* name) {
    constexpr std::size_t max_depth = 64;
    if (json_shape(text).depth > max_depth) refuse(std::string(name) + " is nested too deeply");
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        refuse(std::string(name) + " is no valid JSON at byte " + std::to_string(error.byte));
    } catch (const Json::exception&) { // as a number beyond a double
        refuse(std::string(name) + " is no valid JSON");
    }
}

/// The field, or null when the object has none.
inline const Json& field(const Json& object, const char* key) {
    static const Json none;
    if (!object.is_object()) refuse(std::string("where \"") + key + "\" should be is no object");
    const auto found = object.find(key);
    return found == object.end() ? none : *found;
}

inline const std::string& text(const Json& object, const char* key) {
    const Json& value = field(object, key);
    if (!value.is_string()) refuse(std::string("\"") + key + "\" must be a string");
    return value.get_ref<const std::string&>();
}

inline bool flag(const Json& object, const char* key, bool otherwise) {
    const Json& value = field(object, key);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) refuse(std::string("\"") + key + "\" must be true or false");
    return value.get<bool>();
}

/// A field that must be there.
inline bool flag(const Json& object, const char* key) {
    if (field(object, key).is_null()) refuse(std::string("\"") + key + "\" is missing");
    return flag(object, key, false);
}

inline const Json& array(const Json& object, const char* key) {
    const Json& value = field(object, key);
    if (!value.is_array()) refuse(std::string("\"") + key + "\" must be an array");
    return value;
}

} // namespace bitnet::example::json_fields
