# SPDX-License-Identifier: MIT
# bitnet_warnings(<target>): the warnings under which the project's own code is clean.
function(bitnet_warnings target)
    if(MSVC)
        target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${BITNET_WERROR}>:/WX>)
    else()
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion
            -Wsign-conversion -Wshadow $<$<BOOL:${BITNET_WERROR}>:-Werror>)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^12\\.")
            target_compile_options(${target} PRIVATE -Wno-restrict) # false at -O3 for "text" + std::string (GCC bug 105651)
        endif()
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 15)
            target_compile_options(${target} PRIVATE -Wno-deprecated-declarations) # in std::stable_sort of libstdc++ 12
        endif()
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
            target_compile_options(${target} PRIVATE -Wno-psabi) # of a change in GCC 10
        endif()
    endif()
endfunction()
