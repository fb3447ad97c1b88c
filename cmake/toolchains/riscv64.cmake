# SPDX-License-Identifier: MIT
# 64-bit RISC-V.
set(bitnet_triple riscv64-linux-gnu)
set(bitnet_qemu riscv64 -cpu rv64)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
