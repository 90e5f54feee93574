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

using namespace shrinkage;
using shrinkage::test::loss_cases;
using shrinkage::test::LossCase;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<double> etas{-30.0, -6.0, -1.2, -0.1, 0.0, 0.3, 2.0, 9.0, 25.0};

/// Calls check(loss, row) for every loss and its row of the table.
template <typename Check>
void for_each_loss(const Check& check) {
    for (const LossCase& row : loss_cases()) {
        CAPTURE(row.name);
        const auto loss = loss_named(row.name);
        REQUIRE(loss.has_value());
        std::visit([&](const auto& l) { check(l, row); }, *loss);
    }
}

}  // namespace

TEST_SUITE_BEGIN("loss");

TEST_CASE("every loss of the variant has a row in the table") {
    std::set<std::string> names;
    for (const LossCase& row : loss_cases()) names.insert(row.name);
    CHECK(names.size() == std::variant_size_v<AnyLoss>);
    CHECK_FALSE(loss_named("no such loss").has_value());
}

TEST_CASE("gradient and curvature agree with central differences") {
    for_each_loss([](const auto& loss, const LossCase& row) {
        for (const double y : row.targets) {
            for (const double eta : etas) {
                CAPTURE(y);
                CAPTURE(eta);
                const double h = 1e-5;
                const double slope = (loss.value(y, eta + h) - loss.value(y, eta - h)) / (2.0 * h);
                const double bend =
                    (loss.gradient(y, eta + h) - loss.gradient(y, eta - h)) / (2.0 * h);
                const double noise = 1e-10 * (1.0 + std::abs(loss.value(y, eta)));
                CHECK(std::abs(slope - loss.gradient(y, eta)) < 1e-9 + noise);
                CHECK(std::abs(bend - loss.curvature(y, eta)) < 1e-9);
                CHECK(loss.curvature(y, eta) >= 0.0);
                CHECK(loss.curvature(y, eta) <= row.most_curvature);
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
                for (const double u : row.dual_points) {
                    const double slack = loss.value(y, eta) + loss.conjugate(y, u) - u * eta;
                    CHECK(slack >= -1e-12 * (1.0 + eta * eta));
                }
                const double u = loss.gradient(y, eta);
                const double slack = loss.value(y, eta) + loss.conjugate(y, u) - u * eta;
                CHECK(std::abs(slack) < 1e-12 * (1.0 + eta * eta));
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
        for (const double y : row.targets) {
            double least = infinity;
            for (int k = -80000; k <= 80000; ++k) {
                least = std::min(least, loss.value(y, 1e-3 * k));
            }
            CHECK(least >= loss.saturated(y));
            CHECK(least < loss.saturated(y) + 1e-6);
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
        CHECK(loss.curvature_scale(1.0, 1.0) > 0.0);
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

TEST_SUITE_END();
