// SPDX-License-Identifier: MIT
// Aligned moves, for aligned_moves.sh: some compilers make none, and this shows that the assembler
// changes them too. Compiled for Windows by g++ alone, and never run.
void aligned_moves() {
    asm volatile("vmovdqa %ymm0, 32(%rsp)\n\tvmovaps 32(%rsp), %ymm1\n\tvmovapd %ymm0, (%rsp)");
}
