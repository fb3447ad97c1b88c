# SPDX-License-Identifier: MIT
# One source file, compiled once for each ISA cluster. include/bitnet/isa.hpp has the list of clusters and
# what each needs; the flags below are that list in the compilers' words.

# bitnet_default_clusters(<out>): the clusters worth building for the target CPU.
function(bitnet_default_clusters out)
    set(clusters scalar)
    # Elsewhere xsimd has no registers, or only with flags of the user's, who then names the cluster.
    if(NOT EMSCRIPTEN AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|i[3-6]86|X86|x86|aarch64|arm64|ARM64)$")
        list(APPEND clusters baseline128)
    endif()
    # cl.exe has no flag for single AVX-512 extensions and defines no macro for FMA or BMI2, so the
    # headers could not tell the clusters apart; clang-cl takes the flags below.
    set(flags_work TRUE)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "MSVC")
        set(flags_work FALSE)
    endif()
    list(LENGTH CMAKE_OSX_ARCHITECTURES architectures) # a universal binary has no one set of flags
    if(flags_work AND architectures LESS 2 AND CMAKE_SIZEOF_VOID_P EQUAL 8
            AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
        list(APPEND clusters westmere haswell alderlake skylakex icelake zen5)
    endif()
    if(flags_work AND architectures LESS 2
            AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
        list(APPEND clusters neon neon_dotprod neon_i8mm)
    endif()
    # An engine takes a module as a whole, so flags of the whole build say what may be in it.
    if(CMAKE_CXX_FLAGS MATCHES "-msimd128|-mrelaxed-simd")
        list(APPEND clusters baseline128 wasm_simd128)
    endif()
    if(CMAKE_CXX_FLAGS MATCHES "-mrelaxed-simd")
        list(APPEND clusters wasm_relaxed)
    endif()
    set(${out} ${clusters} PARENT_SCOPE)
endfunction()

# bitnet_isa_flags(<out> <cluster>)
function(bitnet_isa_flags out isa)
    # No more than isa.hpp says that the cluster needs: the CPU is asked for just that.
    set(westmere -mssse3 -msse4.1)
    set(haswell -mavx2 -mfma -mbmi2 -mpopcnt -mf16c)
    # Whole 512-bit registers: the compilers' default for these CPUs is to stay at 256.
    set(skylakex ${haswell} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd
        -mprefer-vector-width=512)
    set(icelake ${skylakex} -mavx512vnni -mavx512vbmi -mavx512vbmi2 -mavx512bitalg
        -mavx512vpopcntdq -mavx512ifma -mgfni)
    set(zen5 ${icelake} -mavxvnni -mavx512vp2intersect)
    set(alderlake ${haswell} -mavxvnni)
    # g++ 12 has SDOT for Armv8.2-A alone, whose atomics and CRC32 every CPU with SDOT has too.
    set(neon "")
    set(neon_dotprod -march=armv8.2-a+dotprod)
    set(neon_i8mm -march=armv8.2-a+dotprod+i8mm)
    set(wasm_simd128 -msimd128)
    set(wasm_relaxed -msimd128 -mrelaxed-simd)
    set(scalar "")
    set(baseline128 "")
    if(NOT DEFINED ${isa})
        message(FATAL_ERROR "bitnet: unknown ISA cluster '${isa}'")
    endif()
    set(flags ${${isa}})
    # GCC 12 and older see uninitialised values in their own AVX-512 headers and behind asm barriers.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        list(APPEND flags -Wno-maybe-uninitialized -Wno-uninitialized)
    endif()
    # GCC hoists the loads of a tile's next step over the loop's edge, which costs registers that the
    # accumulators need: without that, W1.58A8 GEMM is a quarter to a third faster.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        list(APPEND flags -fno-gcse -fno-tree-pre)
        if(isa MATCHES "^neon") # its scheduler does the same within a step
            list(APPEND flags -fno-schedule-insns)
        endif()
    endif()
    set(${out} ${flags} PARENT_SCOPE)
endfunction()

# bitnet_kernel_optimisation(<out>): a -O for the builds that give kernels too little of it.
#
# Unoptimised, the small functions of the standard library that a kernel calls become symbols of their
# own, compiled with one cluster's instructions, and the linker may give them to the whole program: so a
# Debug build has -O1. A build type that brings no flags (none at all, as in many parent projects, or
# Debian's None) leaves the choice to the project's own flags: their -O is kept, but for -O0 and -Og,
# which become -O1; without any, kernels have -O2.
function(bitnet_kernel_optimisation out)
    set(O -O)
    set(dash -)
    if(MSVC)
        set(O /O)
        set(dash "[-/]")
    endif()
    get_directory_property(options COMPILE_OPTIONS)
    string(REGEX REPLACE "[-/]Ob[0-3]" "" flags "${CMAKE_CXX_FLAGS};${options}") # another matter: inlining
    string(REGEX MATCHALL "(^|[ ;])${dash}O[^ ;]*" given "${flags}")
    set(level "")
    if(NOT given)
        set(level ${O}2)
    elseif(given MATCHES "O[0dg]$") # the last one counts
        set(level ${O}1)
    endif()
    set(no_flags $<OR:$<CONFIG:None>,$<NOT:$<BOOL:$<CONFIG>>>>)
    set(${out} $<$<CONFIG:Debug>:${O}1> $<${no_flags}:${level}> PARENT_SCOPE)
endfunction()

# bitnet_add_dispatch(<target> SOURCE <file> ISAS <cluster>...)
#
# Compiles <file> once per cluster, with that cluster's flags and BITNET_KERNEL_ISA=<cluster>, and adds
# the objects to <target>, whose own sources see the list as BITNET_BUILT_CLUSTERS=<cluster>,... and are
# compiled without any of those flags.
function(bitnet_add_dispatch target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "ISAS")
    bitnet_kernel_optimisation(optimisation)
    foreach(isa IN LISTS arg_ISAS)
        bitnet_isa_flags(flags ${isa})
        set(objects ${target}_${isa})
        add_library(${objects} OBJECT EXCLUDE_FROM_ALL ${arg_SOURCE})
        target_link_libraries(${objects} PRIVATE bitnet::bitnet)
        target_compile_definitions(${objects} PRIVATE BITNET_KERNEL_ISA=${isa})
        target_compile_options(${objects} PRIVATE ${flags} ${optimisation})
        set_target_properties(${objects} PROPERTIES
            CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
            CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
        bitnet_warnings(${objects})
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endforeach()
    list(JOIN arg_ISAS "," clusters)
    target_compile_definitions(${target} PRIVATE "BITNET_BUILT_CLUSTERS=${clusters}")
endfunction()
