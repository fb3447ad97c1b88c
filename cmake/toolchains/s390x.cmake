# SPDX-License-Identifier: MIT
# IBM Z: the tests' big-endian CPU.
set(bitnet_triple s390x-linux-gnu)
set(bitnet_qemu s390x -cpu max)
set(CMAKE_SYSTEM_PROCESSOR s390x)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
