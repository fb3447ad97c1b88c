#!/bin/sh
# SPDX-License-Identifier: MIT
# exports.sh <readelf> <object or shared object>...: none would export a function or a variable of
# bitnet, but for the exception, whose type is one for the process. Instances of the standard library's
# templates on types of bitnet are not bitnet's.
set -eu
readelf=$1
shift
status=0
for object in "$@"; do
    # Columns: number, value, size, type, binding, visibility, section, name. Names: _ZN6bitnet...,
    # members that are const, what is local to a function, and its guard.
    leaks=$("$readelf" -sW "$object" | awk '
        $5 ~ /^(GLOBAL|WEAK|UNIQUE)$/ && $6 == "DEFAULT" && $7 != "UND" &&
        $8 ~ /^_Z(GV|TL|TW)?Z?NK?6bitnet/ && $8 !~ /BadResultAccess/ { print $8 }' | sort -u)
    [ -n "$leaks" ] || continue
    echo "$object exports $(echo "$leaks" | wc -l) names of bitnet, such as"
    echo "$leaks" | head -n 8 | if command -v c++filt >/dev/null; then c++filt; else cat; fi
    status=1
done
exit $status
