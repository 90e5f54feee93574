// Every loss of the variant against the definitions in loss.hpp.
#include "shrinkage/loss/loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "loss_cases.hpp"
#include "shrinkage/loss/exact.hpp"
#include "shrinkage/loss/exponential.hpp"
#include "shrinkage/loss/gamma.hpp"
#include "shrinkage/loss/huber.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/poisson.hpp"
#include "shrinkage/loss/quantile.hpp"
#include "shrinkage/loss/squared_hinge.hpp"

using namespace shrinkage;
using shrinkage::test::for_each_loss;
using shrinkage::test::loss_cases;
using shrinkage::test::LossCase;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<double> etas{-30.0, -6.0, -1.2, -0.1, 0.0, 0.3, 2.0, 9.0, 25.0};

/// What values at this point are known to, in units of a relative rounding.
template <typename L>
double size_of(const L& loss, double y, double eta) {
    return 1.0 + eta * eta + std::abs(loss.value(y, eta)) +
           std::abs(loss.gradient(y, eta)) * (1.0 + std::abs(eta));
}

/// Whether a kink of the row lies within h of eta.
bool near_kink(const LossCase& row, double y, double eta, double h) {
    const bool classes = row.name == "squared_hinge";
    return std::any_of(row.kinks.begin(), row.kinks.end(), [&](double kink) {
        return std::abs(eta - (classes ? y * kink : y + kink)) <= h;
    });
}

}  // namespace

TEST_SUITE_BEGIN("loss");

TEST_CASE("every loss of the variant has a row in the table") {
    std::set<std::string> names;
    for (const LossCase& row : loss_cases()) names.insert(row.name);
    CHECK(names.size() == std::variant_size_v<AnyLoss>);
    CHECK_FALSE(loss_named("no such loss").has_value());
    // As many parameters as the loss has, no more and no fewer.
    const std::vector<double> one{1.0}, two{1.0, 2.0};
    CHECK_FALSE(loss_named("squared", one).has_value());
    CHECK_FALSE(loss_named("huber").has_value());
    CHECK_FALSE(loss_named("huber", two).has_value());
    CHECK(std::get<HuberLoss>(*loss_named("huber", one)).delta == 1.0);
    CHECK(std::get<QuantileLoss>(*loss_named("quantile", one)).q == 1.0);
}

TEST_CASE("gradient and curvature agree with central differences, but for kinks") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        const double h = 1e-5;
        for (const double y : row.targets) {
            for (const double eta : etas) {
                CAPTURE(y);
                CAPTURE(eta);
                CHECK(loss.curvature(y, eta) >= 0.0);
                CHECK(loss.curvature(y, eta) <= row.most_curvature);
                if (near_kink(row, y, eta, 2.0 * h)) continue;
                const double slope = (loss.value(y, eta + h) - loss.value(y, eta - h)) / (2.0 * h);
                const double bend =
                    (loss.gradient(y, eta + h) - loss.gradient(y, eta - h)) / (2.0 * h);
                const double noise = 1e-10 * size_of(loss, y, eta);
                CHECK(std::abs(slope - loss.gradient(y, eta)) < 1e-9 + noise);
                CHECK(std::abs(bend - loss.curvature(y, eta)) < 1e-9 + noise);
            }
        }
    });
}

TEST_CASE("at a kink the value is continuous and the derivatives lie between their sides") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        const bool classes = row.name == "squared_hinge";
        for (const double y : row.targets) {
            for (const double kink : row.kinks) {
                const double at = classes ? y * kink : y + kink, h = 1e-9;
                CAPTURE(y);
                CAPTURE(kink);
                CHECK(std::abs(loss.value(y, at + h) - loss.value(y, at - h)) < 1e-8);
                CHECK(loss.gradient(y, at - h) <= loss.gradient(y, at) + 1e-12);
                CHECK(loss.gradient(y, at) <= loss.gradient(y, at + h) + 1e-12);
                const double left = loss.curvature(y, at - 1e-6),
                             right = loss.curvature(y, at + 1e-6);
                CHECK(loss.curvature(y, at) >= std::min(left, right));
                CHECK(loss.curvature(y, at) <= std::max(left, right));
            }
        }
    });
}

