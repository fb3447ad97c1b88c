#!/bin/sh
# SPDX-License-Identifier: MIT
# aligned_moves.sh <objdump> <object>...
#
# On Windows the stack is aligned to 16 bytes, and g++ spills wider registers there all the same (bug 54412 of GCC). Moves
# that need their alignment then end the program, in some runs: wine's stacks often happen to be aligned well. So none may
# be in an object. Names the functions that have some and fails.
set -eu
objdump=$1
shift
found=$("$objdump" -d --no-show-raw-insn "$@" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3) }
    /[\t ]vmovup[sd]|[\t ]vmovdqu/ && /%[yz]mm/ { good++ }
    /[\t ]vmov(dqa(32|64)?|ap[sd]|ntdqa?|ntp[sd]) / && /%[yz]mm/ && /\(/ && !told[name]++ { print name " (" $2 ")" }
    END { if (!good) print "no moves found" }')
[ -z "$found" ] || { echo "$found"; exit 1; }
