// SPDX-License-Identifier: MIT
// The flag set of one set of flags, as data: it can be looked at on a CPU that cannot run the code.
#include <bitnet/isa.hpp>

namespace odr {
extern const unsigned long long FLAG_UNIT;
const unsigned long long FLAG_UNIT = bitnet::isa::flag_set;
} // namespace odr
