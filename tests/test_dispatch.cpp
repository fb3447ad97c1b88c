// SPDX-License-Identifier: MIT
// The run-time choice of a cluster: BITNET_ISA, and what is built.
#include <bitnet/dispatch.hpp>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace bitnet;

namespace {

template <class... Cluster>
std::vector<std::string_view> names_of(type_list<Cluster...>) {
    return {Cluster::name...};
}

std::string_view request() {
    const char* name = std::getenv("BITNET_ISA");
    return name ? name : "";
}

} // namespace

TEST_CASE("what was built", "[dispatch]") {
    const auto built = dispatch::built();
    REQUIRE_FALSE(built.empty());
    CHECK(std::string_view(built[0]) == "scalar");
    for (std::size_t i = 0; i < built.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            CHECK(std::string_view(built[i]) != std::string_view(built[j]));
        }
    }
    using namespace bitnet::isa;
    CHECK(std::ranges::equal(built, names_of(type_list<BITNET_BUILT_CLUSTERS>{})));
    CHECK(dispatch::runs_here("scalar"));
    for (const char* name : built) {
        const dispatch::Table* table = dispatch::find(name);
        CHECK(dispatch::runs_here(name) == (table != nullptr));
        if (!table) continue;
        CHECK(std::string_view(table->name) == name);
        CHECK(dispatch::find(name) == table);
    }
    for (const char* name :
         {"", " ", "native", "dynamic", "Haswell", "haswel", "haswell ", "avx512"}) {
        CHECK(dispatch::find(name) == nullptr);
        CHECK_FALSE(dispatch::runs_here(name));
    }
}

TEST_CASE("the choice", "[dispatch]") {
    const std::string_view wanted = request();
    const bool possible = !wanted.empty() && dispatch::runs_here(wanted);
    std::string_view best = "scalar";
    for (const char* name : dispatch::built()) {
        if (dispatch::runs_here(name)) best = name; // worst first
    }
    CHECK(dispatch::name() == (possible ? wanted : best));
    CHECK(dispatch::unusable_request() == (possible ? "" : wanted));
    CHECK(dispatch::name() == dispatch::table().name);
    CHECK(dispatch::find(dispatch::name()) == &dispatch::table());
    CHECK(dispatch::self_test() == nullptr); // under sanitizers too, unlike test_self_test.cpp
}

TEST_CASE("the choice is made once, from any thread", "[dispatch]") {
    std::vector<const dispatch::Table*> seen(8);
    std::vector<std::thread> threads;
    for (auto& table : seen) threads.emplace_back([&table] { table = &dispatch::table(); });
    for (auto& t : threads) t.join();
    CHECK(std::ranges::count(seen, &dispatch::table()) == 8);
#if defined(__unix__)
    // A later change of the environment changes nothing.
    const std::string before(request());
    ::setenv("BITNET_ISA", "no-such-cluster", 1);
    CHECK(&dispatch::table() == seen[0]);
    if (before.empty()) {
        ::unsetenv("BITNET_ISA");
    } else {
        ::setenv("BITNET_ISA", before.c_str(), 1);
    }
#endif
}
