# SPDX-License-Identifier: MIT
# Builds and runs a consumer of each part of the package.
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class BitnetTestConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False  # no CMakeUserPresets.json among the sources
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        programs = ["headers"]
        if self.dependencies["bitnet"].options.dispatch:
            programs.append("dispatch")
        for program in programs:
            if can_run(self):
                self.run(os.path.join(self.cpp.build.bindir, program), env="conanrun")
