// The passes by lanes against the scalar formulas, which define the losses.
#include "shrinkage/loss/batch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "lanes_cases.hpp"
#include "loss_cases.hpp"
#include "problems.hpp"

using namespace shrinkage;
using shrinkage::test::LossCase;
using shrinkage::test::Random;

namespace {

/// Calls check(loss, row, level) for every loss that offers a batch and every instruction set.
template <typename Check>
void for_each_batch(const Check& check) {
    test::for_each_loss([&](const auto& loss, const LossCase& row) {
        if constexpr (BatchLoss<std::remove_cvref_t<decltype(loss)>>) {
            for (const Simd level : test::simd_levels()) {
                CAPTURE(static_cast<int>(level));
                check(loss, row, level);
            }
        }
    });
}

struct Sample {
    std::vector<double> y, weights, eta;

    Observations view() const { return {y, weights, eta}; }
    Observations view(std::size_t first, std::size_t count) const {
        const Observations all = view();
        return {all.y.subspan(first, count), all.weights.subspan(first, count),
                all.eta.subspan(first, count)};
    }
};

/// Every target of the row at etas from all over, the kinks of piecewise losses among them.
Sample sample(const LossCase& row, std::uint64_t seed) {
    Random random(seed);
    Sample s;
    const auto add = [&](double y, double eta) {
        s.y.push_back(y);
        s.eta.push_back(eta);
        s.weights.push_back(random.uniform());
    };
    for (const double y : row.targets) {
        for (const double eta : {-1e3, -745.0, -500.0, -40.0, -0.0, 0.0, 1e-9, 40.0, 500.0, 745.0})
            add(y, eta);
        for (const double kink : row.kinks) add(y, row.name == "squared_hinge" ? y : y + kink);
        for (int k = 0; k < 400; ++k) add(y, 3.0 * random.normal());
    }
    return s;
}

bool close(double a, double b, double scale) { return std::abs(a - b) <= 4e-15 * scale; }

}  // namespace

TEST_SUITE_BEGIN("loss");

TEST_CASE("expand: the gradient and the curvature of every observation, and the sum of the loss") {
    for_each_batch([](const auto& loss, const LossCase& row, Simd level) {
        const Sample s = sample(row, 1);
        const std::size_t n = s.y.size();
        std::vector<double> v(n), curvature(n), one_v(1), one_curvature(1);
        const Totals totals = batch::expand(loss, s.view(), v, curvature, level);
        double expected = 0.0, size = 0.0;
        Totals sums;
        for (std::size_t i = 0; i < n; ++i) {
            const double y = s.y[i], w = s.weights[i], eta = s.eta[i];
            CAPTURE(y);
            CAPTURE(eta);
            // Relative to themselves, but for the difference of a mean and its target.
            const double gradient = loss.gradient(y, eta);
            const double terms = row.canonical && row.name != "logistic" ? std::abs(y)
                                 : row.name == "gamma"                   ? 1.0
                                                                         : 0.0;
            CHECK(close(v[i], -w * gradient, w * (std::abs(gradient) + terms)));
            CHECK(close(curvature[i], w * loss.curvature(y, eta), w * loss.curvature(y, eta)));
            const Observations one = s.view(i, 1);
            const double value = batch::expand(loss, one, one_v, one_curvature, level).loss;
            sums += {value, v[i], std::abs(v[i]), curvature[i]};
            CHECK(close(value, w * loss.value(y, eta),
                        w * (std::abs(loss.value(y, eta)) + std::abs(y * eta))));
            // Alone or among others, the same bits.
            CHECK(one_v[0] == v[i]);
            CHECK(one_curvature[0] == curvature[i]);
            if (std::abs(eta) > 400.0) continue;
            expected += w * loss.value(y, eta);
            size += w * (std::abs(loss.value(y, eta)) + std::abs(y * eta));
        }
        Sample near = s;
        for (double& eta : near.eta) eta = std::abs(eta) > 400.0 ? 0.0 : eta;
        for (std::size_t i = 0; i < n; ++i) near.weights[i] *= near.eta[i] == s.eta[i] ? 1.0 : 0.0;
        CHECK(close(batch::loss(loss, near.view(), level), expected, size));
        CHECK(close(batch::loss(loss, s.view(), level), totals.loss, std::abs(totals.loss)));
        const double n_roundings = static_cast<double>(n);
        CHECK(close(totals.loss, sums.loss, n_roundings * std::abs(sums.loss)));
        CHECK(close(totals.v, sums.v, n_roundings * sums.size));
        CHECK(close(totals.size, sums.size, n_roundings * sums.size));
        CHECK(close(totals.curvature, sums.curvature, n_roundings * sums.curvature));
    });
}

