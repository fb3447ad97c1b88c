// SPDX-License-Identifier: MIT
// Plugins of one process, each with a bitnet of its own: two of this version and one of another.
// Loaded so that each sees what the others export (RTLD_GLOBAL), as some hosts do.
#include "plugin.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <dlfcn.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

const std::vector<std::string> paths = {PLUGIN_PATHS};

/// The shared object that contains an address.
std::string object_of(const void* address) {
    Dl_info info;
    return dladdr(address, &info) != 0 ? info.dli_fname : "none";
}
bool is_loaded(const std::string& path) {
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (handle) dlclose(handle);
    return handle != nullptr;
}

} // namespace

TEST_CASE("plugins call their own tables and can be unloaded") {
    // Which is loaded first decides which of two equal names the others would get.
    const std::size_t first = GENERATE(range(std::size_t{0}, paths.size()));
    std::vector<std::string> order = paths;
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(first), order.end());

    std::vector<void*> handles;
    std::vector<std::string> versions;
    for (const std::string& path : order) {
        REQUIRE(!is_loaded(path));
        handles.push_back(dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL));
        INFO(path);
        REQUIRE(handles.back());
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
        INFO(order[i]);
        const auto entry = reinterpret_cast<PluginEntry*>(dlsym(handles[i], PLUGIN_ENTRY));
        REQUIRE(entry);
        PluginReport report{};
        entry(report);
        CHECK(report.right);
        CHECK(object_of(report.table) == order[i]);
        CHECK(object_of(report.function) == order[i]);
        versions.push_back(report.version);
    }
    std::ranges::sort(versions);
    CHECK(versions.front() != versions.back());

    for (std::size_t i = 0; i < order.size(); ++i) {
        INFO(order[i]);
        REQUIRE(dlclose(handles[i]) == 0);
        CHECK(!is_loaded(order[i]));
    }
}
