# SPDX-License-Identifier: MIT
# WebAssembly with SIMD128, by the emscripten whose emcc is in PATH. What the tests need of libraries is in
# .deps/wasm, where `scripts/setup wasm` brings it. wasm_relaxed.cmake sets other places and more SIMD.
get_filename_component(bitnet_root ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
if(NOT bitnet_deps) # bitnet_emcc is in the cache when CMake runs again
    find_program(bitnet_emcc emcc REQUIRED NO_CMAKE_FIND_ROOT_PATH)
    set(bitnet_deps ${bitnet_root}/.deps/wasm)
    set(bitnet_simd -msimd128)
endif()
get_filename_component(bitnet_emscripten ${bitnet_emcc} REALPATH)
get_filename_component(bitnet_emscripten ${bitnet_emscripten} DIRECTORY)
if(NOT BITNET_WASM_EXCEPTIONS)
    set(BITNET_WASM_EXCEPTIONS -fexceptions) # by JavaScript, which every engine has
endif()
set(CMAKE_CXX_FLAGS_INIT "${bitnet_simd} ${BITNET_WASM_EXCEPTIONS} -include ${bitnet_root}/examples/wasm/libcxx_gaps.hpp")
include(${bitnet_emscripten}/cmake/Modules/Platform/Emscripten.cmake)
list(APPEND CMAKE_FIND_ROOT_PATH ${bitnet_deps})
# Debian's emscripten looks for acorn where Debian's Node does, and other Nodes do not.
if(EXISTS /usr/share/nodejs/acorn)
    set(CMAKE_CXX_LINKER_LAUNCHER ${CMAKE_COMMAND} -E env NODE_PATH=/usr/share/nodejs)
endif()
