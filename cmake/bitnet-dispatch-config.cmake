# SPDX-License-Identifier: MIT
# Read by bitnet-config.cmake, after bitnet::bitnet is there.
include("${CMAKE_CURRENT_LIST_DIR}/bitnet-dispatch-targets.cmake")
