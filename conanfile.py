# SPDX-License-Identifier: MIT
# Conan 2 recipe for the headers. Not tried by the maintainers: no Conan at hand.
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version


class BitnetConan(ConanFile):
    name = "bitnet"
    description = "1-bit and ternary neural network layers for CPUs"
    license = "MIT"
    topics = ("neural-networks", "quantization", "simd", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = ("CMakeLists.txt", "LICENSE", "bitnet.pc.in", "cmake/*", "include/*", "src/*")
    no_copy_source = True
    generators = "CMakeDeps"

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include", "bitnet", "version.hpp"))
        self.version = re.search(r'BITNET_VERSION_STRING "([^"]+)"', header).group(1)

    def requirements(self):
        self.requires("xsimd/[>=13.2 <15]", transitive_headers=True)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        floor = {"gcc": "12", "clang": "14", "apple-clang": "14", "msvc": "193"}
        oldest = floor.get(str(self.settings.compiler))
        if oldest and Version(self.settings.compiler.version) < oldest:
            raise ConanInvalidConfiguration(f"{self.settings.compiler} {oldest} or newer is needed")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("TESTS", "BENCH", "EXAMPLES"):
            toolchain.cache_variables[f"BITNET_BUILD_{option}"] = False
        toolchain.cache_variables["BITNET_INSTALL_DISPATCH"] = False
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "bitnet")
        self.cpp_info.set_property("cmake_target_name", "bitnet::bitnet")
        self.cpp_info.set_property("pkg_config_name", "bitnet")
