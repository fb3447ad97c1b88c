// SPDX-License-Identifier: MIT
// Reads the words of the CPU that this runs on.
#include "cpu.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(_M_X64) || defined(_M_IX86)
#include <intrin.h>
#elif defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <cstddef>
#include <sys/sysctl.h>
#elif defined(_M_ARM64)
#include <windows.h>
#endif

namespace BITNET_NAMESPACE::dispatch {
namespace {

#if defined(__x86_64__) || defined(__i386__)
auto this_cpu() noexcept {
    return X86Cpu{[](std::uint32_t leaf, std::uint32_t subleaf) noexcept {
                      CpuidWords w{};
                      __cpuid_count(leaf, subleaf, w.reg[0], w.reg[1], w.reg[2], w.reg[3]);
                      return w;
                  },
                  []() noexcept {
                      std::uint32_t low, high;
                      __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
                      return std::uint64_t{high} << 32 | low;
                  }};
}
#elif defined(_M_X64) || defined(_M_IX86)
auto this_cpu() noexcept {
    return X86Cpu{[](std::uint32_t leaf, std::uint32_t subleaf) noexcept {
                      int regs[4];
                      __cpuidex(regs, static_cast<int>(leaf), static_cast<int>(subleaf));
                      CpuidWords w{};
                      for (int i = 0; i < 4; ++i) w.reg[i] = static_cast<std::uint32_t>(regs[i]);
                      return w;
                  },
                  []() noexcept { return std::uint64_t{_xgetbv(0)}; }};
}
#elif defined(__linux__) && defined(__aarch64__)
auto this_cpu() noexcept {
    return LinuxArmCpu{getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
}
#elif defined(__APPLE__)
auto this_cpu() noexcept {
    return AppleCpu{[](const char* name) noexcept {
        int value = 0;
        std::size_t size = sizeof value;
        return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value == 1;
    }};
}
#elif defined(_M_ARM64)
auto this_cpu() noexcept {
    return WindowsArmCpu{
        [](unsigned feature) noexcept { return IsProcessorFeaturePresent(feature) != 0; }};
}
#elif defined(__wasm__)
auto this_cpu() noexcept {
    return WasmEngine{};
}
#else
auto this_cpu() noexcept {
    return UnknownCpu{};
}
#endif

} // namespace

isa::Features features_of_cpu() noexcept {
    return features_of(this_cpu()) | isa::features_of_flags;
}

} // namespace BITNET_NAMESPACE::dispatch
