#!/bin/sh
# SPDX-License-Identifier: MIT
# own_dots.sh <objdump> <object of a cluster with VNNI>...
#
# Clusters inherit primitives. A kernel of alderlake or icelake that takes one of haswell's sums, pairs in int16
# by VPMADDUBSW, for its own would give wrong dots, and only on a CPU that the tests may not have. 77 = cannot tell.
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
    found=$("$objdump" -d --no-show-raw-insn "$object" | awk '
        /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3) }
        /[\t ]v?pdpbusd/ { own++ }
        /[\t ]v?pmaddubsw/ && !told[name]++ { print "VPMADDUBSW: " name }
        END { if (!own) print "no VPDPBUSD found" }')
    if [ -n "$found" ]; then
        echo "$object:"
        echo "$found" | if command -v c++filt >/dev/null; then c++filt; else cat; fi
        status=1
    fi
done
exit $status
