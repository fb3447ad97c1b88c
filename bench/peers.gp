# SPDX-License-Identifier: MIT
# Bars of several libraries: gnuplot -e "peers='peers.csv'; out='…'" peers.gp
# peers.csv: a title after "# ", then lines library,row,tokens,GOP/s with the names of bench_kernels' rows.
set datafile separator ","
# A white ground of its own: readable on a light page and on a dark one.
set terminal svg size 900,480 font "sans,13" background "white" noenhanced
set output out."/peers.svg"
set key below maxcols 3
set grid ytics lc "gray85"
set title system("sed -n 's/^# //p' '".peers."'")
set ylabel "GOP/s"
set yrange [0:*]
set style data histograms
set style histogram clustered gap 1
set style fill solid
set xtics nomirror scale 0 font "sans,11"
set offsets 0, 0, graph 0.06, 0

array colour[6] = ["#0072b2", "#56b4e9", "#d55e00", "#009e73", "#e69f00", "#cc79a7"]
libraries = int(system("grep -v '^#' '".peers."' | cut -d, -f1 | sort -u | wc -l"))
groups = int(system("grep -v '^#' '".peers."' | cut -d, -f2,3 | sort -u | wc -l"))
set xrange [-0.5 : groups - 0.5]
# One line for each row, one column for each library, as gnuplot wants them; NaN where there is no figure.
read = "/^#/ {next} {split($2, part, \"/\"); sub(\"x\", \"×\", part[4]); row = toupper(part[2])\" \"($3 > 1 ? \"N=\"$3 : part[3])\", \"part[4]}"
keep = " !($1 in library) {library[$1] = ++libraries; name[libraries] = $1} !(row in seen) {seen[row] = ++rows; label[rows] = row} {gops[seen[row], library[$1]] = $4}"
show = " END {printf \"row\"; for (l = 1; l <= libraries; l++) printf \",%s\", name[l]; print \"\"; for (r = 1; r <= rows; r++) {printf \"\\\"%s\\\"\", label[r]; for (l = 1; l <= libraries; l++) printf \",%s\", (r, l) in gops ? gops[r, l] : \"NaN\"; print \"\"}}"
turned = "< awk -F, '".read.keep.show."' '".peers."'"
width = 1.0 / (libraries + 1)
plot for [i=1:libraries] turned using i + 1:xtic(1) lc rgb colour[i] title columnheader(i + 1), \
     for [i=1:libraries] turned using ($0 + (i - (libraries + 1) / 2.0) * width):i + 1:i + 1 every ::1 with labels offset 0,0.6 font "sans,11" notitle
