// SPDX-License-Identifier: MIT
// The self-test passes on every cluster, and names the function of a table that goes wrong: each in
// turn is replaced, in a copy of its table, by one that errs in a single bit of one of its outputs.
#include <bitnet/dispatch.hpp>
#include <bitnet/functions.hpp>
#include <bitnet/self_test.hpp>

#include <bit>
#include <concepts>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>

#include "support.hpp"

using namespace bitnet;

namespace {

const dispatch::Table& right() {
    return dispatch::table();
}
std::string_view tested(const dispatch::Table& table) {
    const char* wrong = dispatch::self_test(table);
    return wrong ? wrong : "nothing";
}

void change(float& v) {
    v = std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) ^ 1u);
}
template <std::integral T>
void change(T& v) {
    v = static_cast<T>(v ^ 1);
}

// What an argument of a function lets it write: places() of them, of which change(argument, i)
// changes one.
template <class T>
struct Output {
    static constexpr std::size_t places = 0;
};
template <class T>
requires(!std::is_const_v<T>) struct Output<T*> {
    static constexpr std::size_t places = 1;
    static void change_at(T* to, std::size_t) { change(to[0]); }
};
template <class T>
requires(!std::is_const_v<T>) struct Output<Matrix<T>> {
    static constexpr std::size_t places = 1;
    static void change_at(Matrix<T> y, std::size_t) { change(y.row(y.rows - 1)[y.cols - 1]); }
};
/// Codes, scales, sums; the sums of signs are nobody's.
template <class A>
struct Output<Quantized<A>> {
    static constexpr std::size_t places = std::is_same_v<codes_of<A>, Sign> ? 2 : 3;
    static void change_at(const Quantized<A>& q, std::size_t place) {
        if (place == 0) change(q.codes[q.layout().code_bytes() - 1]);
        if (place == 1) change(q.scales[3]);
        if (place == 2) change(q.sums[q.layout().groups() * q.tokens - 1]);
    }
};
/// Products read their tokens and write a matrix.
template <class F>
constexpr bool reads_tokens = false;
template <class P>
constexpr bool reads_tokens<functions::Gemm<P>> = true;
template <class P>
constexpr bool reads_tokens<functions::GemmDots<P>> = true;

/// How many tokens the batch has that a wrong product gets wrong.
std::size_t wrong_tokens;

template <class F, class Pointer>
struct Broken;
template <class F, class R, class... A>
struct Broken<F, R (*)(A...) noexcept> {
    template <class T>
    static constexpr std::size_t places_of = reads_tokens<F>&& requires(T t) {
        t.codes;
    }
    ? 0 : Output<T>::places;
    static constexpr std::size_t returned = std::is_void_v<R> ? 0 : 1;
    /// Of all that F writes: what it returns, then each argument's.
    static constexpr std::size_t places = (returned + ... + places_of<A>);

    static inline std::size_t place; ///< which of them is wrong

    static R run(A... arguments) noexcept {
        std::size_t first = returned;
        const auto change_one = [&]<class T>(const T& argument) {
            if constexpr (places_of < T >> 0) {
                if (place >= first && place < first + places_of<T>) {
                    Output<T>::change_at(argument, place - first);
                }
                first += places_of<T>;
            }
        };
        const auto is_wrong = [&]() {
            if constexpr (reads_tokens<F>) {
                return std::get<1>(std::tie(arguments...)).tokens == wrong_tokens;
            }
            return true;
        };
        if constexpr (std::is_void_v<R>) {
            right().get<F>()(arguments...);
            if (is_wrong()) (change_one(arguments), ...);
        } else {
            R result = right().get<F>()(arguments...);
            if (place == 0) change(result);
            (change_one(arguments), ...);
            return result;
        }
    }

    static dispatch::Table table() {
        dispatch::Table copy = right();
        static_cast<isa::Slot<F>&>(copy).function = &run;
        return copy;
    }
};
template <class F>
using broken = Broken<F, decltype(isa::Slot<F>::function)>;

} // namespace

TEST_CASE("every cluster passes its self-test", "[self_test]") {
    for (const auto* table : support::clusters()) {
        CAPTURE(table->name);
        CHECK(tested(*table) == "nothing");
    }
    CHECK(dispatch::self_test() == nullptr);
    CHECK(self_test<isa::dynamic>() == nullptr);
}

TEMPLATE_LIST_TEST_CASE("any wrong output of a function is found and named", "[self_test]",
                        all_functions) {
    static_assert(broken<TestType>::places > 0);
    for (std::size_t place = 0; place < broken<TestType>::places; ++place) {
        broken<TestType>::place = place;
        for (wrong_tokens = 1; wrong_tokens <= (reads_tokens<TestType> ? 9 : 1); ++wrong_tokens) {
            CAPTURE(place, wrong_tokens);
            CHECK(tested(broken<TestType>::table()) == TestType::name);
        }
    }
}

namespace {

/// Wrong where a chunk of 16 ends alone.
template <class F, class... A>
float wrong_at_17(A... arguments) noexcept {
    float s = right().get<F>()(arguments...);
    if (std::get<sizeof...(A) - 1>(std::tie(arguments...)) == 17) change(s);
    return s;
}

} // namespace

TEST_CASE("sums are tried at odd lengths", "[self_test]") {
    const auto named = []<class F, class... A>(F, float (*)(A...) noexcept) {
        dispatch::Table copy = right();
        static_cast<isa::Slot<F>&>(copy).function = &wrong_at_17<F, A...>;
        return std::string_view(tested(copy)) == F::name;
    };
    const auto check = [&]<class F>(F f) { return named(f, isa::Slot<F>{}.function); };
    CHECK(check(functions::Sum{}));
    CHECK(check(functions::Dot{}));
    CHECK(check(functions::MeanAbs{}));
    CHECK(check(functions::Absmax{}));
}
