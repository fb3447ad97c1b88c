# SPDX-License-Identifier: MIT
# The pictures of docs/performance.md from rows.csv: gnuplot -e "rows='…'; out='…'; peers='…'" pictures.gp
# Columns: 1 name 2 cluster 3 rows 4 cols 5 tokens 6 threads 8 gops 9 gbps 10 limit 11 limit_value
set datafile separator ","
set terminal svg size 800,480 font "sans,13" background "white"
set key below
set grid
select(condition) = "< awk -F, '".condition."' ".rows

# --- GOP/s over the number of tokens ----------------------------------------------------------------
clusters = system("awk -F, '$1 ~ \"^w158a8\" && !seen[$2]++ {print $2}' ".rows)
set output out."/tokens.svg"
set title "W1.58A8, 6912×2560, one thread (dashed: the cluster's dot-product peak)"
set xlabel "tokens"
set ylabel "GOP/s"
set logscale xy 2
set xtics (1, 2, 4, 8, 16, 32, 128, 512)
sweep(c) = select("$1 ~ \"^w158a8/gem[mv]/hot/6912x2560$\" && $2 == \"".c."\" && $6 == 1")." | sort -t, -k5n"
peak(c) = select("$1 == \"limit/dot\" && $2 == \"".c."\" && $6 == 1 {print 1\",\"$8; print 512\",\"$8}")
plot for [i=1:words(clusters)] sweep(word(clusters, i)) using 5:8 with linespoints lw 2 pt 7 ps 0.6 \
         lc i title word(clusters, i), \
     for [i=1:words(clusters)] peak(word(clusters, i)) using 1:2 with lines dt 2 lc i notitle

# --- roofline -------------------------------------------------------------------------------------------
set output out."/roofline.svg"
best = word(clusters, words(clusters))
number(what) = real(system("awk -F, '$1 == \"limit/".what."\" && $2 == \"".best."\" && $6 == 1 {print ".(what eq "dot" ? "$8" : "$9")."}' ".rows." | head -1"))
dots = number("dot"); hot = number("read/hot"); cold = number("read/cold")
smaller(a, b) = a < b ? a : b
set title "Roofline of ".best.", int8 activations, one thread"
set xlabel "operations per byte of packed weights"
set logscale xy 10
set xtics auto
set xrange [4:10000]
set yrange [32:2000]
points(kernel, op) = select("$1 ~ \"^".kernel."/".op."/\" && $2 == \"".best."\" && $6 == 1 && $3 >= 640")
plot smaller(dots, cold * x) with lines lw 2 lc "gray40" title sprintf("memory %.0f GB/s, dots %.0f GOP/s", cold, dots), \
     smaller(dots, hot * x) with lines lw 2 dt 2 lc "gray40" title sprintf("L2 cache %.0f GB/s", hot), \
     points("w158a8", "gemm/hot") using ($8/$9):8 pt 7 lc 1 title "w158a8 GEMM", \
     points("w158a8", "gemv/hot") using ($8/$9):8 pt 5 lc 2 title "w158a8 GEMV, hot", \
     points("w158a8", "gemv/cold") using ($8/$9):8 pt 9 lc 3 title "w158a8 GEMV, cold", \
     points("w158a8dense", "gemv/cold") using ($8/$9):8 pt 11 lc 5 title "w158a8dense GEMV, cold", \
     points("w1a8", "gemv/cold") using ($8/$9):8 pt 8 lc 4 title "w1a8 GEMV, cold"

# --- bars beside peers --------------------------------------------------------------------------------
if (strlen(peers) > 0) {
    set output out."/peers.svg"
    unset logscale
    unset xrange
    set yrange [0:*]
    set style fill solid 0.8
    set boxwidth 0.8
    set title "GOP/s, ours (".best.") before the peers of the same hour"
    set xlabel ""
    set bmargin 14
    set lmargin 28
    set xtics rotate by 40 right
    # A label is the name, the kernel and the operation; N = 1 unless it is said.
    ours = "awk -F, -v best=".best." 'function bar(who, row, n, y) {split(row, p, \"/\"); printf \"%s: %s %s %s%s,%s\\n\","
    ours = ours."who, p[1], p[2], p[3], n == 1 ? \"\" : \" N=\" n, y} NR == FNR {peer[NR] = $0; asked[$2,$3] = 1; next} "
    ours = ours."$2 == best && $6 == 1 && (($1,$5) in asked) {bar(\"bitnet\", $1, $5, $8); for (i = 1; i in peer; i++) "
    ours = ours."{split(peer[i], q, \",\"); if (q[2] == $1 && q[3] == $5) bar(q[1], $1, $5, q[4])}}' ".peers." ".rows
    plot "< ".ours using 0:2:xtic(1) with boxes lc 1 notitle
}
