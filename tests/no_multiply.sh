#!/bin/sh
# SPDX-License-Identifier: MIT
# no_multiply.sh <objdump> <object>...
#
# The kernels of one-bit and ternary activations count bits: from the packed words to the int32 dot, in
# TileRunner and gemm_dots, no vector register is multiplied. The int8 kernels do multiply, and show that the
# pattern below knows a multiply when it meets one. Names offenders and fails; 77 = cannot tell.
set -eu
objdump=$1
shift
skip() {
    echo "skipped: $1"
    exit 77
}
command -v "$objdump" >/dev/null || skip "no objdump"
status=0
for object in "$@"; do
    symbols=$("$objdump" -t "$object")
    case $symbols in
    *__asan_* | *__ubsan_* | *__tsan_* | *__msan_*) skip "sanitized: $object" ;;
    *7kernels4Tile*) skip "not optimised, a tile's steps are functions of their own: $object" ;;
    esac
    found=$("$objdump" -d --no-show-raw-insn "$object" | awk '
        /^[0-9a-f]+ <.*>:$/ {
            name = substr($2, 2, length($2) - 3)
            kernel = name ~ /10TileRunner|9gemm_dots/ && name !~ /6scalar/
            kernels += kernel
            next
        }
        kernel && /[\t ]v?(p(madd|mul|dp)|gf2p8mul|pclmul|fn?m(add|sub)|mul[ps][sd])/ {
            if (name ~ /4Int8/) int8++
            else if (!told[name]++) print "multiplies (" $2 "): " name
        }
        END { if (!kernels || !int8) print "no kernels found, or no multiply in those of int8" }')
    if [ -n "$found" ]; then
        echo "$object:"
        echo "$found" | if command -v c++filt >/dev/null; then c++filt; else cat; fi
        status=1
    fi
done
exit $status
