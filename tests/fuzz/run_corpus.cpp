// SPDX-License-Identifier: MIT
// Feeds a fuzz target a fixed set of pseudo-random inputs and those of a corpus, so that any
// compiler can run it as a test; with libFuzzer it is left out. Usage: fuzz INPUTS [CORPUS], of
// which each line is an input in hexadecimal digits.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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
    const unsigned long inputs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 3000;
    Random random{88172645463325252u};
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
    unsigned long kept = 0;
    if (argc > 2) {
        std::FILE* const corpus = std::fopen(argv[2], "r");
        if (corpus == nullptr) {
            std::perror(argv[2]);
            return 1;
        }
        bytes.clear();
        char digits[3] = {};
        std::size_t n = 0;
        const auto end_line = [&] {
            LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
            bytes.clear();
            n = 0;
            ++kept;
        };
        // Character by character: what std::getline() fills is not known to MemorySanitizer.
        for (int c; (c = std::fgetc(corpus)) != EOF;) {
            if (c == '\n') {
                end_line();
                continue;
            }
            digits[n % 2] = static_cast<char>(c);
            if (++n % 2 == 0) {
                bytes.push_back(static_cast<std::uint8_t>(std::strtoul(digits, nullptr, 16)));
            }
        }
        if (n != 0) end_line();
        std::fclose(corpus);
    }
    std::printf("%lu inputs, %lu of the corpus\n", inputs, kept);
    return 0;
}
