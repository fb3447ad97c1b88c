#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs fuzz_NAME, linked with libFuzzer. Usage: libfuzzer.sh FUZZ_NAME SECONDS WORK [OPTION…]
# It begins with the inputs of corpus/NAME.hex beside this script, and those of WORK/corpus/NAME, which grow. An
# input that ends in an error goes to WORK/found/.
set -euo pipefail
program=$1 seconds=$2 work=$3
shift 3

name=${program##*/fuzz_}
hex=$(dirname "${BASH_SOURCE[0]}")/corpus/$name.hex
inputs=$work/corpus/$name
mkdir -p "$inputs" "$work/found"
if [ -e "$hex" ]; then # a new target has none
    n=0
    while read -r line; do
        n=$((n + 1))
        printf "$(sed 's/../\\x&/g' <<<"$line")" >"$inputs/kept-$n"
    done <"$hex"
fi

# The timeout is of wall time, and the machine may be busy.
exec "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/found/$name-" "$@" "$inputs"
