# SPDX-License-Identifier: MIT
# The pictures of docs/performance.md from rows.csv: gnuplot -e "rows='…'; out='…'" pictures.gp
set datafile separator ","
set datafile columnheaders
# A white ground of their own: readable on a light page and on a dark one.
set terminal svg size 800,480 font "sans,13" background "white" noenhanced
set key below
set grid lc "gray85"

# The header line, and the lines for which an awk condition holds; fields by name: f["gops"].
awk = "awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) at[$i] = i; %s} {for (i in at) f[i] = $(at[i])} NR > 1 && %s' ".rows
select(condition) = "< ".sprintf(awk, "print", condition)
words_of(condition, print) = system(sprintf(awk, "", condition." {".print."}"))

# The colours of Okabe and Ito, which all eyes tell apart.
array colour[6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]

# --- GOP/s over the number of tokens ----------------------------------------------------------------
clusters = words_of("f[\"name\"] == \"w158a8/gemv/hot/6912x2560\" && !seen[f[\"cluster\"]]++", "print f[\"cluster\"]")
set output out."/tokens.svg"
set title "w158a8, 6912×2560 in cache, one thread; dashed: the limit dot"
set xlabel "tokens" offset 0,0.4
set ylabel "GOP/s"
set logscale xy 2
set xtics (1, 2, 4, 8, 16, 32, 128, 512)
set xrange [0.9:570]
sweep(c) = select("f[\"name\"] ~ \"^w158a8/gem[mv]/hot/6912x2560$\" && f[\"cluster\"] == \"".c."\" && f[\"threads\"] == 1")
peak(c) = real(words_of("f[\"name\"] == \"limit/dot\" && f[\"cluster\"] == \"".c."\" && f[\"threads\"] == 1", "print f[\"gops\"]"))
plot for [i=1:words(clusters)] sweep(word(clusters, i)) using "tokens":"gops" smooth unique with linespoints lw 2 pt 7 ps 0.6 \
         lc rgb colour[i] title word(clusters, i), \
     for [i=1:words(clusters)] peak(word(clusters, i)) with lines dt 2 lc rgb colour[i] notitle

# --- roofline -------------------------------------------------------------------------------------------
set output out."/roofline.svg"
best = word(clusters, words(clusters))
# The most of them, where pages of two sizes give two.
limit(name, column) = real(system(sprintf(awk, "", "f[\"name\"] == \"limit/".name."\" && f[\"cluster\"] == \"".best."\" && f[\"threads\"] == 1 {print f[\"".column."\"]}")." | sort -g | tail -n 1"))
dots = limit("dot", "gops"); hot = limit("read/hot", "gbps"); cold = limit("read/cold", "gbps")
smaller(a, b) = a < b ? a : b
set title "Roofline: ".best.", int8 activations, one thread"
set xlabel "operations per byte of packed weights" offset 0,0.4
set logscale xy 10
set xtics auto
set xrange [4:10000]
set yrange [*:*]
points(kernel, op) = select("f[\"name\"] ~ \"^".kernel."/".op."/\" && f[\"cluster\"] == \"".best."\" && f[\"threads\"] == 1 && f[\"rows\"] >= 640")
plot smaller(dots, cold * x) with lines lw 2 lc "gray40" title sprintf("memory %.0f GB/s, dot %.0f GOP/s", cold, dots), \
     smaller(dots, hot * x) with lines lw 2 dt 2 lc "gray40" title sprintf("L2 cache %.0f GB/s", hot), \
     points("w158a8", "gemm/hot") using (column("gops")/column("gbps")):"gops" pt 7 lc rgb colour[1] title "w158a8 GEMM", \
     points("w158a8", "gemv/hot") using (column("gops")/column("gbps")):"gops" pt 5 lc rgb colour[2] title "w158a8 GEMV, hot", \
     points("w158a8", "gemv/cold") using (column("gops")/column("gbps")):"gops" pt 9 lc rgb colour[3] title "w158a8 GEMV, cold", \
     points("w158a8dense", "gemv/cold") using (column("gops")/column("gbps")):"gops" pt 11 lc rgb colour[4] title "w158a8dense GEMV, cold", \
     points("w1a8", "gemv/cold") using (column("gops")/column("gbps")):"gops" pt 13 lc rgb colour[5] title "w1a8 GEMV, cold"
