# SPDX-License-Identifier: MIT
# Tests whose units are compiled with flags of their own, and of what is in the kernels' objects. Not for
# sanitizers, which change objects and cannot see what these tests look for.

set(x86 FALSE)
set(arm64 FALSE)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC AND CMAKE_SIZEOF_VOID_P EQUAL 8
        AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT CMAKE_OSX_ARCHITECTURES)
    set(x86 TRUE)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND CMAKE_SYSTEM_NAME STREQUAL "Linux"
        AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arm64 TRUE)
endif()

# bitnet_flag_unit(<test> <unit> <macro> <file> [<flag>...]): one more object of <test>, compiled from
# <file> with <macro>=<unit> and the flags, linked in the order of the calls.
function(bitnet_flag_unit test unit macro file)
    set(object ${test}_${unit})
    add_library(${object} OBJECT ${file})
    target_link_libraries(${object} PRIVATE bitnet::bitnet)
    target_include_directories(${object} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(${object} PRIVATE ${macro}=${unit})
    target_compile_options(${object} PRIVATE ${ARGN})
    set_target_properties(${object} PROPERTIES CXX_EXTENSIONS OFF)
    bitnet_warnings(${object})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        # Its own AVX-512 headers warn.
        target_compile_options(${object} PRIVATE -Wno-maybe-uninitialized -Wno-uninitialized)
    endif()
    target_sources(${test} PRIVATE $<TARGET_OBJECTS:${object}>)
endfunction()

# --- one program, many flags --------------------------------------------------------------------------
# Not optimised, so that nothing is inlined by chance; the unit with the most instructions first, since
# the linker keeps the first body of a shared symbol.
bitnet_test(odr)
set(many_units FALSE) # a preset for one CPU has its -march in all of them
if(x86 AND NOT CMAKE_CXX_FLAGS MATCHES "-march")
    set(many_units TRUE)
    bitnet_flag_unit(test_odr sapphire ODR_UNIT odr_unit.cpp -O0 -march=sapphirerapids)
    bitnet_flag_unit(test_odr zen5 ODR_UNIT odr_unit.cpp -O0 -march=icelake-client -mavxvnni -mavx512vp2intersect)
    bitnet_flag_unit(test_odr icelake ODR_UNIT odr_unit.cpp -O0 -march=icelake-client)
    bitnet_flag_unit(test_odr cannonlake ODR_UNIT odr_unit.cpp -O0 -march=cannonlake)
    bitnet_flag_unit(test_odr skylakex ODR_UNIT odr_unit.cpp -O0 -march=skylake-avx512)
    bitnet_flag_unit(test_odr haswell ODR_UNIT odr_unit.cpp -O0 -march=haswell)
    bitnet_flag_unit(test_odr haswell_movbe_off ODR_UNIT odr_unit.cpp -O0 -march=haswell -mno-movbe)
    bitnet_flag_unit(test_odr sse42 ODR_UNIT odr_unit.cpp -O0 -msse4.2)
    # Extensions that no CPU has any more, but for which compilers emit code.
    bitnet_flag_unit(test_odr bdver4 FLAG_UNIT flag_set_unit.cpp -march=bdver4)
    bitnet_flag_unit(test_odr no_xop FLAG_UNIT flag_set_unit.cpp -march=bdver4 -mno-xop)
    bitnet_flag_unit(test_odr no_fma4 FLAG_UNIT flag_set_unit.cpp -march=bdver4 -mno-xop -mno-fma4)
    bitnet_flag_unit(test_odr no_tbm FLAG_UNIT flag_set_unit.cpp
        -march=bdver4 -mno-xop -mno-fma4 -mno-tbm)
    bitnet_flag_unit(test_odr no_sse4a FLAG_UNIT flag_set_unit.cpp
        -march=bdver4 -mno-xop -mno-fma4 -mno-tbm -mno-sse4a)
    target_compile_definitions(test_odr PRIVATE ODR_HAS_X86=1)
endif()
if(arm64 AND NOT CMAKE_CXX_FLAGS MATCHES "-march")
    set(many_units TRUE)
    bitnet_flag_unit(test_odr i8mm ODR_UNIT odr_unit.cpp -O0 -march=armv8.2-a+dotprod+i8mm)
    bitnet_flag_unit(test_odr sve ODR_UNIT odr_unit.cpp -O0 -march=armv8.2-a+sve -msve-vector-bits=256)
    bitnet_flag_unit(test_odr dotprod ODR_UNIT odr_unit.cpp -O0 -march=armv8.2-a+dotprod)
    bitnet_flag_unit(test_odr fp16 ODR_UNIT odr_unit.cpp -O0 -march=armv8.2-a+fp16)
    target_compile_definitions(test_odr PRIVATE ODR_HAS_ARM64=1)
endif()
bitnet_flag_unit(test_odr plain ODR_UNIT odr_unit.cpp)

# --- flags that let a compiler change floats ----------------------------------------------------------
# -ffast-math goes to these units' compilation alone: at a link it would set flush-to-zero.
bitnet_test(contract)
bitnet_flag_unit(test_contract plain CONTRACT_UNIT contract_unit.cpp)
bitnet_test_level(test_contract_plain)
if(NOT MSVC)
    bitnet_flag_unit(test_contract fast CONTRACT_UNIT contract_unit.cpp -O3 -ffast-math)
else()
    bitnet_flag_unit(test_contract fast CONTRACT_UNIT contract_unit.cpp /fp:fast)
endif()
if(x86)
    bitnet_flag_unit(test_contract fma CONTRACT_UNIT contract_unit.cpp
        -O3 -march=haswell -ffp-contract=fast)
    bitnet_flag_unit(test_contract fast_fma CONTRACT_UNIT contract_unit.cpp
        -O3 -march=haswell -ffast-math -ffp-contract=fast)
    target_compile_definitions(test_contract PRIVATE CONTRACT_HAS_X86=1)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang") # which has the pragma of cl.exe that this form needs
        bitnet_flag_unit(test_contract without_asm CONTRACT_UNIT contract_unit.cpp
            -O3 -march=haswell -ffast-math -ffp-contract=fast -DBITNET_FLOATS_WITHOUT_ASM=1)
        target_compile_definitions(test_contract PRIVATE CONTRACT_HAS_WITHOUT_ASM=1)
    endif()
elseif(arm64) # which has FMA always
    bitnet_flag_unit(test_contract fma CONTRACT_UNIT contract_unit.cpp -O3 -ffp-contract=fast)
    bitnet_flag_unit(test_contract fast_fma CONTRACT_UNIT contract_unit.cpp
        -O3 -ffast-math -ffp-contract=fast)
    target_compile_definitions(test_contract PRIVATE CONTRACT_HAS_ARM64=1)
endif()

# --- clang-cl: no __GNUC__, and all the same ------------------------------------------------------------
find_program(BITNET_CLANG_CL NAMES clang-cl clang-cl-19 clang-cl-16 DOC "clang as cl.exe, for a test")
if(BITNET_CLANG_CL AND x86 AND UNIX) # a shell script
    add_test(NAME clang_cl COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/clang_cl.sh ${BITNET_CLANG_CL} ${PROJECT_SOURCE_DIR}/include)
endif()

# --- division where compilers may divide by an estimate -------------------------------------------------
# On x86-64, test_contract has it.
if(x86)
    include(CheckCXXSourceRuns)
    set(CMAKE_REQUIRED_FLAGS "-m32 -std=c++20")
    check_cxx_source_runs("#include <vector>\nint main() { return std::vector<int>(1)[0]; }" BITNET_RUNS_X86_32)
    unset(CMAKE_REQUIRED_FLAGS)
    if(BITNET_RUNS_X86_32)
        add_executable(test_division_32 division_32.cpp)
        target_link_libraries(test_division_32 PRIVATE bitnet::bitnet)
        target_compile_options(test_division_32 PRIVATE -m32 -msse2 -mfpmath=sse -O2 -ffast-math)
        target_link_options(test_division_32 PRIVATE -m32)
        set_target_properties(test_division_32 PROPERTIES CXX_EXTENSIONS OFF)
        bitnet_warnings(test_division_32)
        add_test(NAME division_32 COMMAND test_division_32)
    endif()
endif()

# --- no move that needs more alignment than a stack of Windows has ---------------------------------------
if(x86 AND WIN32 AND CMAKE_HOST_UNIX AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # a shell script
    add_library(bitnet_aligned_moves OBJECT aligned_moves.cpp)
    target_link_libraries(bitnet_aligned_moves PRIVATE bitnet::bitnet)
    set(objects $<TARGET_OBJECTS:bitnet_aligned_moves>)
    foreach(isa IN LISTS BITNET_CLUSTERS)
        if(NOT isa MATCHES "^(scalar|baseline128|westmere)$") # whose registers have 16 bytes
            list(APPEND objects $<TARGET_OBJECTS:bitnet_dispatch_${isa}>)
        endif()
    endforeach()
    add_test(NAME aligned_moves COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/aligned_moves.sh "${CMAKE_OBJDUMP}"
        ${objects} COMMAND_EXPAND_LISTS)
endif()

# --- headers without exceptions and RTTI --------------------------------------------------------------
if(NOT MSVC)
    add_library(bitnet_no_exceptions OBJECT no_exceptions.cpp)
    target_link_libraries(bitnet_no_exceptions PRIVATE bitnet::bitnet)
    target_compile_options(bitnet_no_exceptions PRIVATE -fno-exceptions -fno-rtti)
    bitnet_warnings(bitnet_no_exceptions)
endif()

# --- kernels leak no instruction under a shared name --------------------------------------------------
# Objects for link-time optimisation have no instructions yet.
if((x86 OR arm64) AND CMAKE_NM AND CMAKE_OBJDUMP AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    set(check ${CMAKE_CURRENT_SOURCE_DIR}/weak_symbols.sh ${CMAKE_NM} ${CMAKE_OBJDUMP})
    set(objects)
    foreach(isa IN LISTS BITNET_CLUSTERS)
        list(APPEND objects $<TARGET_OBJECTS:bitnet_dispatch_${isa}>)
    endforeach()
    add_test(NAME weak_symbols.kernels COMMAND ${check} . ${objects} COMMAND_EXPAND_LISTS)
    # A caller's own unit, not optimised: of std's functions that is the caller's business.
    if(NOT many_units)
        set(units $<TARGET_OBJECTS:test_odr_plain>)
    elseif(x86)
        set(units $<TARGET_OBJECTS:test_odr_haswell> $<TARGET_OBJECTS:test_odr_sapphire>)
    else()
        set(units $<TARGET_OBJECTS:test_odr_dotprod> $<TARGET_OBJECTS:test_odr_i8mm>
            $<TARGET_OBJECTS:test_odr_sve> $<TARGET_OBJECTS:test_odr_fp16>)
    endif()
    add_test(NAME weak_symbols.headers COMMAND ${check} 6bitnet ${units} COMMAND_EXPAND_LISTS)
endif()

# --- what is in the kernels' inner loops ---------------------------------------------------------------
if((x86 OR arm64) AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    set(objects)
    set(own_dots)
    set(has_budgets FALSE)
    if(CMAKE_BUILD_TYPE MATCHES "Rel" AND ((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^12")
            OR (arm64 AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^19")))
        set(has_budgets TRUE)
    endif()
    foreach(isa IN LISTS BITNET_CLUSTERS)
        if(isa MATCHES "^(scalar|baseline128|westmere)$") # whose kernels are no functions of their own
            continue()
        endif()
        list(APPEND objects $<TARGET_OBJECTS:bitnet_dispatch_${isa}>)
        bitnet_isa_flags(flags ${isa})
        if(flags MATCHES "vnni|dotprod")
            list(APPEND own_dots $<TARGET_OBJECTS:bitnet_dispatch_${isa}>)
        endif()
        # Not more instructions than they had, by the compilers that the budgets are of.
        file(STRINGS instructions.txt budgets REGEX "^${isa} ")
        if(budgets AND has_budgets)
            add_test(NAME instructions.${isa} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/instructions.sh "${CMAKE_OBJDUMP}"
                ${isa} ${CMAKE_CURRENT_SOURCE_DIR}/instructions.txt $<TARGET_OBJECTS:bitnet_dispatch_${isa}>)
            set_tests_properties(instructions.${isa} PROPERTIES SKIP_RETURN_CODE 77)
        endif()
    endforeach()
    # Kernels of one-bit and ternary activations multiply nothing.
    add_test(NAME no_multiply COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/disassembly.sh "${CMAKE_OBJDUMP}" no_multiply
        ${objects} COMMAND_EXPAND_LISTS)
    set_tests_properties(no_multiply PROPERTIES SKIP_RETURN_CODE 77)
    # Wrong on a CPU that is not here to show it: a kernel with sums of another cluster.
    if(own_dots)
        add_test(NAME own_dots COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/disassembly.sh "${CMAKE_OBJDUMP}" own_dots
            ${own_dots} COMMAND_EXPAND_LISTS)
        set_tests_properties(own_dots PROPERTIES SKIP_RETURN_CODE 77)
    endif()
endif()
