// The common test table of losses: one row each. A loss of the variant without a row fails the
// tests.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "shrinkage/loss/any_loss.hpp"

namespace shrinkage::test {

struct LossCase {
    std::string name;
    std::vector<double> targets;          // valid ones
    std::vector<double> invalid_targets;  // refused ones
    std::vector<double> dual_points;      // u at which l* is probed, inside and outside its domain
    double most_curvature;                // sup of l'', +infinity if there is none
    bool canonical;                       // l' = mean - y
};

inline const std::vector<LossCase>& loss_cases() {
    static const double inf = std::numeric_limits<double>::infinity();
    static const double nan = std::numeric_limits<double>::quiet_NaN();
    static const std::vector<LossCase> cases{
        {"squared", {-3.5, 0.0, 1e-3, 7.0}, {inf, -inf, nan}, {-4.0, -0.3, 0.0, 2.0}, 1.0, true},
        {"logistic",
         {0.0, 1.0},
         {-1.0, 0.5, 2.0, nan},
         {-1.0, -0.4, 0.0, 0.4, 1.0, 1.5},
         0.25,
         true},
    };
    return cases;
}

}  // namespace shrinkage::test
