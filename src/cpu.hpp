// SPDX-License-Identifier: MIT
// What this CPU and operating system can run, feature by feature. Each kind of CPU answers one
// question, whether it has the feature of a row (isa/features.hpp), from words that it gives of
// itself. Every kind compiles on every machine, so that tests ask all of them, with words of their
// own.
#pragma once

#include <cstdint>

#include <bitnet/isa/features.hpp>

namespace BITNET_NAMESPACE::dispatch {

/// x86: CPUID, and XCR0, the registers that the operating system saves.
/// cpuid(leaf, subleaf): the registers eax, ebx, ecx, edx; of a leaf that is not there, zeros.
struct CpuidWords {
    std::uint32_t reg[4];
};
template <class Cpuid, class Xcr0>
struct X86Cpu {
    Cpuid cpuid;
    Xcr0 xcr0; ///< called only where CPUID says that it may be

    constexpr bool has(const isa::FeatureRow& row) const noexcept {
        const isa::X86Place& at = row.x86;
        if (at.leaf == 0) return false;
        if (cpuid(0, 0).reg[0] < at.leaf) return false;
        if (at.subleaf > 0 && cpuid(at.leaf, 0).reg[0] < at.subleaf) return false;
        if (!(cpuid(at.leaf, at.subleaf).reg[at.reg] >> at.bit & 1)) return false;
        if (at.state == isa::no_state) return true;
        constexpr unsigned osxsave = 27;
        return (cpuid(1, 0).reg[2] >> osxsave & 1) && (xcr0() & at.state) == at.state;
    }
};
template <class Cpuid, class Xcr0>
X86Cpu(Cpuid, Xcr0) -> X86Cpu<Cpuid, Xcr0>;

/// 64-bit ARM under Linux: the words AT_HWCAP and AT_HWCAP2 of getauxval().
struct LinuxArmCpu {
    std::uint64_t hwcap, hwcap2;

    constexpr bool has(const isa::FeatureRow& row) const noexcept {
        return row.arm.word != 0 && ((row.arm.word == 1 ? hwcap : hwcap2) >> row.arm.bit & 1);
    }
};

/// ARM under macOS: sysctl(name), whether the value of that name is 1.
template <class Sysctl>
struct AppleCpu {
    Sysctl sysctl;

    constexpr bool has(const isa::FeatureRow& row) const noexcept {
        return row.arm.sysctl && sysctl(row.arm.sysctl);
    }
};
template <class Sysctl>
AppleCpu(Sysctl) -> AppleCpu<Sysctl>;

/// ARM under Windows: present(number), as IsProcessorFeaturePresent().
template <class Present>
struct WindowsArmCpu {
    Present present;

    constexpr bool has(const isa::FeatureRow& row) const noexcept {
        return row.arm.windows != 0 && present(row.arm.windows);
    }
};
template <class Present>
WindowsArmCpu(Present) -> WindowsArmCpu<Present>;

/// A WebAssembly engine refuses a module with an instruction that it lacks: what is in one, it
/// runs.
struct WasmEngine {
    constexpr bool has(const isa::FeatureRow& row) const noexcept { return row.wasm; }
};

/// A CPU of which nothing is known.
struct UnknownCpu {
    constexpr bool has(const isa::FeatureRow&) const noexcept { return false; }
};

/// What a CPU says that it has.
template <class Cpu>
BITNET_INLINE constexpr isa::Features features_of(const Cpu& cpu) noexcept {
    return isa::features_where([&](const isa::FeatureRow& row) { return cpu.has(row); });
}

/// The features of the CPU that this runs on, those included that the target guarantees.
BITNET_HIDDEN isa::Features features_of_cpu() noexcept;

} // namespace BITNET_NAMESPACE::dispatch
