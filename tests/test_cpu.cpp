// SPDX-License-Identifier: MIT
// Detection of CPU features, from the words of CPUs that are not here: made up, or read off real
// ones.
#include "cpu.hpp"

#include <bitnet/isa.hpp>

#include <initializer_list>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace bitnet;
using namespace bitnet::dispatch;
using isa::Feature;
using isa::Features;

namespace {

constexpr std::uint32_t bits(std::initializer_list<int> list) {
    std::uint32_t word = 0;
    for (int bit : list) word |= std::uint32_t{1} << bit;
    return word;
}

/// An x86 CPU: what CPUID(1).ecx, CPUID(7, 0) and CPUID(7, 1).eax say.
struct Words {
    std::uint32_t most_leaf, one_ecx, seven_ebx, seven_ecx, most_subleaf, seven_one_eax;
    std::uint64_t xcr0;
    std::uint32_t seven_edx = 0;
};
Features features(const Words& w) {
    return features_of(
               X86Cpu{[w](std::uint32_t leaf, std::uint32_t subleaf) -> CpuidWords {
                          if (leaf == 0) return {{w.most_leaf, 0, 0, 0}};
                          if (leaf == 1) return {{0, 0, w.one_ecx, 0}};
                          if (leaf == 7 && subleaf == 0)
                              return {{w.most_subleaf, w.seven_ebx, w.seven_ecx, w.seven_edx}};
                          if (leaf == 7 && subleaf == 1) return {{w.seven_one_eax, 0, 0, 0}};
                          FAIL("leaf " << leaf << " is beyond what the CPU has");
                          return {};
                      },
                      [w] {
                          REQUIRE((w.one_ecx >> 27 & 1)); // else XGETBV traps
                          return w.xcr0;
                      }}) |
           Feature::simd128; // which the target guarantees
}

// SSSE3 SSE4.1; these and FMA POPCNT OSXSAVE AVX F16C; BMI1 AVX2 BMI2; AVX-512 F DQ IFMA CD BW VL;
// VBMI VBMI2 GFNI VNNI BITALG VPOPCNTDQ. zen5: AVX-VNNI, VP2INTERSECT.
constexpr std::uint32_t westmere_ecx = bits({9, 19});
constexpr std::uint32_t avx2_ecx = westmere_ecx | bits({12, 23, 27, 28, 29}),
                        avx2_ebx = bits({3, 5, 8});
constexpr std::uint32_t skylakex_ebx = avx2_ebx | bits({16, 17, 28, 30, 31});
constexpr std::uint32_t icelake_ebx = skylakex_ebx | bits({21});
constexpr std::uint32_t icelake_ecx = bits({1, 6, 8, 11, 12, 14});
constexpr Words haswell{7, avx2_ecx, avx2_ebx, 0, 0, 0, 0x7};
constexpr Words skylakex{7, avx2_ecx, skylakex_ebx, 0, 0, 0, 0xe7};
constexpr Words icelake{7, avx2_ecx, icelake_ebx, icelake_ecx, 0, 0, 0xe7};
constexpr Words zen5{7, avx2_ecx, icelake_ebx, icelake_ecx, 1, bits({4}), 0xe7, bits({8})};

/// The last cluster that a CPU with these features runs, as bitnet::dispatch chooses.
template <class... Cluster>
std::string_view best_of(Features have, type_list<Cluster...>) {
    std::string_view best;
    ((best = have.contains(Cluster::needs) ? std::string_view(Cluster::name) : best), ...);
    return best;
}
std::string_view best(const Words& w) {
    return best_of(features(w), isa::clusters{});
}

} // namespace

TEST_CASE("a whole CPU runs its cluster", "[cpu]") {
    constexpr std::string_view least = isa::baseline128::name;
    CHECK(best({0, 0, 0, 0, 0, 0, 0}) == least);
    CHECK(best({1, bits({9, 23}), 0, 0, 0, 0, 0}) == least); // no SSE4.1
    CHECK(best({1, westmere_ecx, 0, 0, 0, 0, 0}) == isa::westmere::name);
    CHECK(best(haswell) == isa::haswell::name);
    CHECK(best(skylakex) == isa::skylakex::name);
    CHECK(best(icelake) == isa::icelake::name);
    CHECK(best(zen5) == isa::zen5::name);
    Words w = zen5;
    w.seven_edx = 0; // Sapphire Rapids has AVX-VNNI
    CHECK(best(w) == isa::icelake::name);
    w = zen5;
    w.seven_one_eax = 0; // Tiger Lake has VP2INTERSECT
    CHECK(best(w) == isa::icelake::name);
}

