# SPDX-License-Identifier: MIT
# Install rules. Headers and their package files go to share/: they name no architecture, although
# those configured on 64-bit ARM ask for a newer xsimd. The compiled bitnet::dispatch and its
# package files go to the library folder, and a package may leave them out.
include(CMakePackageConfigHelpers)

set(_package ${CMAKE_INSTALL_DATADIR}/cmake/bitnet)

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/bitnet)
install(DIRECTORY include/bitnet TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
install(TARGETS bitnet EXPORT bitnet-targets)
install(EXPORT bitnet-targets NAMESPACE bitnet:: DESTINATION ${_package})
# Where bitnet-config.cmake looks for bitnet::dispatch. CMake itself knows lib/<architecture>, which
# would make this file another one on each architecture of a multiarch system.
file(RELATIVE_PATH BITNET_LIBDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
if(CMAKE_LIBRARY_ARCHITECTURE)
    string(REPLACE "/${CMAKE_LIBRARY_ARCHITECTURE}" "" BITNET_LIBDIR "${BITNET_LIBDIR}")
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

# bitnet_install_pkgconfig(<name> <folder>): <name>.pc, whose paths are relative to the file itself, so
# that the installed tree may be moved.
function(bitnet_install_pkgconfig name folder)
    set(prefix ${CMAKE_INSTALL_PREFIX})
    cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY ${prefix} OUTPUT_VARIABLE here)
    file(RELATIVE_PATH BITNET_PC_PREFIX ${here}/pkgconfig ${prefix})
    file(RELATIVE_PATH BITNET_PC_INCLUDEDIR ${prefix} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
    file(RELATIVE_PATH BITNET_PC_LIBDIR ${prefix} ${CMAKE_INSTALL_FULL_LIBDIR})
    configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/package/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc DESTINATION ${folder}/pkgconfig)
endfunction()
bitnet_install_pkgconfig(bitnet ${CMAKE_INSTALL_DATADIR})

if(BITNET_INSTALL_DISPATCH)
    # A CMake package of its own, which only bitnet-config.cmake looks for.
    set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/bitnet-dispatch)
    install(TARGETS bitnet_dispatch EXPORT bitnet-dispatch-targets ARCHIVE)
    install(EXPORT bitnet-dispatch-targets NAMESPACE bitnet:: DESTINATION ${_package})
    write_basic_package_version_file(
        ${PROJECT_BINARY_DIR}/package/bitnet-dispatch-config-version.cmake COMPATIBILITY ExactVersion)
    install(FILES
        cmake/bitnet-dispatch-config.cmake
        ${PROJECT_BINARY_DIR}/package/bitnet-dispatch-config-version.cmake
        DESTINATION ${_package})
    bitnet_install_pkgconfig(bitnet-dispatch ${CMAKE_INSTALL_LIBDIR})
endif()
