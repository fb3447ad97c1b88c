# SPDX-License-Identifier: MIT
# 64-bit RISC-V. Its vectors have as many bits as compiler flags say, see the preset.
set(bitnet_triple riscv64-linux-gnu)
set(bitnet_qemu riscv64 -cpu rv64,v=true,vlen=256,elen=64,vext_spec=v1.0)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