TEST_CASE("a cluster lacks when any one of its features does", "[cpu]") {
    const Features have = features(icelake);
    REQUIRE(have.contains(isa::icelake::needs));
    int dropped = 0;
    const auto drop = [&](std::uint32_t Words::*word, int bit) {
        Words w = icelake;
        w.*word &= ~(std::uint32_t{1} << bit);
        if (features(w) == have) return; // BMI1, AVX: nobody asks for them
        CAPTURE(bit);
        CHECK_FALSE(features(w).contains(isa::icelake::needs));
        ++dropped;
    };
    for (int bit = 0; bit < 32; ++bit) {
        if (icelake.one_ecx >> bit & 1) drop(&Words::one_ecx, bit);
        if (icelake.seven_ebx >> bit & 1) drop(&Words::seven_ebx, bit);
        if (icelake.seven_ecx >> bit & 1) drop(&Words::seven_ecx, bit);
    }
    CHECK(dropped == 20); // SSSE3 SSE4.1 FMA POPCNT OSXSAVE F16C, AVX2 BMI2, 6 and 6 of AVX-512's
}

TEST_CASE("registers that the operating system does not save are not used", "[cpu]") {
    Words w = icelake;
    w.xcr0 = 0x7; // xmm and ymm
    CHECK(best(w) == isa::haswell::name);
    Words z = zen5;
    z.xcr0 = 0x7;
    CHECK(best(z) == isa::alderlake::name);
    w.xcr0 = 0x67; // the upper sixteen registers are missing
    CHECK(best(w) == isa::haswell::name);
    w.xcr0 = 0x3; // xmm alone
    CHECK(best(w) == isa::westmere::name);
    w.xcr0 = 0xe7;
    w.one_ecx &= ~bits({27}); // no XSAVE at all: XGETBV is not even called
    CHECK(best(w) == isa::westmere::name);
}

TEST_CASE("leaves beyond the last are not asked for", "[cpu]") {
    Words w = icelake;
    w.most_leaf = 1; // leaf 7 would be garbage
    CHECK(best(w) == isa::westmere::name);
    w = haswell;
    w.seven_one_eax = bits({4}); // AVX-VNNI, in a subleaf that this CPU lacks
    CHECK_FALSE(features(w).contains(Feature::avx_vnni));
    w.most_subleaf = 1;
    CHECK(features(w).contains(Feature::avx_vnni));
}

TEST_CASE("a WebAssembly engine runs what is in its module, and nothing of other CPUs", "[cpu]") {
    CHECK(features_of(WasmEngine{}) == Features{Feature::wasm_simd128, Feature::wasm_relaxed_simd});
}

TEST_CASE("ARM's words", "[cpu]") {
    const Features none = features_of(UnknownCpu{});
    CHECK(none == Features{});
    CHECK(features_of(LinuxArmCpu{0, 0}) == none);
    const Features linux_arm = features_of(LinuxArmCpu{std::uint64_t{1} << 20, 0});
    CHECK(linux_arm.contains(Feature::dotprod));
    CHECK_FALSE(linux_arm.contains(Feature::i8mm));
    CHECK(features_of(LinuxArmCpu{0, std::uint64_t{1} << 13}).contains(Feature::i8mm));
    CHECK(features_of(LinuxArmCpu{~(std::uint64_t{1} << 20), ~(std::uint64_t{1} << 13)}) == none);

    const auto apple = [](std::string_view one) {
        return features_of(AppleCpu{[one](const char* name) { return one == name; }});
    };
    CHECK(apple("") == none);
    CHECK(apple("hw.optional.arm.FEAT_DotProd").contains(Feature::dotprod));
    CHECK(apple("hw.optional.arm.FEAT_I8MM").contains(Feature::i8mm));

    const auto windows = [](unsigned one) {
        return features_of(WindowsArmCpu{[one](unsigned feature) { return one == feature; }});
    };
    CHECK(windows(1) == none);
    CHECK(windows(43).contains(Feature::dotprod)); // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
    CHECK(windows(66).contains(Feature::i8mm));    // PF_ARM_V82_I8MM_INSTRUCTIONS_AVAILABLE
}
