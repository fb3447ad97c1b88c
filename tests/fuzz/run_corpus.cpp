// SPDX-License-Identifier: MIT
// Feeds a fuzz target a fixed set of pseudo-random inputs, so that any compiler can run it as a
// test; with libFuzzer it is left out. Usage: fuzz [inputs [seed]], or files named on the line.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

struct Random {
    std::uint64_t state;
    std::uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
    }
};

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && !std::isdigit(static_cast<unsigned char>(argv[1][0]))) {
        for (int i = 1; i < argc; ++i) {
            std::ifstream file(argv[i], std::ios::binary);
            const std::string bytes{std::istreambuf_iterator<char>(file), {}};
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                   bytes.size());
        }
        return 0;
    }
    const unsigned long inputs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 3000;
    Random random{argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 88172645463325252u};
    std::vector<std::uint8_t> bytes;
    for (unsigned long i = 0; i < inputs; ++i) {
        // Lengths from nothing to a few thousand bytes; an odd second byte asks for something
        // sound, then damaged.
        bytes.resize(random.next() % (i % 4 ? 6000 : 200));
        for (auto& b : bytes) b = static_cast<std::uint8_t>(random.next() >> 24);
        if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(i % 251); // every case in turn
        if (bytes.size() > 1 && i % 8) bytes[1] |= 1;
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("%lu inputs\n", inputs);
    return 0;
}
