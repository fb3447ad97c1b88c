// SPDX-License-Identifier: MIT
// What this CPU and operating system can run, cluster by cluster.
#pragma once

#include <cstdint>
#include <initializer_list>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(_M_X64)
#include <intrin.h>
#endif

namespace BITNET_NAMESPACE::dispatch {

struct Cpu {
    bool haswell = false, alderlake = false, skylakex = false, icelake = false;
};

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
struct Cpuid {
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

inline Cpuid cpuid(std::uint32_t leaf, std::uint32_t subleaf) noexcept {
    Cpuid r;
#if defined(_MSC_VER) && !defined(__clang__)
    int regs[4];
    __cpuidex(regs, static_cast<int>(leaf), static_cast<int>(subleaf));
    r = {static_cast<std::uint32_t>(regs[0]), static_cast<std::uint32_t>(regs[1]),
         static_cast<std::uint32_t>(regs[2]), static_cast<std::uint32_t>(regs[3])};
#else
    __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
#endif
    return r;
}

/// The registers that the operating system saves: XCR0.
inline std::uint64_t saved_registers() noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
    return _xgetbv(0);
#else
    std::uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (static_cast<std::uint64_t>(high) << 32) | low;
#endif
}

inline Cpu this_cpu() noexcept {
    const auto all = [](std::uint32_t reg, std::initializer_list<int> bits) noexcept {
        for (int bit : bits) {
            if (!(reg >> bit & 1)) return false;
        }
        return true;
    };
    Cpu cpu;
    if (cpuid(0, 0).eax < 7) return cpu;
    const Cpuid one = cpuid(1, 0), seven = cpuid(7, 0);
    const Cpuid seven_one = seven.eax >= 1 ? cpuid(7, 1) : Cpuid{};
    const Cpuid extended =
        cpuid(0x80000000u, 0).eax >= 0x80000001u ? cpuid(0x80000001u, 0) : Cpuid{};
    if (!all(one.ecx, {27, 28})) return cpu; // OSXSAVE, AVX
    const std::uint64_t saved = saved_registers();
    if ((saved & 0x6) != 0x6) return cpu; // xmm, ymm

    cpu.haswell = all(one.ecx, {12, 22, 23, 29})            // FMA MOVBE POPCNT F16C
                  && all(seven.ebx, {3, 5, 8})              // BMI1 AVX2 BMI2
                  && all(extended.ecx, {5});                // LZCNT
    cpu.alderlake = cpu.haswell && all(seven_one.eax, {4}); // AVX-VNNI
    cpu.skylakex = cpu.haswell && (saved & 0xe0) == 0xe0    // opmask, zmm
                   && all(seven.ebx, {16, 17, 28, 30, 31}); // F DQ CD BW VL
    // IFMA; VBMI VBMI2 GFNI VNNI BITALG VPOPCNTDQ
    cpu.icelake = cpu.skylakex && all(seven.ebx, {21}) && all(seven.ecx, {1, 6, 8, 11, 12, 14});
    return cpu;
}
#else
inline Cpu this_cpu() noexcept {
    return {};
}
#endif

} // namespace BITNET_NAMESPACE::dispatch
