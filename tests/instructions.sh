#!/bin/sh
# SPDX-License-Identifier: MIT
# instructions.sh <objdump> <cluster> <budgets> <object of the cluster>
#
# Counts the instructions of inner loops, where no machine is at hand to time them: for each row of <budgets>
# that names the cluster, those of the loop that makes the most products of all in the functions that the row's
# pattern names, the shortest of several, for 1000 products. Loops for a remainder make fewer and are not looked at. How many products a turn of the loop makes, its own instructions tell: an
# SDOT makes 16, say. Fails where a loop has outgrown its budget, or is there at all where the budget is none; 77 = cannot tell. PRINT=<loop> in the environment
# prints that loop instead, for scripts/port_model.
set -eu
objdump=$1 cluster=$2 budgets=$3 object=$4
skip() {
    echo "skipped: $1"
    exit 77
}
command -v "$objdump" >/dev/null || skip "no objdump"
"$objdump" -d --no-show-raw-insn "$object" | awk -v cluster="$cluster" -v budgets="$budgets" -v print_loop="${PRINT-}" '
    # Products of one instruction; of popcounts, of the bits that it counts.
    function products(op, args) {
        if (op ~ /^(sdot|usdot)$/) return 16
        if (op == "usmmla") return 32
        if (op ~ /^sm(lal|ull)2?$/) return 8
        if (op == "cnt") return 128
        if (op ~ /^v?(pdpbusd|pmaddubsw)$/) return args ~ /zmm/ ? 64 : args ~ /ymm/ ? 32 : 16
        if (op == "vpopcntd") return 512
        return 0
    }
    # The loops of the function that was read: those that hold no other. Keeps the one of most products.
    function close_function(    i, j, k, inner, made, loops, start, end) {
        loops = 0
        for (i = 1; i <= count; ++i) {
            if (target[i] != "" && target[i] in at && at[target[i]] <= i) {
                start[++loops] = at[target[i]]
                end[loops] = i
            }
        }
        for (j = 1; j <= loops; ++j) {
            inner = 1
            for (k = 1; k <= loops; ++k) if (k != j && start[k] >= start[j] && end[k] <= end[j]) inner = 0
            if (!inner) continue
            made = 0
            for (i = start[j]; i <= end[j]; ++i) made += makes[i]
            for (k = 1; k <= rows; ++k) {
                if (matches[k] && (made > most[k] || (made == most[k] && end[j] - start[j] < length_of[k]))) {
                    most[k] = made
                    length_of[k] = end[j] - start[j] + 1
                    body[k] = ""
                    for (i = start[j]; i <= end[j]; ++i) body[k] = body[k] text[i] "\n"
                }
            }
        }
    }
    function open_function(name,    k) {
        count = 0
        wanted = 0
        split("", at)
        for (k = 1; k <= rows; ++k) {
            matches[k] = name ~ pattern[k]
            wanted += matches[k]
        }
    }
    BEGIN {
        while ((getline line < budgets) > 0) {
            if (line ~ /^#/ || split(line, field, / +/) < 4 || field[1] != cluster) continue
            name_of[++rows] = field[2]
            budget[rows] = field[3]
            pattern[rows] = field[4]
            gsub(/Lm/, "L[my]", pattern[rows]) # of a std::size_t, which Windows mangles in another way
        }
    }
    /^[0-9a-f]+ <.*>:$/ {
        if (wanted) close_function()
        open_function(substr($2, 2, length($2) - 3))
        next
    }
    wanted && /^ *[0-9a-f]+:\t/ {
        address = $1
        sub(/:/, "", address)
        at[address] = ++count
        op = $2 ~ /^\{/ ? $3 : $2 # {vex} vpdpbusd
        makes[count] = products(op, $0)
        text[count] = $0
        sub(/^[^\t]*\t/, "", text[count])
        sub(/ *(\/\/|<).*/, "", text[count])
        # A branch: its target is the address before the name in angle brackets.
        target[count] = ""
        if (op ~ /^(b|b\..*|cbn?z|tbn?z|j[a-z]+)$/ && match($0, /[0-9a-f]+ </)) {
            target[count] = substr($0, RSTART, RLENGTH - 2)
        }
    }
    END {
        if (wanted) close_function()
        if (print_loop != "") {
            for (k = 1; k <= rows; ++k) if (name_of[k] == print_loop) printf "# %d products\n%s", most[k], body[k]
            exit
        }
        printf "%-14s %-14s %12s %10s %10s\n", "cluster", "loop", "instructions", "products", "per 1000"
        for (k = 1; k <= rows; ++k) {
            if (budget[k] == "none") {
                if (most[k]) printf "%s %s: in a function like %s\n", cluster, name_of[k], pattern[k]
                failed += most[k] > 0
                continue
            }
            if (!most[k]) {
                printf "%s %s: no loop of products in a function like %s\n", cluster, name_of[k], pattern[k]
                failed = 1
                continue
            }
            per_1000 = 1000 * length_of[k] / most[k]
            over = per_1000 > budget[k]
            failed += over
            printf "%-14s %-14s %12d %10d %10.1f%s\n", cluster, name_of[k], length_of[k], most[k], per_1000,
                over ? "  over its budget of " budget[k] : ""
        }
        if (!rows) print "no budgets of " cluster
        exit failed || !rows
    }'
