// exp and log of lanes against those of the standard library, for every instruction set here.
#include "shrinkage/base/simd/elementary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "lanes_cases.hpp"
#include "problems.hpp"

using namespace shrinkage;
using shrinkage::test::Random;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Results {
    std::vector<double> exp, log, log1p;
};

/// All three at every x, whose number is a multiple of 8.
template <std::size_t N>
SHRINKAGE_INLINE void evaluate(const std::vector<double>& x, Results& out) {
    for (std::size_t i = 0; i < x.size(); i += N) {
        const Lanes<N> at = Lanes<N>::load(&x[i]);
        exp(at).store(&out.exp[i]);
        log(at).store(&out.log[i]);
        log1p(at).store(&out.log1p[i]);
    }
}
void evaluate_plain(const std::vector<double>& x, Results& out) { evaluate<2>(x, out); }
#if SHRINKAGE_X86
SHRINKAGE_AVX2 void evaluate_avx2(const std::vector<double>& x, Results& out) {
    evaluate<4>(x, out);
}
SHRINKAGE_AVX512 void evaluate_avx512(const std::vector<double>& x, Results& out) {
    evaluate<8>(x, out);
}
#endif
void evaluate(Simd level, const std::vector<double>& x, Results& out) {
    SHRINKAGE_DISPATCH(level, evaluate, x, out);
}

Results at(Simd level, std::vector<double> x) {
    const std::size_t n = x.size();
    x.resize((n + 7) / 8 * 8, 1.0);
    Results out{x, x, x};
    evaluate(level, x, out);
    return out;
}

/// The distance of a result from the exact one in units of its last place.
double ulps(double result, long double exact) {
    const double size = std::abs(static_cast<double>(exact));
    if (std::isnan(size)) return std::isnan(result) ? 0.0 : infinity;
    if (std::isinf(size) || exact == 0.0L) {
        return result == static_cast<double>(exact) ? 0.0 : infinity;
    }
    const long double unit = std::nextafter(size, infinity) - static_cast<long double>(size);
    return static_cast<double>(std::abs(result - exact) / unit);
}

double worst(const std::vector<double>& results, const std::vector<double>& x,
             long double (*exact)(long double)) {
    double most = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, ulps(results[i], exact(x[i])));
    return most;
}

long double exact_exp(long double x) { return std::exp(x); }
long double exact_log(long double x) { return std::log(x); }
long double exact_log1p(long double x) { return std::log1p(x); }

}  // namespace

TEST_SUITE_BEGIN("linalg");

TEST_CASE("exp and log are right to about one unit in the last place over their whole range") {
    Random random(1);
    for (const Simd level : test::simd_levels()) {
        CAPTURE(static_cast<int>(level));
        std::vector<double> wide, narrow, positive, near_one, small;
        for (int k = 0; k < 40000; ++k) {
            const double u = 2.0 * random.uniform() - 1.0;
            wide.push_back(746.0 * u);
            narrow.push_back(u * std::exp(-20.0 * random.uniform()));
            positive.push_back(std::exp(744.0 * u));
            near_one.push_back(1.0 + 0.5 * u * random.uniform());
            small.push_back(u > 0.0 ? u : 0.5 * u);
        }
        // Results below the normal range included; for those above it infinity.
        CHECK(worst(at(level, wide).exp, wide, exact_exp) <= 1.5);
        CHECK(worst(at(level, narrow).exp, narrow, exact_exp) <= 1.5);
        CHECK(worst(at(level, positive).log, positive, exact_log) <= 1.5);
        CHECK(worst(at(level, near_one).log, near_one, exact_log) <= 1.5);
        CHECK(worst(at(level, small).log1p, small, exact_log1p) <= 2.0);
    }
}

TEST_CASE("the ends of the range and what lies beyond") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double tiny = std::numeric_limits<double>::denorm_min();
    const double least = std::numeric_limits<double>::min();
    const double most = std::numeric_limits<double>::max();
    const std::vector<double> x{0.0,     -0.0,   infinity, -infinity, nan,    tiny,     -tiny,
                                least,   -least, most,     -most,     1.0,    -1.0,     709.78,
                                709.79,  -745.1, -745.2,   -708.4,    1000.0, 1e3,      -1e3,
                                -1000.1, 1e300,  -1e300,   500.0,     -500.0, 0x1p-1023};
    for (const Simd level : test::simd_levels()) {
        const Results results = at(level, x);
        for (std::size_t i = 0; i < x.size(); ++i) {
            CAPTURE(x[i]);
            CHECK(ulps(results.exp[i], exact_exp(x[i])) <= 1.5);
            CHECK(ulps(results.log[i], exact_log(x[i])) <= 1.5);
        }
        CHECK(results.exp[0] == 1.0);
        CHECK(results.log[11] == 0.0);
        CHECK(at(level, {0.0}).log1p[0] == 0.0);
    }
}

TEST_CASE("the divergence keeps its relative accuracy down to nothing") {
    for (const double m0 : {1e-200, 0.3, 1.0, 7e5}) {
        for (const double x : {0.49, -0.49, 0.3, 1e-3, -1e-5, 1e-9, -1e-14, 1e-30}) {
            CAPTURE(x);
            const double d = m0 * x;
            // (1 + x) log(1 + x) - x by its series, whose terms fall by |x| / 2 and more.
            long double exact = 0.0L, power = static_cast<long double>(x) * x;
            for (int k = 2; k < 80; ++k, power *= -x) exact += power / (k * (k - 1.0L));
            const double close = close_divergence(m0 + d, m0, d);
            CHECK(close == doctest::Approx(static_cast<double>(m0 * exact)).epsilon(2e-15));
            double both[2];
            divergence(Lanes<2>(m0 + d), Lanes<2>(m0), Lanes<2>(d), Lanes<2>(std::log1p(x)))
                .store(both);
            CHECK(both[0] == doctest::Approx(close).epsilon(2e-15));
            CHECK(both[1] == both[0]);
        }
    }
    // Far apart by the definition; a m of zero leaves m0, and a m0 of zero infinity times nothing.
    double far[2];
    divergence(Lanes<2>(6.0), Lanes<2>(2.0), Lanes<2>(4.0), Lanes<2>(std::log(3.0))).store(far);
    CHECK(far[0] == doctest::Approx(6.0 * std::log(3.0) - 4.0));
    divergence(Lanes<2>(0.0), Lanes<2>(2.0), Lanes<2>(-2.0), Lanes<2>(-infinity)).store(far);
    CHECK(far[0] == 2.0);
    divergence(Lanes<2>(0.0), Lanes<2>(0.0), Lanes<2>(0.0), Lanes<2>(-infinity)).store(far);
    CHECK(far[0] == 0.0);
}

TEST_CASE("a double alone is what it is among lanes, to an ulp, at every argument") {
    Random random(11);
    std::vector<double> x{0.0,   -0.0,    1.0,    1e-310,   1e308, -745.0,
                          709.9, -2000.0, 2000.0, infinity, -1.0};
    for (int i = 0; i < 2000; ++i) x.push_back(300.0 * random.normal());
    for (int i = 0; i < 2000; ++i) x.push_back(std::exp(40.0 * random.normal()));
    const Results lanes = at(Simd::plain, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
        CAPTURE(x[i]);
        CHECK(ulps(elementary::exp(x[i]), static_cast<long double>(lanes.exp[i])) <= 1.0);
        CHECK(ulps(elementary::log(x[i]), static_cast<long double>(lanes.log[i])) <= 1.0);
    }
    CHECK(std::isnan(elementary::exp(std::nan(""))));
}

TEST_SUITE_END();
