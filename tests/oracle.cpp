// SPDX-License-Identifier: MIT
// See oracle.hpp. Nothing here is fast, and nothing here is shared with the library.
#include "oracle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

namespace oracle {

namespace {

// Layouts by their numbers in docs/formats.md.
enum : unsigned { row_major = 1, rows16 = 2, planes16 = 3, six16 = 5, dense = 6 };

float mean_size(std::span<const float> x) {
    std::vector<float> sizes(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) sizes[i] = std::fabs(x[i]);
    const float sum = sum16(sizes);
    return sum / static_cast<float>(x.size());
}

float deviation_of_size(std::span<const float> x) {
    const float mean = mean_size(x);
    std::vector<float> squares(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float distance = std::fabs(x[i]) - mean;
        squares[i] = distance * distance;
    }
    const float variance = sum16(squares) / static_cast<float>(x.size());
    return std::sqrt(variance);
}

double sum_of_weights(std::span<const float> w, bool sizes) {
    double partial[16] = {};
    for (std::size_t i = 0; i < w.size(); ++i) {
        partial[i % 16] += sizes ? std::fabs(static_cast<double>(w[i])) : static_cast<double>(w[i]);
    }
    for (int width : {8, 4, 2, 1}) {
        for (int i = 0; i < width; ++i) partial[i] += partial[i + width];
    }
    return partial[0];
}

float mean_of_weights(std::span<const float> w, bool sizes) {
    return static_cast<float>(sum_of_weights(w, sizes) / static_cast<double>(w.size()));
}

std::size_t groups_of(const Weights& w) {
    return w.group == 0 ? 1 : (w.cols + w.group - 1) / w.group;
}

std::int64_t dot(const Weights& w, const Tokens& x, std::size_t r, std::size_t t, std::size_t begin,
                 std::size_t end) {
    std::int64_t sum = 0;
    for (std::size_t c = begin; c < end; ++c) {
        sum += w.codes[r * w.cols + c] * x.codes[t * x.cols + c];
    }
    return sum;
}

std::size_t group_of(Rule rule) {
    return rule == Rule::int8_by_32 ? 32 : rule == Rule::int8_by_64 ? 64 : 128;
}

/// int8 with a factor for each `group` columns of a token.
void quantize_by_group(std::span<const float> row, std::size_t group, Tokens& out) {
    for (std::size_t begin = 0; begin < row.size(); begin += group) {
        const auto part = row.subspan(begin, std::min(group, row.size() - begin));
        bool finite = true;
        float most = 1e-5f;
        for (float v : part) {
            finite = finite && std::isfinite(v);
            most = std::fmax(most, std::fabs(v));
        }
        const float scaled_by = 127.0f / most;
        for (float v : part) {
            const float scaled = v * scaled_by;
            out.codes.push_back(finite ? static_cast<int>(std::nearbyint(scaled)) : 0);
        }
        out.factors.push_back(finite ? most / 127.0f : std::numeric_limits<float>::quiet_NaN());
    }
}

float scale_at(const Weights& w, std::size_t r, std::size_t c) {
    if (w.group == 0) return w.scales.size() == 1 ? w.scales[0] : w.scales[r];
    return w.scales[r * groups_of(w) + c / w.group];
}

/// A result where tokens have a factor for each group of columns: a sum over the groups, those of
/// the weights or of the tokens, whichever have fewer columns.
float sum_of_groups(const Weights& w, const Tokens& x, std::size_t r, std::size_t t) {
    const std::size_t groups = (x.cols + x.group - 1) / x.group;
    const std::size_t step = w.group == 0 ? x.group : std::min(x.group, w.group);
    float v = 0.0f;
    for (std::size_t begin = 0; begin < w.cols; begin += step) {
        const std::size_t end = std::min(w.cols, begin + step);
        const float scale = scale_at(w, r, begin) * x.factors[t * groups + begin / x.group];
        const float product = static_cast<float>(dot(w, x, r, t, begin, end)) * scale;
        v = v + product;
    }
    return v;
}

} // namespace

float sum16(std::span<const float> v) {
    float partial[16] = {};
    for (std::size_t i = 0; i < v.size(); ++i) partial[i % 16] += v[i];
    for (int width : {8, 4, 2, 1}) {
        for (int i = 0; i < width; ++i) partial[i] += partial[i + width];
    }
    return partial[0];
}

Rule rule_named(std::string_view name) {
    constexpr std::pair<std::string_view, Rule> rules[] = {
        {"int8", Rule::int8},          {"int8g32", Rule::int8_by_32},
        {"int8g64", Rule::int8_by_64}, {"int8g128", Rule::int8_by_128},
        {"int4", Rule::int4},          {"int2", Rule::int2},
        {"sign", Rule::sign},          {"signnorm", Rule::sign_norm},
        {"signmean", Rule::sign_mean}};
    for (const auto& [known, rule] : rules) {
        if (name == known) return rule;
    }
    std::abort(); // a kind that has no rule here
}

Tokens quantize(Rule rule, const float* x, std::size_t tokens, std::size_t cols,
                std::size_t stride) {
    Tokens out{tokens, cols, rule == Rule::int8 || rule == Rule::int4, {}, {}};
    const bool by_group =
        rule == Rule::int8_by_32 || rule == Rule::int8_by_64 || rule == Rule::int8_by_128;
    if (by_group) out.group = group_of(rule);
    for (std::size_t t = 0; t < tokens; ++t) {
        const std::span<const float> row(x + t * stride, cols);
        if (by_group) {
            quantize_by_group(row, out.group, out);
            continue;
        }
        bool finite = true;
        float largest = 0.0f;
        for (float v : row) {
            finite = finite && std::isfinite(v);
            largest = std::fmax(largest, std::fabs(v));
        }
        float factor = 1.0f, scaled_by = 0.0f;
        if (rule == Rule::int8) {
            factor = scaled_by = 127.0f / std::fmax(largest, 1e-5f);
        } else if (rule == Rule::int4) {
            factor = scaled_by = 7.0f / std::fmax(largest, 1e-5f);
        } else if (rule == Rule::int2) {
            factor = std::fmax(largest, 1e-5f);
            scaled_by = 1.0f / factor;
        } else if (rule == Rule::sign_norm) {
            factor = deviation_of_size(row);
        } else if (rule == Rule::sign_mean) {
            factor = mean_size(row);
        }
        for (float v : row) {
            if (rule == Rule::int8 || rule == Rule::int4 || rule == Rule::int2) {
                const float scaled = v * scaled_by;
                out.codes.push_back(finite ? static_cast<int>(std::nearbyint(scaled)) : 0);
            } else {
                out.codes.push_back(v < 0.0f ? -1 : 1);
            }
        }
        out.factors.push_back(finite ? factor : std::numeric_limits<float>::quiet_NaN());
    }
    return out;
}

Weights quantize_weights(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                         WeightRule rule) {
    Weights out{rows, cols, rule.group, std::vector<std::int8_t>(rows * cols), {}, {}};
    const bool whole = rule.group == 0 && !rule.per_row;
    const std::size_t lines = whole ? 1 : rows, length = whole ? rows * cols : cols;
    const std::size_t slice = rule.group == 0 ? length : rule.group;
    for (std::size_t line = 0; line < lines; ++line) {
        for (std::size_t from = 0; from < length; from += slice) {
            const std::size_t n = std::min(slice, length - from), at = line * length + from;
            const std::span<const float> part(w.data() + at, n);
            if (rule.largest != 0) {
                float most = 1e-30f;
                for (float v : part) most = std::fmax(most, std::fabs(v));
                const float step = most / static_cast<float>(rule.largest);
                out.scales.push_back(step);
                for (std::size_t i = 0; i < n; ++i) {
                    out.codes[at + i] = static_cast<std::int8_t>(std::nearbyint(part[i] / step));
                }
                continue;
            }
            const float scale = std::fmax(mean_of_weights(part, true), 1e-5f);
            const float inverse = 1.0f / scale;
            const float centre = rule.centred ? mean_of_weights(part, false) : 0.0f;
            out.scales.push_back(scale);
            for (std::size_t i = 0; i < n; ++i) {
                const float v = part[i];
                float code = v < centre ? -1.0f : 1.0f;
                if (!rule.binary)
                    code = std::fmin(std::fmax(std::nearbyint(v * inverse), -1.0f), 1.0f);
                out.codes[at + i] = static_cast<std::int8_t>(code);
            }
        }
    }
    return out;
}

std::vector<std::int64_t> dots(const Weights& w, const Tokens& x) {
    std::vector<std::int64_t> y;
    for (std::size_t t = 0; t < x.tokens; ++t) {
        for (std::size_t r = 0; r < w.rows; ++r) y.push_back(dot(w, x, r, t, 0, w.cols));
    }
    return y;
}

std::vector<float> forward(const Weights& w, const Tokens& x) {
    const std::size_t groups = groups_of(w);
    std::vector<float> y;
    for (std::size_t t = 0; t < x.tokens; ++t) {
        for (std::size_t r = 0; r < w.rows; ++r) {
            float v = 0.0f;
            if (x.group != 0) {
                v = sum_of_groups(w, x, r, t);
            } else if (w.group == 0) {
                v = static_cast<float>(dot(w, x, r, t, 0, w.cols));
                v = x.divides ? v / x.factors[t] : v * x.factors[t];
                v = v * scale_at(w, r, 0);
            } else {
                for (std::size_t g = 0; g < groups; ++g) {
                    const std::size_t end = std::min(w.cols, (g + 1) * w.group);
                    const float part = static_cast<float>(dot(w, x, r, t, g * w.group, end));
                    const float product = part * w.scales[r * groups + g];
                    v = v + product;
                }
                v = x.divides ? v / x.factors[t] : v * x.factors[t];
            }
            if (!w.bias.empty()) v = v + w.bias[r];
            y.push_back(v);
        }
    }
    return y;
}

unsigned stored_for(unsigned layout, unsigned bits, int code) {
    if (layout == planes16) return code == 0 ? 0u : code < 0 ? 1u : 3u;
    if (bits == 1) return code > 0;
    return static_cast<unsigned>(bits == 2 ? code + 1 : code + (1 << (bits - 1)));
}

std::size_t stored_bytes(unsigned layout, unsigned bits, std::size_t rows, std::size_t cols) {
    if (layout == row_major) return rows * ((cols * bits + 63) / 64) * 8;
    const std::size_t blocks = (rows + 15) / 16, steps = (cols + 31) / 32;
    if (layout == dense) return blocks * ((cols + 255) / 256) * 13 * 64;
    return blocks * steps * bits * 64; // 16 rows x 32 columns x bits / 8
}

unsigned stored(unsigned layout, unsigned bits, const std::uint8_t* bytes, std::size_t cols,
                std::size_t r, std::size_t c) {
    const std::size_t steps = (cols + 31) / 32;
    const auto bit = [&](std::size_t at) {
        return static_cast<unsigned>(bytes[at / 8] >> at % 8 & 1);
    };
    if (layout == row_major) {
        const std::size_t row_bits = (cols * bits + 63) / 64 * 64;
        unsigned u = 0;
        for (unsigned b = 0; b < bits; ++b) u |= bit(r * row_bits + c * bits + b) << b;
        return u;
    }
    if (layout == dense) {
        const std::size_t lines = (cols + 255) / 256 * 13, line = c / 256 * 13 + c % 256 / 20;
        const unsigned byte = bytes[(r / 16 * lines + line) * 64 + r % 16 * 4 + c % 4];
        for (unsigned t = 0; t < 27; ++t) {
            for (unsigned p = 0; p < 9; ++p) {
                if (byte != (p == 0 ? t : 31 + 8 * t + p)) continue;
                const unsigned digits[] = {t / 9, t / 3 % 3, t % 3, p / 3, p % 3};
                if (c % 256 >= 240 && digits[4] != 0) return 3; // no column has it
                return digits[c % 256 % 20 / 4];
            }
        }
        return 3;
    }
    const std::size_t block = r / 16 * (steps * bits * 64), lane = r % 16;
    if (layout == rows16) {
        const std::size_t in_line = 32 / bits, line = c / in_line, k = c % in_line;
        const std::uint8_t byte = bytes[block + line * 64 + 4 * lane + k % 4];
        return byte >> (k / 4 * bits) & ((1u << bits) - 1);
    }
    if (layout == six16) {
        const std::uint8_t* const lines = bytes + block + c / 16 * 3 * 64 + 4 * lane + c % 4;
        if (c % 16 < 12) return lines[c % 16 / 4 * 64] % 64u;
        return lines[0] / 64u + lines[64] / 64u * 4 + lines[128] / 64u * 16;
    }
    const std::size_t k = c % 32, place = 8 * (k % 4) + k / 4;
    const std::size_t mask = (block + c / 32 * 128 + 4 * lane) * 8 + place;
    return bit(mask) + 2 * bit(mask + 64 * 8);
}

int token_code(Words words, const std::uint8_t* bytes, std::size_t tokens, std::size_t cols,
               std::size_t t, std::size_t c) {
    // Panels of eight tokens; the last of nine or more has at least four, and the one before it
    // fewer then. A panel is words of 32 bits, (step, plane, token).
    const std::size_t planes = words == Words::ternary ? 2 : 1;
    const std::size_t word_cols = words == Words::int8 ? 4 : 32;
    const std::size_t words_a_token = (cols + 31) / 32 * 32 / word_cols * planes;
    const std::size_t over = tokens % 8, few = tokens > 8 && over >= 1 && over <= 3;
    const std::size_t last = tokens - (few ? 4 : over), panel = t < last ? t / 8 * 8 : last;
    const std::size_t end = panel < last ? std::min(panel + 8, last) : tokens, width = end - panel;
    const std::size_t word = panel * words_a_token + (c / word_cols * planes * width) + (t - panel);
    if (words == Words::int8) return static_cast<std::int8_t>(bytes[word * 4 + c % 4]);
    const std::size_t k = c % 32, place = 8 * (k % 4) + k / 4;
    const auto bit = [&](std::size_t w) { return bytes[w * 4 + place / 8] >> place % 8 & 1; };
    return words == Words::sign ? bit(word) : bit(word) + 2 * bit(word + width);
}

} // namespace oracle
