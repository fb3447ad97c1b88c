// SPDX-License-Identifier: MIT
// The rules of stochastic_sign(), and which random numbers it takes.
#pragma once

#include <cstdint>

#include <bitnet/config.hpp>

namespace BITNET_NAMESPACE {

/// +1 iff u < sigmoid(beta * x), so P(+1) = sigmoid(beta x), and the mean is tanh(beta x / 2), not
/// x.
struct Bernoulli {
    BITNET_HIDDEN static constexpr const char* name = "stochastic_sign bernoulli";
    float beta = 0.5f;
};

/// sign(x - T log(-log u)), u uniform: Gumbel noise of temperature T, as papers write it. Its mean
/// is not 0 but gamma T (gamma = 0.5772...), which pulls the signs towards +1.
struct Gumbel {
    BITNET_HIDDEN static constexpr const char* name = "stochastic_sign gumbel";
    float temperature = 1.0f;
};

/// sign((x - T log(-log u)) - gamma T): the same noise with its mean taken off.
struct CentredGumbel {
    BITNET_HIDDEN static constexpr const char* name = "stochastic_sign centred gumbel";
    float temperature = 1.0f;
};

/// Which random numbers a batch takes: its token t has number first_token + t in stream `stream` of
/// the seed (say, one stream per layer). A batch split in two gives the same bits when the second
/// part's first_token says so.
struct Draws {
    std::uint64_t seed = 0;
    std::uint32_t stream = 0;
    std::uint64_t first_token = 0;
};

} // namespace BITNET_NAMESPACE
