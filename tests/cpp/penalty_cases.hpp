// The common test table of scalar penalties: the objects that every check of separable_test.cpp
// sees.
#pragma once

#include <string>
#include <vector>

#include "shrinkage/penalty/any_penalty.hpp"

namespace shrinkage::test {

struct PenaltyCase {
    std::string name;                             // as the variant knows it
    std::vector<std::vector<double>> parameters;  // one object each
};

inline const std::vector<PenaltyCase>& penalty_cases() {
    static const std::vector<PenaltyCase> cases{
        {"l1", {{}}},
        {"l2", {{}}},
        {"elasticnet", {{0.3}, {0.0}, {1.0}}},
    };
    return cases;
}

/// Factors and bounds under which each of them is tried, five coefficients each; empty = no bound.
struct Setting {
    std::string label;
    std::vector<double> factors, lower, upper;
};

inline const std::vector<Setting>& settings() {
    static const std::vector<Setting> all{
        {"plain", {1.0, 1.0, 1.0, 1.0, 1.0}, {}, {}},
        {"factors", {1.0, 0.25, 0.0, 3.0, 1.0}, {}, {}},
        {"non-negative", {1.0, 1.0, 0.5, 2.0, 1.0}, {0.0, 0.0, 0.0, 0.0, 0.0}, {}},
        {"box",
         {1.0, 0.5, 0.0, 1.0, 2.0},
         {-0.5, -infinity, -1.0, 0.0, -2.0},
         {0.75, 1.0, 1.0, 0.0, infinity}},
    };
    return all;
}

/// Calls check(penalty) for each Separable of the table.
template <typename Check>
void for_each_separable(const Check& check) {
    for (const PenaltyCase& row : penalty_cases()) {
        for (const auto& parameters : row.parameters) {
            const auto scalar = penalty_named(row.name, parameters);
            for (const Setting& setting : settings()) {
                CAPTURE(row.name);
                CAPTURE(setting.label);
                REQUIRE(scalar.has_value());
                std::visit(
                    [&](const auto& p) {
                        check(Separable(p, setting.factors, setting.lower, setting.upper));
                    },
                    *scalar);
            }
        }
    }
}

}  // namespace shrinkage::test