TEST_CASE("values, gradients and curvatures stay finite far out") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        for (const double y : row.targets) {
            for (const double eta : {-1e3, -745.0, -40.0, 40.0, 745.0, 1e3}) {
                CAPTURE(eta);
                CHECK(std::isfinite(loss.value(y, eta)));
                CHECK(std::isfinite(loss.gradient(y, eta)));
                CHECK(std::isfinite(loss.curvature(y, eta)));
                CHECK(std::isfinite(loss.mean(eta)));
            }
        }
    });
}

TEST_CASE("Fenchel-Young: l(eta) + l*(u) >= u eta, with equality at u = l'(eta)") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        for (const double y : row.targets) {
            for (const double eta : etas) {
                CAPTURE(y);
                CAPTURE(eta);
                const double size = size_of(loss, y, eta);
                for (const double u : row.dual_points) {
                    const double slack = loss.value(y, eta) + loss.conjugate(y, u) - u * eta;
                    CHECK(slack >= -1e-12 * size);
                }
                const double u = loss.gradient(y, eta);
                const double slack = loss.value(y, eta) + loss.conjugate(y, u) - u * eta;
                CHECK(std::abs(slack) < 1e-12 * size);
            }
        }
    });
}

TEST_CASE("the conjugate is the supremum it is defined as") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        for (const double y : row.targets) {
            for (const double u : row.dual_points) {
                CAPTURE(y);
                CAPTURE(u);
                double best = -infinity;
                for (int k = -80000; k <= 80000; ++k) {
                    const double eta = 1e-3 * k;
                    best = std::max(best, u * eta - loss.value(y, eta));
                }
                // Outside the domain the supremum grows with the grid: u eta - l is still rising at
                // its end, by at least a tenth of its length for the points of the table.
                const double conjugate = loss.conjugate(y, u);
                if (std::isinf(conjugate)) {
                    CHECK(best > 7.9);
                } else {
                    CHECK(best == doctest::Approx(conjugate).epsilon(1e-6));
                }
            }
        }
    });
}

TEST_CASE("the saturated value is the infimum") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        using L = std::remove_cvref_t<decltype(loss)>;
        for (const double y : row.targets) {
            double least = infinity;
            for (int k = -80000; k <= 80000; ++k) {
                least = std::min(least, loss.value(y, 1e-3 * k));
            }
            const double size = 1.0 + std::abs(loss.saturated(y));
            CHECK(least >= loss.saturated(y) - 1e-14 * size);
            // A grid that steps over a kink of slope 1 misses it by half its width.
            CHECK(least < loss.saturated(y) + (L::shape == Shape::kinked ? 1e-3 : 1e-6 * size));
        }
    });
}

TEST_CASE("the gradient of a canonical link is the mean minus the target") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        if (!row.canonical) return;
        for (const double y : row.targets) {
            for (const double eta : etas) {
                CHECK(loss.gradient(y, eta) == doctest::Approx(loss.mean(eta) - y).epsilon(1e-12));
            }
        }
    });
}

TEST_CASE("targets are accepted and refused as the table says") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        for (const double y : row.targets) CHECK(loss.valid(y));
        for (const double y : row.invalid_targets) CHECK_FALSE(loss.valid(y));
    });
}

TEST_CASE("the typical curvature is that of the ridge grid") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        CHECK(loss.curvature_scale(2.5, 0.8) == doctest::Approx(row.grid_curvature));
    });
}

TEST_CASE("convex from end to end, also where an exponential is held finite") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        const std::vector<double> far{-900.0, -600.0, -499.0, -30.0, 0.0,
                                      30.0,   499.0,  600.0,  900.0};
        for (const double y : row.targets) {
            for (std::size_t k = 1; k < far.size(); ++k) {
                CAPTURE(far[k]);
                CHECK(loss.gradient(y, far[k]) >= loss.gradient(y, far[k - 1]));
                // The tangent at either end lies below the other.
                const double step = far[k] - far[k - 1];
                const double rise = loss.value(y, far[k]) - loss.value(y, far[k - 1]);
                const double slack = 1e-12 * size_of(loss, y, far[k]);
                CHECK(rise >= loss.gradient(y, far[k - 1]) * step - slack);
                CHECK(rise <= loss.gradient(y, far[k]) * step + slack);
            }
        }
    });
}

