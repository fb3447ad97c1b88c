// SPDX-License-Identifier: MIT
// A cache-line-aligned array of plain values, and the type of the numbers that matrix products
// multiply.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace bitnet::train {

template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t size) { resize(size); }

    /// The new contents are zero; the old are gone.
    void resize(std::size_t size) {
        data_.reset(new (std::align_val_t{64}) T[size]{});
        size_ = size;
    }
    /// Grows only, so that a loop over batches soon stops allocating.
    void reserve(std::size_t size) {
        if (size > size_) resize(size);
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) { return data_.get()[i]; }
    const T& operator[](std::size_t i) const { return data_.get()[i]; }

private:
    struct Free {
        void operator()(T* p) const { ::operator delete[](p, std::align_val_t{64}); }
    };
    std::unique_ptr<T, Free> data_;
    std::size_t size_ = 0;
};

#ifdef BITNET_TRAIN_FLOAT_OPERANDS
/// For the test of the gradients: finite differences need more digits than bf16 has.
using operand = float;
inline float to_operand(float x) {
    return x;
}
inline float from_operand(float x) {
    return x;
}
#else
/// bf16, the upper half of a float, as the AMX units take it. Sums are f32.
using operand = std::uint16_t;

/// Round to nearest even by integer arithmetic, which vectorises everywhere; values here are
/// finite.
inline operand to_operand(float x) {
    const std::uint32_t u = std::bit_cast<std::uint32_t>(x);
    return static_cast<operand>((u + 0x7fffU + ((u >> 16U) & 1U)) >> 16U);
}

inline float from_operand(operand x) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16U);
}
#endif

} // namespace bitnet::train
