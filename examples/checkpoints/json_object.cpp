// SPDX-License-Identifier: MIT
// JsonObject: parsing with caps, and values of one type.
#include "json_object.hpp"

#include "error.hpp"
#include "json_shape.hpp"
#include "model_format.hpp"
#include "text.hpp"

#include <cmath>
#include <utility>

namespace bitnet::example {
namespace {

constexpr std::size_t max_depth = 17; // of nesting
constexpr std::size_t max_ids = 1024;
constexpr std::size_t max_list = 65536;

} // namespace

JsonObject::JsonObject(std::string label, std::string_view text) : label_(std::move(label)) {
    object_ = Json::object();
    if (text.empty()) return;
    if (json_shape(text).depth > max_depth) {
        throw UserError(label_ + ": the JSON is nested too deeply");
    }
    try {
        object_ = Json::parse(text);
    } catch (const Json::parse_error& error) {
        throw UserError(label_ + ": no valid JSON at byte " + std::to_string(error.byte));
    } catch (const Json::exception&) { // as a number beyond a double
        throw UserError(label_ + ": no valid JSON");
    }
    if (!object_.is_object()) throw UserError(label_ + ": the JSON is no object");
}

void JsonObject::refuse(std::string_view key, const std::string& what) const {
    throw UserError(label_ + ": \"" + prefix_ + printable(key) + "\" " + what);
}

const JsonObject::Json* JsonObject::find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::size_t> JsonObject::whole_of(const Json& value) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > file_format::max_extent) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(value.get<std::uint64_t>());
}

std::optional<std::size_t> JsonObject::whole(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto number = whole_of(*value);
    if (!number) refuse(key, "must be a whole number from 0 to 2147483647");
    return number;
}

std::size_t JsonObject::require_whole(const char* key) const {
    const auto number = whole(key);
    if (!number) refuse(key, "is missing");
    return *number;
}

std::optional<float> JsonObject::number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const float number = value->is_number() ? static_cast<float>(value->get<double>()) : NAN;
    if (!std::isfinite(number)) refuse(key, "must be a finite number");
    return number;
}

std::optional<bool> JsonObject::flag(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) refuse(key, "must be true or false");
    return value->get<bool>();
}

std::optional<std::string> JsonObject::text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) refuse(key, "must be a string");
    return value->get<std::string>();
}

std::vector<int> JsonObject::ids(const char* key) const {
    const Json* value = find(key);
    std::vector<int> ids;
    if (value == nullptr) return ids;
    const auto add = [&](const Json& id) {
        const auto number = whole_of(id);
        if (!number || ids.size() >= max_ids) refuse(key, "must be an id, or a list of some");
        ids.push_back(static_cast<int>(*number));
    };
    if (!value->is_array()) add(*value);
    if (value->is_array()) {
        for (const Json& id : *value) add(id);
    }
    return ids;
}

std::optional<std::vector<std::string>> JsonObject::texts(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    if (!value->is_array() || value->size() > max_list) refuse(key, "must be a list of strings");
    for (const Json& text : *value) {
        if (!text.is_string()) refuse(key, "must be a list of strings");
        texts.push_back(text.get<std::string>());
    }
    return texts;
}

std::optional<JsonObject> JsonObject::object(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) refuse(key, "must be an object");
    return JsonObject(label_, prefix_ + key + ".", *value);
}

std::vector<JsonObject> JsonObject::objects(const char* key) const {
    const Json* value = find(key);
    std::vector<JsonObject> objects;
    if (value == nullptr) return objects;
    if (!value->is_array() || value->size() > max_list) refuse(key, "must be a list of objects");
    for (const Json& object : *value) {
        if (!object.is_object()) refuse(key, "must be a list of objects");
        objects.push_back(JsonObject(label_, prefix_ + key + "[].", object));
    }
    return objects;
}

std::vector<std::string> JsonObject::keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object_.items()) keys.push_back(key);
    return keys;
}

} // namespace bitnet::example
