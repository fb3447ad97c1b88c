# SPDX-License-Identifier: MIT
# The libraries the build may use, each with the oldest version that serves. The headers need xsimd
# alone; the rest is for the program, the tests, the bench and the trainer.

set(BITNET_NEEDS_xsimd 13.2)        # older ones lack batch functions the headers call
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    set(BITNET_NEEDS_xsimd 14.0)    # see config.hpp
endif()
set(BITNET_NEEDS_CLI11 2.1)
set(BITNET_NEEDS_nlohmann_json 3.9)
set(BITNET_NEEDS_Catch2 3.3)        # SKIP() and its exit code
set(BITNET_NEEDS_benchmark 1.6)
set(BITNET_NEEDS_dnnl 2.6)
set(BITNET_NEEDS_PCRE2 10.40)       # the property White_Space
set(BITNET_NEEDS_utf8proc 2.1)

# What -DBITNET_FETCH_DEPS=ON downloads instead.
set(BITNET_FETCH_xsimd https://github.com/xtensor-stack/xsimd ${BITNET_NEEDS_xsimd}.0)
set(BITNET_FETCH_CLI11 https://github.com/CLIUtils/CLI11 v2.4.2)
set(BITNET_FETCH_nlohmann_json https://github.com/nlohmann/json v3.11.3)
set(BITNET_FETCH_Catch2 https://github.com/catchorg/Catch2 v3.7.1)
set(BITNET_FETCH_benchmark https://github.com/google/benchmark v1.9.1)

# A library of one header, which states its version in lines "#define <prefix>_MAJOR 1" and "... _MINOR 2".
macro(bitnet_look_for_header name header prefix)
    find_path(${name}_INCLUDE_DIR ${header})
    find_library(${name}_LIBRARY NAMES ${ARGN})
    set(${name}_FOUND FALSE)
    if(${name}_INCLUDE_DIR AND ${name}_LIBRARY)
        file(STRINGS ${${name}_INCLUDE_DIR}/${header} _bitnet_version REGEX "define ${prefix}_(MAJOR|MINOR) ")
        string(REGEX REPLACE ".*MAJOR +([0-9]+).*MINOR +([0-9]+).*" "\\1.\\2" ${name}_VERSION "${_bitnet_version}")
        if(${name}_VERSION VERSION_GREATER_EQUAL BITNET_NEEDS_${name})
            set(${name}_FOUND TRUE)
        endif()
    endif()
endmacro()

# Is there a library <name> that is new enough? Sets <name>_FOUND and <name>_VERSION.
macro(bitnet_look_for name)
    if("${name}" STREQUAL "dnnl")
        # oneDNN's own package file also asks for OpenCL's headers, which the trainer does not need.
        find_path(dnnl_INCLUDE_DIR dnnl.hpp)
        find_library(dnnl_LIBRARY dnnl)
        set(dnnl_FOUND FALSE)
        if(dnnl_INCLUDE_DIR AND dnnl_LIBRARY)
            file(STRINGS ${dnnl_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h _bitnet_dnnl
                REGEX "define DNNL_VERSION_(MAJOR|MINOR) ")
            string(REGEX REPLACE ".*MAJOR +([0-9]+).*MINOR +([0-9]+).*" "\\1.\\2"
                dnnl_VERSION "${_bitnet_dnnl}")
            if(dnnl_VERSION VERSION_GREATER_EQUAL BITNET_NEEDS_dnnl)
                set(dnnl_FOUND TRUE)
            endif()
        endif()
    elseif("${name}" STREQUAL "PCRE2") # archives first: .deps has no place where a program would look later
        bitnet_look_for_header(PCRE2 pcre2.h PCRE2 libpcre2-8.a pcre2-8-static pcre2-8)
    elseif("${name}" STREQUAL "utf8proc")
        bitnet_look_for_header(utf8proc utf8proc.h UTF8PROC_VERSION libutf8proc.a utf8proc_static utf8proc)
    elseif("${name}" STREQUAL "xsimd")
        # Its version file calls 14.x incompatible with 13.2, so ask for none and compare here.
        find_package(xsimd CONFIG QUIET)
        if(xsimd_FOUND AND xsimd_VERSION VERSION_LESS BITNET_NEEDS_xsimd)
            set(xsimd_FOUND FALSE)
        endif()
    else()
        find_package(${name} ${BITNET_NEEDS_${name}} CONFIG QUIET)
    endif()
endmacro()

# Finds library <name>, or fetches it when BITNET_FETCH_DEPS is ON, or stops and says what to do.
macro(bitnet_need name)
    bitnet_look_for(${name})
    if("${name}" STREQUAL "dnnl" AND dnnl_FOUND AND NOT TARGET bitnet_onednn)
        add_library(bitnet_onednn INTERFACE)
        target_include_directories(bitnet_onednn SYSTEM INTERFACE ${dnnl_INCLUDE_DIR})
        target_link_libraries(bitnet_onednn INTERFACE ${dnnl_LIBRARY})
        get_filename_component(_bitnet_dnnl ${dnnl_LIBRARY} DIRECTORY)
        # In .deps the loader of OpenCL, which oneDNN links, lies beside it: RPATH, unlike RUNPATH,
        # is also searched for the libraries of libraries.
        target_link_options(bitnet_onednn INTERFACE
            -Wl,-rpath-link,${_bitnet_dnnl} -Wl,--disable-new-dtags)
    endif()
    if(NOT ${name}_FOUND AND BITNET_FETCH_DEPS AND DEFINED BITNET_FETCH_${name})
        include(FetchContent)
        list(GET BITNET_FETCH_${name} 0 _bitnet_url)
        list(GET BITNET_FETCH_${name} 1 _bitnet_tag)
        message(STATUS "bitnet: fetching ${name} ${_bitnet_tag}")
        set(BENCHMARK_ENABLE_TESTING OFF)
        set(JSON_Install ON)
        FetchContent_Declare(${name} GIT_REPOSITORY ${_bitnet_url} GIT_TAG ${_bitnet_tag}
            GIT_SHALLOW TRUE)
        FetchContent_MakeAvailable(${name})
        set(${name}_FOUND TRUE)
        if("${name}" STREQUAL "Catch2")
            list(APPEND CMAKE_MODULE_PATH ${catch2_SOURCE_DIR}/extras)
        endif()
    endif()
    if(NOT ${name}_FOUND)
        message(FATAL_ERROR "bitnet needs ${name} ${BITNET_NEEDS_${name}} or newer. Run scripts/setup, "
            "or set CMAKE_PREFIX_PATH, or configure with -DBITNET_FETCH_DEPS=ON.")
    endif()
endmacro()

# bitnet_use_if_found(<target> <name> <what for>): links library <name>, which <target> can do without, and defines
# BITNET_<NAME> as 1. -DBITNET_<NAME>=OFF leaves it out.
macro(bitnet_use_if_found target name what_for)
    string(TOUPPER ${name} _bitnet_upper)
    option(BITNET_${_bitnet_upper} "Use ${name} if it is found: ${what_for}" ON)
    if(BITNET_${_bitnet_upper})
        bitnet_look_for(${name})
        if(${name}_FOUND)
            target_include_directories(${target} SYSTEM PRIVATE ${${name}_INCLUDE_DIR})
            target_link_libraries(${target} PRIVATE ${${name}_LIBRARY})
            target_compile_definitions(${target} PUBLIC BITNET_${_bitnet_upper}=1
                PRIVATE $<$<PLATFORM_ID:Windows>:${_bitnet_upper}_STATIC>)
        else()
            message(STATUS "bitnet: no ${name} ${BITNET_NEEDS_${name}}, so without ${what_for}")
        endif()
    endif()
endmacro()
