#!/bin/sh
# SPDX-License-Identifier: MIT
# disassembly.sh <objdump> no_multiply|own_dots <object of a cluster>...
#
# no_multiply: kernels whose weights and activations are both of one bit or ternary count bits: from the packed
# words to the int32 dot, in TileCalls, run_tiles and GemmDots, no vector register is multiplied. The others, of Int8 say, do
# multiply, and show that the pattern below knows a multiply when it meets one.
# own_dots: clusters inherit primitives. A kernel of one with VNNI that takes one of haswell's sums, pairs in int16
# by VPMADDUBSW, for its own would give wrong dots, and only on a CPU that the tests may not have. On ARM those with
# SDOT may take none of neon's, SMLAL and SMULL.
# Names offenders and fails; 77 = cannot tell.
set -eu
objdump=$1 rule=$2
shift 2
skip() {
    echo "skipped: $1"
    exit 77
}
command -v "$objdump" >/dev/null || skip "no objdump"
status=0
for object in "$@"; do
    case $rule:$("$objdump" -t "$object") in
    no_multiply:*__[atm]san_* | no_multiply:*__ubsan_*) skip "sanitized: $object" ;;
    no_multiply:*7kernels4Tile*) skip "not optimised, a tile's steps are functions of their own: $object" ;;
    esac
    found=$("$objdump" -d --no-show-raw-insn "$object" | awk -v rule="$rule" '
        /^[0-9a-f]+ <.*>:$/ {
            name = substr($2, 2, length($2) - 3)
            kernel = name ~ /9TileCalls|9run_tiles.*11IntEpilogue|8GemmDots/ && name !~ /6scalar/
            kernels += kernel
            next
        }
        function offends(what) { if (!told[name]++) print what " (" $2 "): " name }
        rule == "own_dots" && /[\t ]v?pdpbusd|\tus?mmla\t|\tu?sdot\t/ { good++ }
        rule == "own_dots" && /[\t ]v?pmaddubsw|\tsm(ull|lal|lsl)2?\tv[0-9]/ { offends("sums of another cluster") }
        rule == "no_multiply" && kernel && (/[\t ]v?(p(madd|mul|dp)|gf2p8mul|pclmul|fn?m(add|sub)|mul[ps][sd])/ ||
            /\t(f?mul|f?ml[as]|[su]mul?l2?|[su]ml[as]l2?|pmull?2?|u?s?u?dot|u?s?u?mmla)\tv[0-9]/) {
            if (name ~ /4Int[468]/) good++
            else offends("multiplies")
        }
        END { if (!kernels || !good) print "no kernels found, or no dots in those of int8" }')
    if [ -n "$found" ]; then
        echo "$object:"
        echo "$found" | if command -v c++filt >/dev/null; then c++filt; else cat; fi
        status=1
    fi
done
exit $status
