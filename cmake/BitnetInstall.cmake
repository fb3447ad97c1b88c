# SPDX-License-Identifier: MIT
# Install rules: headers and package files are the same on every CPU and lie in share/; the compiled
# bitnet::dispatch is apart, so that a package may leave it out.
include(CMakePackageConfigHelpers)

set(_package ${CMAKE_INSTALL_DATADIR}/cmake/bitnet)

install(DIRECTORY include/bitnet TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
install(TARGETS bitnet EXPORT bitnet-targets)
install(EXPORT bitnet-targets NAMESPACE bitnet:: DESTINATION ${_package})

if(BITNET_INSTALL_DISPATCH)
    install(TARGETS bitnet_dispatch EXPORT bitnet-dispatch-targets ARCHIVE)
    install(EXPORT bitnet-dispatch-targets NAMESPACE bitnet:: DESTINATION ${_package})
endif()

configure_package_config_file(cmake/bitnet-config.cmake.in
    ${PROJECT_BINARY_DIR}/package/bitnet-config.cmake INSTALL_DESTINATION ${_package})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/bitnet-config-version.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    ${PROJECT_BINARY_DIR}/package/bitnet-config.cmake
    ${PROJECT_BINARY_DIR}/package/bitnet-config-version.cmake
    DESTINATION ${_package})

# pkg-config: relative to the file itself, so that the tree may be moved.
file(RELATIVE_PATH BITNET_PC_TO_PREFIX
    ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(bitnet.pc.in ${PROJECT_BINARY_DIR}/package/bitnet.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/bitnet.pc
    DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
