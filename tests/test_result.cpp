// SPDX-License-Identifier: MIT
// Result<T>: reads like std::expected, owns its value exactly once.
#include <bitnet/result.hpp>

#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include <catch2/catch_test_macros.hpp>

using bitnet::Errc;
using bitnet::Error;
using bitnet::Result;

namespace {

/// Counts how many of it are alive.
struct Counted {
    static inline int alive = 0;
    int value;
    explicit Counted(int v) noexcept : value(v) { ++alive; }
    Counted(Counted&& other) noexcept : value(std::exchange(other.value, -1)) { ++alive; }
    Counted& operator=(Counted&&) noexcept = default;
    ~Counted() { --alive; }
};

Result<Counted> made(int v) {
    if (v < 0) return Error{Errc::bad_code, 7};
    return Counted(v);
}

} // namespace

TEST_CASE("a result with a value", "[result]") {
    Result<Counted> r = made(5);
    REQUIRE(r);
    CHECK(r.has_value());
    CHECK((*r).value == 5);
    CHECK(r->value == 5);
    CHECK(r.value().value == 5);
    const Result<Counted>& view = r;
    CHECK(view->value == 5);
    CHECK((*view).value == 5);
    CHECK(view.value().value == 5);
    const Counted taken = std::move(r).value();
    CHECK(taken.value == 5);
    CHECK(r->value == -1);
    Counted out = *made(9);
    CHECK(out.value == 9);
}

TEST_CASE("a result with an error", "[result]") {
    Result<Counted> r = made(-1);
    REQUIRE_FALSE(r);
    CHECK_FALSE(r.has_value());
    CHECK(r.error().code == Errc::bad_code);
    CHECK(r.error().where == 7);
    CHECK_FALSE(r.error().message().empty());
    try {
        r.value();
        FAIL("value() of an error returned");
    } catch (const bitnet::BadResultAccess& e) {
        CHECK(e.error.code == Errc::bad_code);
        CHECK(std::string(e.what()) == "bad_code at 7: code is outside the format's code set");
    }
    CHECK_THROWS_AS(std::move(r).value(), bitnet::BadResultAccess);
    CHECK_THROWS_AS(std::as_const(r).value(), std::exception);
}

TEST_CASE("a result owns its value once", "[result]") {
    Counted::alive = 0;
    {
        Result<Counted> a = made(1);
        CHECK(Counted::alive == 1);
        Result<Counted> b = std::move(a);
        CHECK(b->value == 1);
        CHECK(Counted::alive == 2); // a holds a moved-from value
        b = made(2);
        CHECK(b->value == 2);
        b = made(-1); // value -> error
        CHECK_FALSE(b);
        CHECK(Counted::alive == 1);
        b = made(3); // error -> value
        REQUIRE(b);
        CHECK(b->value == 3);
        Result<Counted>& same = b;
        b = std::move(same);
        REQUIRE(b);
        CHECK(b->value == 3);
    }
    CHECK(Counted::alive == 0);

    Result<std::unique_ptr<int>> p = std::make_unique<int>(4);
    REQUIRE(p);
    const std::unique_ptr<int> q = *std::move(p);
    CHECK(*q == 4);
}

TEST_CASE("a result without a value", "[result]") {
    const Result<void> fine;
    CHECK(fine);
    const Result<void> bad = Error{Errc::misaligned, 3};
    CHECK_FALSE(bad);
    CHECK(bad.error().code == Errc::misaligned);
    CHECK(bad.error().where == 3);
    STATIC_CHECK_FALSE(std::is_convertible_v<Result<void>, bool>); // explicit, as std::expected
    STATIC_CHECK_FALSE(std::is_convertible_v<Result<int>, bool>);
    STATIC_CHECK_FALSE(std::is_copy_constructible_v<Result<int>>);
}

TEST_CASE("every error has its own message", "[result]") {
    std::set<std::string> messages;
    std::set<std::string_view> names;
    const Errc all[] = {Errc::wrong_size, Errc::empty_shape, Errc::too_large,  Errc::bad_code,
                        Errc::bad_weight, Errc::bad_scale,   Errc::bad_bias,   Errc::bad_group,
                        Errc::bad_header, Errc::bad_padding, Errc::misaligned, Errc::out_of_memory};
    for (Errc code : all) {
        const std::string_view text = Error{code}.message();
        CHECK(text != "unknown error");
        CHECK(messages.insert(std::string(text)).second);
        CHECK(text.data()[text.size()] == '\0'); // as C strings, too
        CHECK(names.insert(to_string(code)).second);
    }
    CHECK(to_string(Errc::wrong_size) == "wrong_size");
    CHECK(to_string(Errc::bad_group) == "bad_group");
    CHECK(to_string(Errc::out_of_memory) == "out_of_memory");
    CHECK(to_string(static_cast<Errc>(77)) == "unknown");
    CHECK(Error{static_cast<Errc>(77)}.message() == "unknown error");
}

TEST_CASE("an error may bring its own sentence", "[result]") {
    const Error error{Errc::bad_code, 3, "binary codes are -1 and 1"};
    CHECK(error.message() == "binary codes are -1 and 1");
    const auto what = [](Error e) { return std::string(bitnet::BadResultAccess(e).what()); };
    CHECK(what(error) == "bad_code at 3: binary codes are -1 and 1");
    CHECK(what({Errc::bad_weight, 0}) == "bad_weight at 0: weight is NaN or infinite");
    CHECK(what({Errc::bad_weight, static_cast<std::size_t>(-1)}) ==
          "bad_weight at " + std::to_string(static_cast<std::size_t>(-1)) +
              ": weight is NaN or infinite");
    // No element is to blame.
    CHECK(what({Errc::out_of_memory}) == "out_of_memory: out of memory");
    CHECK(what({Errc::too_large}) == "too_large: shape is too large");
    // A sentence of any length is cut rather than written beyond its room.
    const std::string endless(1000, 'x');
    CHECK(what({Errc::bad_code, 1, endless.c_str()}).size() == 159);
}