TEST_CASE("every number of observations, and nothing written beyond them") {
    for_each_batch([](const auto& loss, const LossCase& row, Simd level) {
        const Sample s = sample(row, 2);
        std::vector<double> all(s.y.size()), all_curvature(s.y.size());
        batch::expand(loss, s.view(), all, all_curvature, level);
        for (std::size_t first = 0; first < 3; ++first) {
            for (std::size_t count = 0; count <= 17; ++count) {
                std::vector<double> v(count + 1, 7.0), curvature(count + 1, 7.0);
                batch::expand(loss, s.view(first, count), Vector(v).first(count),
                              Vector(curvature).first(count), level);
                CHECK(std::equal(v.begin(), v.end() - 1, all.begin() + first));
                CHECK(std::equal(curvature.begin(), curvature.end() - 1,
                                 all_curvature.begin() + first));
                CHECK(v.back() == 7.0);
                CHECK(curvature.back() == 7.0);
            }
        }
    });
}

TEST_CASE("an observation of weight zero counts nowhere, whatever it holds; a NaN is not hidden") {
    for_each_batch([](const auto& loss, const LossCase& row, Simd level) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        Sample s = sample(row, 3), bad = s;
        for (std::size_t i = 0; i < s.y.size(); i += 3) {
            bad.eta[i] = i % 2 == 0 ? nan : 1e306;
            s.weights[i] = bad.weights[i] = 0.0;
        }
        std::vector<double> v(s.y.size()), curvature(v), bad_v(v), bad_curvature(v);
        const Totals totals = batch::expand(loss, s.view(), v, curvature, level);
        const Totals same = batch::expand(loss, bad.view(), bad_v, bad_curvature, level);
        CHECK(same.loss == totals.loss);
        CHECK(same.v == totals.v);
        CHECK(same.size == totals.size);
        CHECK(same.curvature == totals.curvature);
        CHECK(bad_v == v);
        CHECK(bad_curvature == curvature);
        CHECK(v[0] == 0.0);
        CHECK(batch::fenchel_young(loss, bad.view(), 0.5, level) ==
              batch::fenchel_young(loss, s.view(), 0.5, level));
        bad.weights[0] = 1.0;
        CHECK(std::isnan(batch::expand(loss, bad.view(), bad_v, bad_curvature, level).loss));
        CHECK(std::isnan(batch::loss(loss, bad.view(), level)));
        CHECK(std::isnan(batch::fenchel_young(loss, bad.view(), 0.5, level)));
    });
}

TEST_CASE("Fenchel-Young: the terms of the definition") {
    for_each_batch([](const auto& loss, const LossCase& row, Simd level) {
        const Sample s = sample(row, 4);
        for (const double scale : {0.0, 1e-12, 0.3, 0.5, 0.9, 1.0 - 1e-6}) {
            CAPTURE(scale);
            for (std::size_t i = 0; i < s.y.size(); ++i) {
                const double y = s.y[i], w = s.weights[i], eta = s.eta[i];
                CAPTURE(y);
                CAPTURE(eta);
                const double u = scale * loss.gradient(y, eta);
                const double value = loss.value(y, eta), conjugate = loss.conjugate(y, u);
                const double term = batch::fenchel_young(loss, s.view(i, 1), scale, level);
                const double size =
                    std::abs(value) + std::abs(conjugate) + std::abs(u * eta) + std::abs(y * eta);
                CHECK(term >= 0.0);
                CHECK(close(term, w * (value + conjugate - u * eta), w * (1.0 + size)));
            }
        }
        CHECK(batch::fenchel_young(loss, s.view(), 1.0, level) <= 1e-300);
    });
}

TEST_CASE("Fenchel-Young near s = 1: second order in 1 - s, with nothing lost") {
    for_each_batch([](const auto& loss, const LossCase& row, Simd level) {
        using L = std::remove_cvref_t<decltype(loss)>;
        if constexpr (L::shape == Shape::curved) {
            const double lost = 0x1p-40;
            for (const double y : row.targets) {
                for (const double eta : {-6.0, -2.1, -0.4, 0.0, 0.7, 3.0, 5.0}) {
                    CAPTURE(y);
                    CAPTURE(eta);
                    const std::vector<double> target{y}, one{1.0}, at{eta};
                    const double slope = loss.gradient(y, eta);
                    const double expected =
                        0.5 * lost * lost * slope * slope / loss.curvature(y, eta);
                    const double term =
                        batch::fenchel_young(loss, {target, one, at}, 1.0 - lost, level);
                    CHECK(term == doctest::Approx(expected).epsilon(1e-6));
                }
            }
        }
    });
}

TEST_SUITE_END();
