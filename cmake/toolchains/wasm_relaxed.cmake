# SPDX-License-Identifier: MIT
# WebAssembly with relaxed SIMD, by Debian 13's emscripten, all from .deps/wasm_relaxed, where
# `scripts/setup wasm_relaxed` brings it. Older clangs have other instructions behind -mrelaxed-simd.
get_filename_component(bitnet_deps ${CMAKE_CURRENT_LIST_DIR}/../../.deps/wasm_relaxed ABSOLUTE)
set(bitnet_emcc ${bitnet_deps}/share/emscripten/emcc)
set(bitnet_simd -mrelaxed-simd)
include(${CMAKE_CURRENT_LIST_DIR}/wasm.cmake)
