# SPDX-License-Identifier: MIT
# Windows on x86-64 from another machine: mingw-w64's g++ with threads of POSIX, and wine to run what it makes, both
# from the system; libraries from .deps/mingw, where `scripts/setup mingw` brings them. Programs need no DLL of the
# compiler's.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(bitnet_target x86_64-w64-mingw32)
get_filename_component(bitnet_deps ${CMAKE_CURRENT_LIST_DIR}/../../.deps/mingw ABSOLUTE)
if(NOT CMAKE_CXX_COMPILER)
    set(CMAKE_CXX_COMPILER ${bitnet_target}-g++-posix)
elseif(CMAKE_CXX_COMPILER MATCHES "clang") # a compiler for every system
    set(CMAKE_CXX_COMPILER_TARGET ${bitnet_target})
    # Threads behind those who call them, which clang++ itself has in another order; then CMake's own list.
    set(CMAKE_CXX_STANDARD_LIBRARIES "-lstdc++ -lgcc_eh -lwinpthread -lkernel32 -luser32 -lshell32 -ladvapi32"
        CACHE STRING "System libraries")
endif()
foreach(name IN ITEMS AR NM OBJDUMP RANLIB STRIP)
    string(TOLOWER ${name} program)
    find_program(CMAKE_${name} ${bitnet_target}-${program} REQUIRED)
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(OpenMP_gomp_LIBRARY gomp CACHE STRING "OpenMP of g++, without a DLL")
set(CMAKE_FIND_ROOT_PATH ${bitnet_deps} /usr/${bitnet_target})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind IN ITEMS PACKAGE LIBRARY INCLUDE)
    set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
# Debian's `wine` says at each start that its 32-bit half is missing.
find_program(BITNET_WINE NAMES wine64 wine PATHS /usr/lib/wine DOC "Runs Windows programs")
if(BITNET_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR env WINEDEBUG=-all ${BITNET_WINE})
endif()
