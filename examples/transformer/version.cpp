// SPDX-License-Identifier: MIT
// `bitnet --version`: what somebody who reports a problem should send along; the self-test.
#include "version.hpp"

#include "error.hpp"

#include <bitnet/dispatch.hpp>
#include <bitnet/version.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

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
    if (as_json) return json.dump() + "\n";
    return "bitnet " BITNET_VERSION_STRING "\ncompiler  " + compiler() + "\nclusters " + clusters +
           "\nin use    " + std::string(dispatch::name()) + "\n";
}

void check_kernels() {
    if (const std::string_view wanted = bitnet::dispatch::unusable_request(); !wanted.empty()) {
        std::string usable;
        for (const char* cluster : bitnet::dispatch::built()) {
            usable += bitnet::dispatch::runs_here(cluster) ? std::string(" ") + cluster : "";
        }
        throw UserError("BITNET_ISA=" + std::string(wanted) +
                        ": not built, or this CPU cannot run it; it can:" + usable);
    }
    if (const char* kernel = bitnet::dispatch::self_test(); kernel != nullptr) {
        throw UserError("self-test failed: kernel " + std::string(kernel) + " of cluster " +
                        std::string(bitnet::dispatch::name()) + " disagrees with scalar");
    }
}

} // namespace bitnet::example
