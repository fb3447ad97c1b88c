# SPDX-License-Identifier: MIT
# Fails when a module in FOLDER, its JavaScript included, has more than LIMIT bytes.
file(GLOB modules ${FOLDER}/bitnet-*.wasm)
foreach(module IN LISTS modules)
    string(REGEX REPLACE "wasm$" "js" script ${module})
    file(SIZE ${module} bytes)
    file(SIZE ${script} script_bytes)
    math(EXPR all "${bytes} + ${script_bytes}")
    message(STATUS "${module}: ${bytes} bytes, and ${script_bytes} of JavaScript")
    if(all GREATER LIMIT)
        message(FATAL_ERROR "that is more than ${LIMIT}")
    endif()
endforeach()
