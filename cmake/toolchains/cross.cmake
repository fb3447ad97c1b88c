# SPDX-License-Identifier: MIT
# A build for another CPU: Debian's cross compiler, and qemu to run what it makes. Both are in .deps/<port>, where
# `scripts/setup <port>` brings them. A port's own file includes this one. It has the name of a Debian architecture
# and sets, in lines that scripts/setup reads too:
#
#   bitnet_triple            the compiler's name of it
#   bitnet_qemu              qemu's name of it, and arguments for a CPU that has every extension
#   CMAKE_SYSTEM_PROCESSOR
#
# BITNET_QEMU_CPU in the environment at configure time names another CPU of qemu's.
set(CMAKE_SYSTEM_NAME Linux)
get_filename_component(bitnet_port ${CMAKE_PARENT_LIST_FILE} NAME_WE)
get_filename_component(bitnet_deps ${CMAKE_CURRENT_LIST_DIR}/../../.deps/${bitnet_port} ABSOLUTE)
set(bitnet_root ${bitnet_deps}/${bitnet_triple})
set(bitnet_tool ${bitnet_deps}/bin/${bitnet_triple}-)
if(NOT CMAKE_CXX_COMPILER)
    set(CMAKE_CXX_COMPILER ${bitnet_tool}g++)
elseif(CMAKE_CXX_COMPILER MATCHES "clang") # a compiler for every CPU
    set(CMAKE_CXX_COMPILER_TARGET ${bitnet_triple})
    string(APPEND CMAKE_CXX_FLAGS_INIT " --gcc-toolchain=${bitnet_deps} --sysroot=${bitnet_root}")
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
list(POP_FRONT bitnet_qemu bitnet_qemu_name)
if(DEFINED ENV{BITNET_QEMU_CPU})
    set(bitnet_qemu -cpu $ENV{BITNET_QEMU_CPU})
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR
    ${bitnet_deps}/bin/qemu-${bitnet_qemu_name}-static ${bitnet_qemu} -L ${bitnet_root})
