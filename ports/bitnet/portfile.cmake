# SPDX-License-Identifier: MIT
# An overlay port. vcpkg takes a port for unchanged while the files beside this one are, so the sources
# lie among them, in an archive that git makes:
#
#   git archive -o ports/bitnet/source.tar HEAD
#   vcpkg install bitnet --classic --overlay-ports=ports
if(NOT EXISTS "${CURRENT_PORT_DIR}/source.tar")
    message(FATAL_ERROR "${CURRENT_PORT_DIR} lacks the sources. Run this in the checkout of bitnet:
    git archive -o ports/bitnet/source.tar HEAD")
endif()
vcpkg_extract_source_archive(SOURCE_PATH
    ARCHIVE "${CURRENT_PORT_DIR}/source.tar"
    NO_REMOVE_ONE_LEVEL)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES dispatch BITNET_INSTALL_DISPATCH)
if(NOT "dispatch" IN_LIST FEATURES)
    set(VCPKG_BUILD_TYPE release) # headers only: one build serves both
endif()

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DBITNET_BUILD_TESTS=OFF
        -DBITNET_BUILD_BENCH=OFF
        -DBITNET_BUILD_EXAMPLES=OFF)
vcpkg_cmake_install()
if("dispatch" IN_LIST FEATURES)
    vcpkg_cmake_config_fixup(PACKAGE_NAME bitnet-dispatch CONFIG_PATH lib/cmake/bitnet-dispatch)
endif()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/bitnet)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/share/licenses")

file(INSTALL "${CURRENT_PORT_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
