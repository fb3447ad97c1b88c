# SPDX-License-Identifier: MIT
# 32-bit x86. The x87 unit has no floats of 32 bits: config.hpp asks for SSE2.
set(bitnet_triple i686-linux-gnu)
set(bitnet_qemu i386 -cpu max)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_CXX_FLAGS_INIT "-msse2 -mfpmath=sse")
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
# Run by the kernel itself, where it runs such programs; scripts/matrix says why not by qemu.
set(CMAKE_CROSSCOMPILING_EMULATOR ${bitnet_root}/lib/ld-linux.so.2 --library-path ${bitnet_root}/lib)
