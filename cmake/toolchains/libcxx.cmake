# SPDX-License-Identifier: MIT
# clang++ with libc++, LLVM's standard library, which macOS and FreeBSD have; libraries that are compiled with it from
# .deps/libcxx, where `scripts/setup libcxx` brings them.
if(NOT CMAKE_CXX_COMPILER)
    set(CMAKE_CXX_COMPILER clang++-16)
endif()
set(CMAKE_CXX_FLAGS_INIT -stdlib=libc++)
