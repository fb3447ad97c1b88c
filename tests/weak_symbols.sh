#!/bin/sh
# SPDX-License-Identifier: MIT
# weak_symbols.sh <nm> <objdump> <pattern> <object>...
#
# The linker keeps one copy of a weak symbol. If it keeps the one of a kernel object, callers compiled
# for any CPU run that object's instructions. So in kernel objects a weak function either carries the
# instruction set in its name (with_flags<...>, or xsimd's arch) or holds no instruction that the
# baseline lacks. Sharpest on -O0 objects, where nothing is inlined by chance. <pattern> is a regular
# expression of the mangled names to look at: `.` for all. Names offenders and fails. In objects for Windows a weak
# function is one with a section .text$NAME of its own.
set -eu
nm=$1
objdump=$2
pattern=$3
shift 3
status=0
for object in "$@"; do
    weak=$(mktemp)
    # _ZN...isa10with_flags... carries our flags; 5xsimd...4avx2 and the like carry xsimd's arch.
    { "$nm" "$object" | sed -n 's/^[0-9a-f]* [WVu] //p'
      "$objdump" -h "$object" | sed -n 's/^ *[0-9]* \.text\$\([^ ]*\) .*/\1/p'; } | grep -e "$pattern" |
        grep -v -e 10with_flags -e 5xsimd >"$weak" || true
    leaked=$("$objdump" -d --no-show-raw-insn "$object" | awk -v weak="$weak" '
        BEGIN { while ((getline name < weak) > 0) is_weak[name] = 1 }
        /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3); next }
        is_weak[name] && ($2 ~ /^([us]dot|usdot|[us]mmla|usmmla|cas|swp|ld(add|clr|set|eor|[su]max|[su]min)|sqrdml|crc32|ptrue|whilel)/ ||
            $2 ~ /^(v[a-z]|k[a-z]+[bwdq]$|shlx|shrx|sarx|rorx|mulx|andn|bextr|bls|bzhi|pdep|pext|lzcnt|tzcnt|popcnt|movbe)/) {
            if (!told[name]++) print name " (" $2 ")"
        }')
    rm -f "$weak"
    if [ -n "$leaked" ]; then
        echo "$object: weak functions that hold instructions of one cluster without its name:"
        echo "$leaked" | if command -v c++filt >/dev/null; then c++filt; else cat; fi
        status=1
    fi
done
exit $status
