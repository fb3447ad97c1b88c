// SPDX-License-Identifier: MIT
// `bitnet --version`: what somebody who reports a problem should send along.
#include "version.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/version.hpp>

#include <nlohmann/json.hpp>

namespace bitnet::example {
namespace {

std::string compiler() {
#if defined(__clang__)
    return "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#elif defined(__GNUC__)
    return "gcc " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__);
#elif defined(_MSC_VER)
    return "msvc " + std::to_string(_MSC_VER);
#else
    return "unknown";
#endif
}

} // namespace

std::string version_text(bool as_json) {
    nlohmann::ordered_json json;
    json["version"] = BITNET_VERSION_STRING;
    json["compiler"] = compiler();
    json["clusters"] = nlohmann::ordered_json::array();
    std::string clusters;
    for (const char* cluster : dispatch::built()) {
        const bool runs = dispatch::runs_here(cluster);
        json["clusters"].push_back({{"name", cluster}, {"runs_here", runs}});
        clusters += std::string(" ") + cluster + (runs ? "" : " (not on this CPU)");
    }
    json["isa"] = dispatch::name();
    if (as_json) {
        return json.dump() + "\n";
    }
    return "bitnet " BITNET_VERSION_STRING "\ncompiler  " + compiler() + "\nclusters " + clusters +
           "\nin use    " + std::string(dispatch::name()) + "\n";
}

} // namespace bitnet::example
