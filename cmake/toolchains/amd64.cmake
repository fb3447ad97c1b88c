# SPDX-License-Identifier: MIT
# 64-bit x86 as qemu has it, whatever the machine: one static program on CPUs old and new.
set(bitnet_triple x86_64-linux-gnu)
set(bitnet_qemu x86_64 -cpu max)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
