// SPDX-License-Identifier: MIT
// The right answers of the float functions: the expressions of their documentation, one operation
// at a time. float_oracle.cpp is compiled with -ffp-contract=off and includes no header of the
// library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace oracle {

float exp(float x);
float log(float x);
float sigmoid(float x);
float tanh(float x);

float dot(const float* a, const float* b, std::size_t n);
float mean_abs(const float* x, std::size_t n);
float absmax(const float* x, std::size_t n);

/// One token.
std::vector<float> rms_norm(const std::vector<float>& x, const std::vector<float>& weight,
                            float eps);
std::vector<float> softmax(std::vector<float> x);
/// One head.
std::vector<float> rope(const std::vector<float>& x, const std::vector<float>& cosines,
                        const std::vector<float>& sines);

/// The unnormalized Walsh-Hadamard transform of a block, then its factor.
std::vector<float> hadamard(std::vector<float> v);

/// Codes of 2, 4, 8 or 16 bits and their scale, of finite values.
void encode(const std::vector<float>& x, unsigned bits, std::vector<std::uint16_t>& u,
            float& scale);

/// What dots of codes make of their float.
float shortened(float x);

float squared_relu_gate(float gate, float up);
float silu_gate(float gate, float up);
int bitglu(float gate, float up);

/// A random number of Philox4x32-10, and the stochastic signs for it.
float uniform(std::uint64_t seed, std::uint32_t element, std::uint64_t token, std::uint32_t stream);
int bernoulli(float x, float beta, float u);
int gumbel(float x, float temperature, float u);
int centred_gumbel(float x, float temperature, float u);

} // namespace oracle
