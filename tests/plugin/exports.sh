#!/bin/sh
# SPDX-License-Identifier: MIT
# exports.sh <nm> <shared object>...: none exports a function or a variable of bitnet, but for the
# exception, whose type is one for the process. Instances of the standard library's templates on types
# of bitnet are not bitnet's.
set -eu
nm=$1
shift
status=0
for object in "$@"; do
    # _ZN6bitnet..., members that are const, what is local to a function, and its guard.
    leaks=$("$nm" -D --defined-only "$object" | grep -E ' _Z(GV|TL|TW)?Z?NK?6bitnet' | grep -v BadResultAccess || true)
    [ -n "$leaks" ] || continue
    echo "$object exports $(echo "$leaks" | wc -l) names of bitnet, such as"
    echo "$leaks" | head -n 8 | if command -v c++filt >/dev/null; then c++filt; else cat; fi
    status=1
done
exit $status
