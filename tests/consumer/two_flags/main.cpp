// SPDX-License-Identifier: MIT
// Makes one layer and lets every unit that this CPU can run use it: the bits must be the same.
#include "unit.hpp"

#include <cstdio>
#include <vector>

int main() {
    constexpr std::size_t rows = 48, cols = 200, tokens = 3;
    std::vector<float> weights(rows * cols), x(tokens * cols);
    unsigned state = 7;
    const auto next = [&state] {
        state = state * 1664525u + 1013904223u;
        return static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
    };
    for (float& v : weights) v = next();
    for (float& v : x) v = next();
    const Layer layer = Layer::from_float(weights, rows, cols).value();
    std::vector<std::byte> scratch(layer.scratch_bytes(tokens));

    std::vector<float> expected(tokens * rows);
    baseline(layer, x, expected, scratch);

    __builtin_cpu_init();
    const bool has_haswell = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                             __builtin_cpu_supports("bmi2");
    const bool has_icelake = has_haswell && __builtin_cpu_supports("avx512vbmi2") &&
                             __builtin_cpu_supports("avx512vnni");
    // Which units may run is a matter of the flags they were compiled with.
    const struct {
        const char* name;
        Run* run;
        bool can_run;
    } units[] = {{"sse42", sse42, bool(__builtin_cpu_supports("sse4.2"))},
                 {"haswell", haswell, has_haswell},
                 {"haswell_movbe", haswell_movbe, has_haswell},
                 {"icelake", icelake, has_icelake},
                 // The compiler was told of AMX and FP16; it has no use for them in this code.
                 {"icelake_amx", icelake_amx, has_icelake && __builtin_cpu_supports("avx512bf16")}};
    int wrong = 0;
    for (const auto& unit : units) {
        if (!unit.can_run) {
            std::printf("%-14s skipped: this CPU lacks its instructions\n", unit.name);
            continue;
        }
        std::vector<float> y(tokens * rows);
        unit.run(layer, x, y, scratch);
        const bool same = y == expected;
        std::printf("%-14s %s\n", unit.name, same ? "same bits" : "DIFFERENT");
        wrong += !same;
    }
    return wrong != 0;
}
