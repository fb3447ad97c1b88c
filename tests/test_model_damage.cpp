// SPDX-License-Identifier: MIT
// Every damaged or hostile .bitnet file is refused with a message. Run under ASan and UBSan as
// well: refusing must not read a byte outside.
#include "error.hpp"
#include "model_bytes.hpp"
#include "model_file.hpp"
#include "tiny_model.hpp"
#include "weights.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace bitnet::example;
using namespace model_bytes;

namespace {

void check_refused(const Bytes& file, const std::string& why) {
    const std::string message = refusal(file);
    CAPTURE(message, why);
    CHECK(message.starts_with("m: "));
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
}

} // namespace

TEST_CASE("every flipped bit is noticed") {
    const Bytes file = small_file();
    REQUIRE(refusal(file).empty());
    for (std::size_t at = 0; at < file.size(); ++at) {
        Bytes damaged = file;
        damaged[at] ^= static_cast<std::byte>(1u << (at % 8));
        CAPTURE(at);
        REQUIRE_FALSE(refusal(damaged).empty());
    }
    const Bytes large = tiny::make({}).file();
    for (std::size_t at = 0; at < large.size(); at += 97) {
        Bytes damaged = large;
        damaged[at] = ~damaged[at];
        REQUIRE_FALSE(refusal(damaged).empty());
    }
}

TEST_CASE("flipped bytes behind a right checksum are refused or harmless") {
    const Bytes file = small_file();
    const std::size_t head = get<std::uint32_t>(file, at_header_bytes);
    for (std::size_t at = 8; at < head; ++at) {
        for (const unsigned mask : {0x01u, 0x80u, 0xFFu}) {
            Bytes damaged = file;
            damaged[at] ^= static_cast<std::byte>(mask);
            seal(damaged);
            const tiny::Aligned copy(damaged);
            try { // names and config values may change; whatever is accepted must be readable
                const ModelFile model("m", copy.bytes());
                for (const TensorInfo& tensor : model.tensors()) {
                    REQUIRE(model.bytes(tensor).size() == tensor.bytes);
                    if (value_bytes(tensor.kind) != 0 && tensor.kind != kind_named("u16")) {
                        static_cast<void>(model.floats(tensor));
                    }
                }
            } catch (const UserError&) {
            }
        }
    }
}

TEST_CASE("a file that is too short or too long is refused") {
    const Bytes file = small_file();
    for (std::size_t size = 0; size < file.size(); ++size) {
        Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        REQUIRE_FALSE(refusal(cut).empty());
        if (size >= 64) { // and with a header that agrees with the size
            put<std::uint64_t>(cut, at_file_bytes, size);
            seal(cut);
            REQUIRE_FALSE(refusal(cut).empty());
        }
    }
    Bytes longer = file;
    longer.resize(file.size() + 64);
    check_refused(longer, "the header states");
    put<std::uint64_t>(longer, at_file_bytes, longer.size());
    seal(longer);
    check_refused(longer, "does not end where its last tensor does");
}

TEST_CASE("hostile headers") {
    const auto with = [](const std::function<void(Bytes&)>& change) {
        Bytes file = small_file();
        change(file);
        seal(file);
        return file;
    };
    const auto header32 = [&](std::size_t at, std::uint32_t value) {
        return with([=](Bytes& file) { put(file, at, value); });
    };
    check_refused(header32(0, 0), "not a .bitnet file");
    check_refused(header32(at_version, 0), "version 0");
    check_refused(header32(at_version, 3), "version 3");
    check_refused(header32(at_version, 2), "its config is one of version 1");
    check_refused(header32(at_json_bytes, 0xFFFFFFC0u), "JSON size");
    check_refused(header32(at_json_bytes, 100), "JSON size");
    check_refused(header32(at_tensors, 0xFFFFFFFFu), "tensors; the cap");
    check_refused(header32(at_tensors, 4), "do not fit together");
    check_refused(header32(at_header_bytes, 0), "do not fit together");
    check_refused(header32(at_header_bytes, 0xFFFFFFFFu), "do not fit together");
    check_refused(header32(40, 1), "reserved bytes");
    check_refused(header32(60, 1), "reserved bytes");
}

