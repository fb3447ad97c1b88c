# SPDX-License-Identifier: MIT
# Conan 2 recipe of the tree it lies in: conan create . --build=missing -s compiler.cppstd=20
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.1"


class BitnetConan(ConanFile):
    name = "bitnet"
    description = "1-bit and ternary neural network layers for CPUs"
    license = "MIT"
    topics = ("neural-networks", "quantization", "simd", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"dispatch": [True, False]}  # the compiled library bitnet::dispatch
    default_options = {"dispatch": False}
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"
    no_copy_source = True

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include", "bitnet", "version.hpp"))
        self.version = ".".join(re.findall(r"define BITNET_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))

    def configure(self):
        if self.options.dispatch:
            self.package_type = "static-library"

    def requirements(self):
        oldest = "14" if str(self.settings.arch).startswith("armv8") else "13.2"
        self.requires(f"xsimd/[>={oldest} <15]", transitive_headers=True)

    def package_id(self):
        if not self.info.options.dispatch:
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
        if not self.options.dispatch:
            return
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "BENCH", "EXAMPLES"):
            toolchain.cache_variables[f"BITNET_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        if self.options.dispatch:
            cmake = CMake(self)
            cmake.configure()
            cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        if not self.options.dispatch:  # needs no compiler
            copy(self, "include/*.hpp", self.source_folder, self.package_folder)
            return
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "share"))
        for folder in ("cmake", "pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, "lib", folder))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "bitnet")
        # As the installed CMake package: before 1.0 a minor version may change the API.
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        headers = self.cpp_info
        if self.options.dispatch:
            self.cpp_info.set_property("cmake_target_name", "bitnet::all")
            headers = self.cpp_info.components["headers"]
            headers.requires = ["xsimd::xsimd"]
            dispatch = self.cpp_info.components["dispatch"]
            dispatch.set_property("cmake_target_name", "bitnet::dispatch")
            dispatch.set_property("pkg_config_name", "bitnet-dispatch")
            dispatch.requires = ["headers"]
            dispatch.libs = ["bitnet_dispatch"]
            dispatch.bindirs = []
        headers.set_property("cmake_target_name", "bitnet::bitnet")
        headers.set_property("pkg_config_name", "bitnet")
        headers.bindirs = headers.libdirs = []