TEST_CASE("logistic keeps relative accuracy in its tails") {
    const LogisticLoss loss;
    CHECK(loss.value(1.0, 1e3) == 0.0);
    CHECK(loss.value(0.0, 1e3) == 1e3);
    CHECK(loss.value(1.0, -1e3) == 1e3);
    CHECK(loss.gradient(1.0, -1e3) == -1.0);
    CHECK(loss.value(1.0, 40.0) == doctest::Approx(std::exp(-40.0)).epsilon(1e-14));
    CHECK(loss.gradient(1.0, 40.0) == doctest::Approx(-std::exp(-40.0)).epsilon(1e-14));
    CHECK(loss.gradient(0.0, -40.0) == doctest::Approx(std::exp(-40.0)).epsilon(1e-14));
    CHECK(loss.curvature(0.0, 40.0) == doctest::Approx(std::exp(-40.0)).epsilon(1e-14));
    CHECK(std::isinf(loss.conjugate(0.0, 1.01)));
    CHECK(std::isinf(loss.conjugate(1.0, 0.01)));
    CHECK(loss.conjugate(0.0, 1.0 + 1e-16) == 0.0);
}

TEST_CASE("the ends of a conjugate's domain: within rounding of it, and beyond") {
    for (const double y : {0.0, 3.0}) {
        CHECK(PoissonLoss{}.conjugate(y, -y) == 0.0);
        CHECK(PoissonLoss{}.conjugate(y, -y - 1e-15) == 0.0);
        CHECK(std::isinf(PoissonLoss{}.conjugate(y, -y - 1e-9)));
    }
    CHECK(GammaLoss{}.conjugate(3.0, 1.0) == 0.0);
    CHECK(GammaLoss{}.conjugate(3.0, 1.0 + 1e-15) == 0.0);
    CHECK(std::isinf(GammaLoss{}.conjugate(3.0, 1.0 + 1e-9)));
    const HuberLoss huber{2.0};
    CHECK(huber.conjugate(5.0, 2.0 + 1e-15) == doctest::Approx(12.0));
    CHECK(std::isinf(huber.conjugate(5.0, 2.0 + 1e-9)));
    CHECK(std::isinf(huber.conjugate(5.0, -2.0 - 1e-9)));
    for (const double y : {-1.0, 1.0}) {
        CHECK(std::abs(SquaredHingeLoss{}.conjugate(y, 1e-15 * y)) < 1e-14);
        CHECK(std::isinf(SquaredHingeLoss{}.conjugate(y, 1e-9 * y)));
    }
}

TEST_CASE("the exponential is itself within reach and its tangent beyond") {
    for (const double t : {-800.0, -1.0, 0.0, 300.0, exponential::reach}) {
        CHECK(exponential::value(t) == std::exp(t));
        CHECK(exponential::slope(t) == std::exp(t));
    }
    const double top = std::exp(exponential::reach);
    CHECK(exponential::value(exponential::reach + 2.0) == doctest::Approx(3.0 * top));
    CHECK(exponential::slope(1e9) == top);
    CHECK(std::isfinite(exponential::value(1e9)));
}

TEST_CASE("huber bends at delta: quadratic inside, linear outside") {
    const HuberLoss loss{0.5};
    CHECK(loss.value(2.0, 2.3) == doctest::Approx(0.5 * 0.09));
    CHECK(loss.value(2.0, 5.0) == doctest::Approx(0.5 * 3.0 - 0.125));
    CHECK(loss.gradient(2.0, 5.0) == 0.5);
    CHECK(loss.gradient(2.0, -5.0) == -0.5);
    CHECK(loss.curvature(2.0, 5.0) == 0.0);
}

TEST_CASE("formulas that are asked for are exact as far as numbers go") {
    const auto value = [](const AnyLoss& any, double y, double eta) {
        return visit_exact([&](const auto& loss) { return loss.value(y, eta); }, any);
    };
    CHECK(value(PoissonLoss{}, 0.0, 600.0) == std::exp(600.0));
    CHECK(value(GammaLoss{}, 2.0, -600.0) == 2.0 * std::exp(600.0) - 600.0);
    CHECK(std::isinf(value(PoissonLoss{}, 0.0, 800.0)));
    CHECK(value(HuberLoss{0.5}, 2.0, 2.3) == HuberLoss{0.5}.value(2.0, 2.3));
}

TEST_SUITE_END();
