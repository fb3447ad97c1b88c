// SPDX-License-Identifier: MIT
// Units with different flags in one program, pairs inside one cluster too: each keeps its own copy
// of every function that holds its instructions, and all give the same bits.
#include "odr_unit.hpp"

#include <bitnet/dispatch.hpp>

#include <set>
#include <vector>

#if defined(ODR_HAS_ARM64)
#include <sys/auxv.h>
#endif

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

namespace {

struct Entry {
    const char* name;
    const char* cluster;
    odr::Unit* run;
    bool can_run;
};

std::vector<Entry> units() {
    std::vector<Entry> out{{"plain", bitnet::isa::best::name, odr::plain, true}};
#if defined(ODR_HAS_X86)
    __builtin_cpu_init();
    const bool haswell = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                         __builtin_cpu_supports("bmi2");
    const bool icelake = haswell && __builtin_cpu_supports("avx512vbmi2") &&
                         __builtin_cpu_supports("avx512vnni") &&
                         __builtin_cpu_supports("avx512bitalg");
    out.push_back({"sse42", "westmere", odr::sse42, bool(__builtin_cpu_supports("sse4.2"))});
    out.push_back({"haswell_movbe_off", "haswell", odr::haswell_movbe_off, haswell});
    out.push_back({"haswell", "haswell", odr::haswell, haswell});
    const bool skylakex = haswell && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    out.push_back({"skylakex", "skylakex", odr::skylakex, skylakex});
    out.push_back({"cannonlake", "skylakex", odr::cannonlake,
                   skylakex && __builtin_cpu_supports("avx512vbmi")});
    out.push_back({"icelake", "icelake", odr::icelake, icelake});
    out.push_back(
        {"sapphire", "icelake", odr::sapphire, icelake && __builtin_cpu_supports("avx512bf16")});
    out.push_back({"zen5", "zen5", odr::zen5, bitnet::dispatch::runs_here("zen5")});
#elif defined(ODR_HAS_ARM64)
    using bitnet::dispatch::runs_here;
    const auto has = [](int bit) { return (getauxval(AT_HWCAP) >> bit & 1) != 0; };
    out.push_back({"dotprod", "neon_dotprod", odr::dotprod, runs_here("neon_dotprod")});
    out.push_back({"i8mm", "neon_i8mm", odr::i8mm, runs_here("neon_i8mm")});
    out.push_back({"fp16", "neon", odr::fp16, has(10)});
    out.push_back({"sve", "neon", odr::sve, has(22)});
#endif
    return out;
}

} // namespace

TEST_CASE("units with different flags share no code and give the same bits", "[odr]") {
    constexpr std::size_t rows = 50, cols = 140, tokens = 9;
    support::Random random(80);
    const auto w = random.reals(rows * cols), x = random.reals(tokens * cols);
    const auto int8 = odr::Int8Layer::from_float(w, rows, cols).value();
    const auto sign = odr::SignLayer::from_float(w, rows, cols, random.reals(rows)).value();
    std::vector<std::byte> scratch(int8.scratch_bytes(tokens));

    auto int8_weights = oracle::quantize_weights(w, rows, cols, {});
    auto sign_weights = oracle::quantize_weights(w, rows, cols, {.binary = true});
    support::Random again(80);
    static_cast<void>(again.reals(rows * cols + tokens * cols));
    sign_weights.bias = again.reals(rows);
    const auto expected_int8 =
        oracle::forward(int8_weights, oracle::quantize(oracle::Rule::int8, x, tokens, cols));
    const auto expected_sign =
        oracle::forward(sign_weights, oracle::quantize(oracle::Rule::sign_norm, x, tokens, cols));

    std::set<const void*> functions;
    std::set<unsigned long long> flags;
    std::size_t ran = 0;
    for (const Entry& unit : units()) {
        if (!unit.can_run) continue;
        CAPTURE(unit.name);
        ++ran;
        std::vector<float> y(4 * tokens * rows);
        std::span<float> parts[4];
        for (std::size_t i = 0; i < 4; ++i) {
            parts[i] = std::span(y).subspan(i * tokens * rows, tokens * rows);
        }
        const odr::Report report = unit.run({int8, sign, x, w, tokens, scratch}, parts);
        CHECK(report.cluster == unit.cluster);
        CHECK(report.same_bytes);
        CHECK(flags.insert(report.flags).second);
        for (const void* f : report.functions) CHECK(functions.insert(f).second);
        for (const void* f : report.dynamic_functions) CHECK(functions.insert(f).second);
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(support::difference(
                      std::span<const float>(parts[i]),
                      std::span<const float>(i % 2 ? expected_sign : expected_int8)) == "");
        }
    }
    CHECK(flags.size() == ran);
}

#if defined(ODR_HAS_X86)
TEST_CASE("flags that no CPU here could run are part of the flag set too", "[odr]") {
    const std::set<unsigned long long> flags{odr::bdver4, odr::no_xop, odr::no_fma4, odr::no_tbm,
                                             odr::no_sse4a};
    CHECK(flags.size() == 5);
}
#endif
