// SPDX-License-Identifier: MIT
// A layer is its bytes: write them to a file, map the file, and run the layer in place.
// prints: 4224 bytes mapped, y = -127 0
#include <bitnet/bitlinear.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

using Layer = bitnet::BitLinear<bitnet::Ternary, bitnet::Int8>;

int main() {
    constexpr std::size_t rows = 32, cols = 500;
    std::vector<std::int8_t> codes(rows * cols); // -1, 0, 1
    for (std::size_t i = 0; i < codes.size(); ++i) {
        codes[i] = static_cast<std::int8_t>(static_cast<int>(i % 3) - 1);
    }
    const std::vector<float> scale{1};
    const Layer made = Layer::from_codes(codes, rows, cols, scale).value();

    std::FILE* const file = std::tmpfile(); // in your engine: a file that stays
    if (!file || write(fileno(file), made.bytes().data(), made.bytes().size()) < 0) return 1;

    // A mapping begins at a page, so at a multiple of 64; a layer inside a file must too.
    const std::size_t size = made.bytes().size();
    const void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    if (mapped == MAP_FAILED) return 1;
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(mapped), size);
    const auto layer = Layer::map_packed(bytes); // checks the header, scales and bias
    if (!layer || !layer->verify()) return 1;    // of a file from a stranger: scans the codes too

    std::vector<float> x(cols), y(rows);
    for (std::size_t i = 0; i < cols; ++i) x[i] = i < 2 ? 127.0f : 0;
    std::vector<std::byte> scratch(layer->scratch_bytes(1));
    layer->forward(x, y, 1, scratch);
    std::printf("%zu bytes mapped, y = %g %g\n", size, y[0], y[1]);
}