TEST_CASE("hostile records") {
    const auto with = [](std::size_t index, std::size_t field, std::uint64_t value) {
        Bytes file = small_file();
        put(file, record(file, index) + field, value);
        seal(file);
        return file;
    };
    constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    check_refused(with(0, rec_kind, 4), "unknown kind 4");
    check_refused(with(0, rec_kind, 99), "unknown kind 99");
    check_refused(with(0, rec_kind, std::uint64_t{1} << 32),
                  "reserved bytes"); // kind 0, reserved 1
    check_refused(with(0, rec_zero, 1), "reserved bytes");
    check_refused(with(0, rec_zero + 8, 1), "reserved bytes");
    for (const std::uint64_t extent :
         {std::uint64_t{0}, huge, std::uint64_t{1} << 31, std::uint64_t{1} << 62}) {
        check_refused(with(0, rec_rows, extent), "impossible shape");
        check_refused(with(0, rec_cols, extent), "impossible shape");
    }
    check_refused(with(0, rec_rows, (std::uint64_t{1} << 31) - 1), "do not fit its shape");
    for (const std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{64}, huge, huge - 63, std::uint64_t{1} << 63}) {
        check_refused(with(1, rec_offset, offset), "does not lie where it must");
    }
    for (const std::uint64_t bytes : {std::uint64_t{0}, huge, huge - 127, std::uint64_t{1} << 40}) {
        check_refused(with(1, rec_bytes, bytes), "does not lie where it must");
    }
    check_refused(with(1, rec_bytes, 12), "do not fit its shape");
    check_refused(with(1, rec_checksum, 0), "checksum of tensor b");
    // 2^31 - 1 by 2^31 - 1 values, whose bytes overflow 64 bits if taken carelessly
    Bytes file = with(0, rec_rows, (std::uint64_t{1} << 31) - 1);
    put(file, record(file, 0) + rec_cols, (std::uint64_t{1} << 31) - 1);
    seal(file);
    check_refused(file, "do not fit its shape");
}

TEST_CASE("hostile names") {
    const auto named = [](const std::string& name, bool terminated = true) {
        Bytes file = small_file();
        const std::size_t at = record(file, 1);
        std::memset(file.data() + at, terminated ? 0 : 'x', 64);
        std::memcpy(file.data() + at, name.data(), name.size());
        seal(file);
        return file;
    };
    CHECK(refusal(named("other")).empty());
    check_refused(named("a"), "is twice");
    check_refused(named(""), "illegal name");
    check_refused(named("", false), "illegal name"); // no terminating zero
    check_refused(named(std::string("x\0y", 3)), "illegal name");
    check_refused(named("line\nend"), "illegal name");
    check_refused(named("\xC3\xA9"), "illegal name");
    check_refused(named("a b"), "illegal name");
    check_refused(named("x\x7F"), "illegal name");
}

TEST_CASE("bytes between tensors must be zero") {
    const Bytes file = small_file();
    const std::size_t head = get<std::uint32_t>(file, at_header_bytes);
    for (const std::size_t gap : {head + 24, head + 63, head + 64 + 10}) {
        Bytes damaged = file;
        damaged[gap] = std::byte{1};
        check_refused(damaged, "not zero");
    }
    Bytes damaged = file;
    damaged.back() = std::byte{1};
    check_refused(damaged, "does not end");
}

TEST_CASE("a tokenizer that is not sound is refused in one line that names the file once") {
    const auto refused = [](std::span<const std::array<std::uint16_t, 2>> merges, std::size_t cols,
                            const std::string& message) {
        std::vector<std::uint16_t> ids;
        for (const auto& [left, right] : merges) ids.insert(ids.end(), {left, right});
        const Bytes words = file_words::bytes_of(ids);
        ModelWriter writer(tiny::make({}).config);
        writer.add("tokenizer.merges", kind_named("u16"), 2 * merges.size() / cols, cols, words);
        const tiny::Aligned copy(tiny::bytes_of(writer));
        const ModelFile file("m", copy.bytes());
        CHECK_THROWS_WITH(load_tokenizer(file), message);
    };
    const std::vector<std::array<std::uint16_t, 2>> merges = {{1, 2}, {3, 4}};
    refused(merges, 4, "m: tensor tokenizer.merges must be u16 with 2 columns");
    refused(std::vector<std::array<std::uint16_t, 2>>{{1, 2}, {999, 4}}, 2,
            "m: tokenizer: merge 1 joins id 999, which is not an earlier token");
    std::vector<std::array<std::uint16_t, 2>> many; // seven, where the vocabulary has room for six
    for (std::uint16_t left = 0; left < 7; ++left) {
        many.push_back({left, 0});
    }
    refused(many, 2, "m: tokenizer: more tokens than the model's vocabulary");
}
