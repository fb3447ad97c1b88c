# SPDX-License-Identifier: MIT
# 64-bit ARM from another machine: Debian's cross compiler, and qemu to run what it makes, both from .deps/arm64,
# where `scripts/setup arm64` brings them. BITNET_ARM64_CPU in the environment at configure time names qemu's CPU;
# `max` has every extension.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
get_filename_component(bitnet_deps ${CMAKE_CURRENT_LIST_DIR}/../../.deps/arm64 ABSOLUTE)
set(bitnet_root ${bitnet_deps}/aarch64-linux-gnu)
set(bitnet_tool ${bitnet_deps}/bin/aarch64-linux-gnu-)
if(NOT CMAKE_CXX_COMPILER)
    set(CMAKE_CXX_COMPILER ${bitnet_tool}g++)
elseif(CMAKE_CXX_COMPILER MATCHES "clang") # a compiler for every CPU
    set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
    set(CMAKE_CXX_FLAGS_INIT "--gcc-toolchain=${bitnet_deps} --sysroot=${bitnet_root}")
endif()
foreach(name IN ITEMS AR NM OBJDUMP RANLIB READELF STRIP)
    string(TOLOWER ${name} program)
    set(CMAKE_${name} ${bitnet_tool}${program})
endforeach()
set(CMAKE_FIND_ROOT_PATH ${bitnet_deps} ${bitnet_root})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind IN ITEMS PACKAGE LIBRARY INCLUDE)
    set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
set(bitnet_cpu max)
if(DEFINED ENV{BITNET_ARM64_CPU})
    set(bitnet_cpu $ENV{BITNET_ARM64_CPU})
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR ${bitnet_deps}/bin/qemu-aarch64-static -cpu ${bitnet_cpu} -L ${bitnet_root})
