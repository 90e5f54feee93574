// The common test table of losses: one row each. A loss of the variant without a row fails the
// tests.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/loss/any_loss.hpp"

namespace shrinkage::test {

struct LossCase {
    std::string name;
    std::vector<double> parameters;
    std::vector<double> targets;          // valid ones
    std::vector<double> invalid_targets;  // refused ones
    std::vector<double> dual_points;      // u at which l* is probed, inside and outside its domain
    double most_curvature;                // sup of l'', +infinity if there is none
    double grid_curvature;                // curvature_scale for a mean target of 2.5 and D_0 = 0.8
    bool canonical;                       // l' = mean - y
    std::vector<double> kinks;            // eta - y, or eta / y for classes, where l'' or l' jumps
};

inline const std::vector<LossCase>& loss_cases() {
    static const double inf = std::numeric_limits<double>::infinity();
    static const double nan = std::numeric_limits<double>::quiet_NaN();
    static const std::vector<LossCase> cases{
        {"squared",
         {},
         {-3.5, 0.0, 1e-3, 7.0},
         {inf, -inf, nan},
         {-4.0, -0.3, 0.0, 2.0},
         1.0,
         1.0,
         true,
         {}},
        {"logistic",
         {},
         {0.0, 1.0},
         {-1.0, 0.5, 2.0, nan},
         {-1.0, -0.4, 0.0, 0.4, 1.0, 1.5},
         0.25,
         0.25,
         true,
         {}},
        {"poisson",
         {},
         {0.0, 0.25, 1.0, 3.0, 40.0},
         {-1e-9, -1.0, inf, nan},
         {-41.0, -3.0, -0.5, 0.0, 0.7, 20.0},
         inf,
         2.5,
         true,
         {}},
        {"gamma",
         {},
         {1e-6, 0.3, 1.0, 250.0},
         {0.0, -1.0, inf, nan},
         {-20.0, -0.5, 0.0, 0.7, 1.0, 1.2},
         inf,
         1.0,
         false,
         {}},
        {"huber",
         {1.35},
         {-3.5, 0.0, 1e-3, 7.0},
         {inf, -inf, nan},
         {-2.0, -1.35, -0.4, 0.0, 0.9, 1.35, 1.7},
         1.0,
         1.0,
         false,
         {-1.35, 1.35}},
        {"huber",
         {0.01},
         {-2.0, 5.0},
         {nan},
         {-0.3, -0.01, 0.003, 0.01},
         1.0,
         1.0,
         false,
         {-0.01, 0.01}},
        {"squared_hinge",
         {},
         {-1.0, 1.0},
         {0.0, 0.5, 2.0, nan},
         {-5.0, -0.4, 0.0, 0.4, 3.0},
         2.0,
         2.0,
         false,
         {1.0}},
        {"quantile",
         {0.3},
         {-3.5, 0.0, 7.0},
         {inf, -inf, nan},
         {-0.6, -0.3, -0.1, 0.0, 0.5, 0.7, 0.9},
         0.0,
         0.3125,
         false,
         {0.0}},
    };
    return cases;
}

/// Calls check(loss, row) for every row of the table.
template <typename Check>
void for_each_loss(const Check& check) {
    for (const LossCase& row : loss_cases()) {
        CAPTURE(row.name);
        const auto loss = loss_named(row.name, row.parameters);
        REQUIRE(loss.has_value());
        std::visit([&](const auto& l) { check(l, row); }, *loss);
    }
}

/// Those with a derivative everywhere, which the Newton-type engines fit.
template <typename Check>
void for_each_smooth_loss(const Check& check) {
    for_each_loss([&](const auto& loss, const LossCase& row) {
        if constexpr (std::remove_cvref_t<decltype(loss)>::shape != Shape::kinked) check(loss, row);
    });
}

/// The smooth losses of the table, as the door takes them.
inline std::vector<AnyLoss> smooth_losses() {
    std::vector<AnyLoss> losses;
    for_each_smooth_loss([&](const auto& loss, const LossCase&) { losses.emplace_back(loss); });
    return losses;
}

/// A target that the loss takes, near a signal of unit size: two classes split at the signal's
/// sign, counts and positive numbers about its exponential, else the number itself.
template <ScalarLoss L>
double target_at(const L& loss, double signal) {
    if (!loss.valid(0.5)) return signal > 0.2 ? 1.0 : (loss.valid(0.0) ? 0.0 : -1.0);
    if (loss.valid(-0.5)) return 10.0 + 2.0 * signal;
    const double mean = std::exp(std::min(0.5 + 0.4 * signal, 5.0));
    return loss.valid(0.0) ? std::floor(2.0 * mean) : mean;
}

}  // namespace shrinkage::test
