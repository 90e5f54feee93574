// The common test table of penalties: the objects that every check of penalties sees.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "shrinkage/penalty/registry.hpp"

namespace shrinkage::test {

/// Factors and bounds under which a penalty is tried, five features; empty = none.
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

/// What a user chooses, and the factors and bounds beside it.
struct PenaltyCase {
    std::string name;  // as the registry knows it
    std::vector<double> parameters;
    std::vector<std::int64_t> groups;
    std::vector<double> weights;
    std::vector<Setting> settings;
};

inline const std::vector<PenaltyCase>& penalty_cases() {
    const Setting plain = settings()[0], factors = settings()[1];
    const std::vector<double> grouped{0.5, 0.0, 0.5, 2.0, 0.0}, zeros(5, 0.0);
    static const std::vector<PenaltyCase> cases{
        {"l1", {}, {}, {}, settings()},
        {"l2", {}, {}, {}, settings()},
        {"elasticnet", {0.3}, {}, {}, settings()},
        {"elasticnet", {0.0}, {}, {}, settings()},
        {"elasticnet", {1.0}, {}, {}, settings()},
        {"row_group", {}, {}, {}, {plain, factors}},
        {"group_lasso", {}, {0, 1, 0, 2, 1}, {}, {plain, {"by group", grouped, {}, {}}}},
        {"group_lasso", {}, {2, 0, 0, 1, 0}, {1.5, 0.0, 0.4}, {plain, {"cone", {}, zeros, {}}}},
        {"slope", {}, {}, {1.0, 0.9, 0.5, 0.5, 0.0}, {plain, factors}},
        {"slope", {}, {}, {1.0, 1.0, 1.0, 1.0, 1.0}, {plain}},
    };
    return cases;
}

/// The penalty that the registry makes of a choice under a setting repeated over p features.
inline PenaltyInput input_of(const PenaltyCase& row, const Setting& setting, std::size_t p = 5) {
    const auto repeated = [&](const std::vector<double>& five) {
        std::vector<double> v;
        for (std::size_t j = 0; j < p && !five.empty(); ++j) v.push_back(five[j % 5]);
        return v;
    };
    PenaltyInput input;
    input.name = row.name;
    input.parameters = row.parameters;
    input.groups = row.groups;
    input.weights = row.weights;
    input.features = p;
    input.factors = repeated(setting.factors);
    input.lower = repeated(setting.lower);
    input.upper = repeated(setting.upper);
    return input;
}

/// A penalty by name alone, with at most one number.
inline PenaltyInput penalty_by_name(const std::string& name,
                                    const std::vector<double>& parameters = {}) {
    PenaltyInput input;
    input.name = name;
    input.parameters = parameters;
    return input;
}

/// Calls check(penalty) for each penalty of the table on five features.
template <typename Check>
void for_each_penalty(const Check& check) {
    for (const PenaltyCase& row : penalty_cases()) {
        for (const Setting& setting : row.settings) {
            CAPTURE(row.name);
            CAPTURE(setting.label);
            with_penalty(input_of(row, setting), check);
        }
    }
}

/// Calls check(penalty) for those that separate, on p features.
template <typename Check>
void for_each_separable(const Check& check, std::size_t p = 5) {
    for (const PenaltyCase& row : penalty_cases()) {
        if (!row.groups.empty() || !row.weights.empty()) continue;
        for (const Setting& setting : row.settings) {
            CAPTURE(row.name);
            CAPTURE(setting.label);
            with_penalty(input_of(row, setting, p), [&](const auto& penalty) {
                if constexpr (SeparablePenalty<std::remove_cvref_t<decltype(penalty)>>) {
                    check(penalty);
                }
            });
        }
    }
}

}  // namespace shrinkage::test
