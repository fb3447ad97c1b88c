# SPDX-License-Identifier: MIT
# 64-bit ARM.
set(bitnet_triple aarch64-linux-gnu)
set(bitnet_qemu aarch64 -cpu max)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
