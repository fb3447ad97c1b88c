# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=<command> -DMODEL=<file> -P bytes.cmake: a model and a prompt whose names are beyond any code page,
# and what the program writes, byte by byte.
cmake_minimum_required(VERSION 3.22)
string(RANDOM LENGTH 12 name)
set(folder "${CMAKE_CURRENT_BINARY_DIR}/bytes-${name}")
set(model "${folder}/größe 模型 🦙.bitnet")
file(MAKE_DIRECTORY ${folder})
configure_file(${MODEL} ${model} COPYONLY)

# run(<stream> <expected bytes> <expected exit code> <argument>...)
function(run stream expected code)
    execute_process(COMMAND ${PROGRAM} ${ARGN} RESULT_VARIABLE result
        OUTPUT_FILE ${folder}/stdout ERROR_FILE ${folder}/stderr)
    file(READ ${folder}/${stream} got HEX)
    string(HEX "${expected}" hex)
    if(NOT result STREQUAL code OR NOT got STREQUAL hex)
        file(READ ${folder}/stderr complaint)
        list(JOIN ARGN " " arguments)
        message(SEND_ERROR "${arguments}: exit code ${result}, not ${code}; ${stream}:\n${got}\nin place of\n${hex}\n"
            "stderr: ${complaint}")
    endif()
endfunction()

run(stdout "Once upon a time, there was a little\n" 0 generate --model ${model} --prompt Once -n 8 --seed 1)
run(stdout "größe 模型 🦙\n" 0 generate --model ${model} --prompt "größe 模型 🦙" -n 0)
set(ENV{BITNET_MODEL} ${model})
run(stdout "ä * \"q\" \\ä\n" 0 generate --prompt "ä * \"q\" \\ä" -n 0)
unset(ENV{BITNET_MODEL})
file(WRITE "${folder}/模型" "A story, and no model: it begins in another way and has more than 64 bytes.\r\n")
run(stderr "bitnet: ${folder}/模型: not a .bitnet file (no \"BITNETv1\" at its start)\n" 1
    inspect --model "${folder}/模型")
file(REMOVE_RECURSE ${folder})
