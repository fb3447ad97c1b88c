#!/bin/sh
# SPDX-License-Identifier: MIT
# clang_cl.sh <clang-cl> <include>
#
# Compiles clang_cl.cpp as clang-cl does on Windows, for AVX2 and /fp:fast, and looks for barriers, prefetches and inlined
# lambdas in the assembly. There are no headers of Microsoft's here, so the few names that those parts of the library take
# from the standard library and from xsimd are written below, and nothing is linked.
set -eu
compiler=$1 include=$2 here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/xsimd/config"
echo '#define assert(condition) ((void)0)' >"$work/cassert"
printf '%s\n' '#pragma once' '#include <stddef.h>' 'namespace std { using ::size_t; }' >"$work/cstddef"
printf '%s\n' '#pragma once' '#include <stdint.h>' \
    'namespace std { using ::int32_t; using ::int64_t; using ::uint32_t; using ::uint64_t; }' >"$work/cstdint"
printf '%s\n' '#pragma once' 'extern "C" void* memcpy(void*, const void*, size_t);' 'namespace std { using ::memcpy; }' >"$work/cstring"
printf '%s\n' '#define XSIMD_VERSION_MAJOR 14' '#define XSIMD_NO_SUPPORTED_ARCHITECTURE' >"$work/xsimd/config/xsimd_config.hpp"
printf '%s\n' '#pragma once' '#include <cstddef>' '#include <cstdint>' '#include <xsimd/config/xsimd_config.hpp>' >"$work/xsimd/xsimd.hpp"

compile() { # compile ASSEMBLY FLAG…
    output=$1
    shift
    "$compiler" --target=x86_64-pc-windows-msvc /std:c++20 /c /arch:AVX2 /W4 /WX /GS- /clang:-ffreestanding \
        "$@" -I"$work" -I"$include" /FA "/Fa$output" "/Fo$work/unit.obj" -- "$here/clang_cl.cpp"
}
status=0
# expect FILE FUNCTION COUNT PATTERN: that many instructions of a function match.
expect() {
    grep -q "^$2:" "$1" || { echo "$2 is not in $1"; status=1; }
    found=$(awk -v name="$2" '$1 == name ":" { inside = 1 } inside && /-- End function/ { exit } inside' "$1" |
        sed 's/#.*//' | grep -cE "^[[:space:]]+($4)" || true)
    [ "$found" = "$3" ] || { echo "$2: $found instructions of $4, not $3"; status=1; }
}
compile "$work/fast.s" /O2 /fp:fast /clang:-mrecip=all
expect "$work/fast.s" fused 1 'vfmadd'
expect "$work/fast.s" rounded_float 1 'vmulss'
expect "$work/fast.s" rounded_float 1 'vaddss'
expect "$work/fast.s" rounded_register 1 'vmulps'
expect "$work/fast.s" rounded_register 1 'vaddps'
expect "$work/fast.s" divided_float 1 'vdivss'
expect "$work/fast.s" divided_register 1 'vdivps'
expect "$work/fast.s" divided_register 0 'vrcp'
expect "$work/fast.s" estimated 1 'vrcpps'
expect "$work/fast.s" in_place 2 'v(pxor|xorps)'
expect "$work/fast.s" unrolled 0 'j[a-z]+'
expect "$work/fast.s" prefetched 1 'prefetcht0'
expect "$work/fast.s" prefetched 1 'prefetcht1'
compile "$work/plain.s" /Od
expect "$work/plain.s" lambda 0 'call'
# As cl.exe, which has no asm.
compile "$work/memory.s" /O2 /fp:fast /clang:-mrecip=all /DBITNET_FLOATS_WITHOUT_ASM=1
expect "$work/memory.s" fused 1 'vfmadd'
expect "$work/memory.s" rounded_float 0 'vfmadd'
expect "$work/memory.s" rounded_register 0 'vfmadd'
expect "$work/memory.s" estimated 1 'vrcpps'
estimates=$(grep -cE '^[[:space:]]+vrcp' "$work/memory.s" || true) # divisions have a function of their own
[ "$estimates" = 1 ] || { echo "$estimates divisions by an estimate, not 1"; status=1; }
exit $status
