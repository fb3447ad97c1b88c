# SPDX-License-Identifier: MIT
# Writes modules.json, the list of the modules in FOLDER, the best one last.
file(GLOB modules RELATIVE ${FOLDER} ${FOLDER}/bitnet-*.wasm)
list(TRANSFORM modules REPLACE "\\.wasm$" "")
list(SORT modules ORDER DESCENDING)
list(JOIN modules "\", \"" names)
file(WRITE ${FOLDER}/modules.json "[\"${names}\"]\n")
