// The group lasso: sum_g f_g w_g |beta_g|_2 over disjoint groups of features, w_g = sqrt|g| unless
// given (Yuan & Lin 2006, equation 2.3).
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "shrinkage/penalty/block/group_norms.hpp"
#include "shrinkage/penalty/input.hpp"

namespace shrinkage {

/// Columns that carry no coefficient count in |g| and are left out of the norm.
class GroupLasso : public GroupNorms {
public:
    static constexpr const char* name = "group_lasso";

    explicit GroupLasso(const PenaltyInput& input) : GroupLasso(input, Groups(input)) {}

private:
    struct Groups {
        std::vector<std::size_t> members, starts, sizes;
        std::vector<double> factors;

        explicit Groups(const PenaltyInput& input) {
            require_parameters(input, 0);
            if (input.groups.size() != input.features) {
                refuse_penalty("length", "groups",
                               "array of length " + std::to_string(input.groups.size()),
                               "give it " + std::to_string(input.features) +
                                   " entries, one for each column of X");
            }
            for (std::size_t j = 0; j < input.features; ++j) count(j, input);
            starts.assign(1, 0);
            std::vector<std::vector<std::size_t>> columns(sizes.size());
            for (std::size_t j = 0; j < input.features; ++j) {
                if (input.can_carry(j)) columns[group_of(j, input)].push_back(j);
            }
            for (const auto& of_group : columns) {
                members.insert(members.end(), of_group.begin(), of_group.end());
                starts.push_back(members.size());
            }
        }
        static std::size_t group_of(std::size_t j, const PenaltyInput& input) {
            return static_cast<std::size_t>(input.groups[j]);
        }
        void count(std::size_t j, const PenaltyInput& input) {
            if (input.groups[j] < 0 || group_of(j, input) >= input.features) {
                refuse_penalty("range", "groups[" + std::to_string(j) + "]",
                               std::to_string(input.groups[j]),
                               "give each column the number of its group, from 0");
            }
            const std::size_t g = group_of(j, input);
            if (g >= sizes.size()) sizes.resize(g + 1, 0), factors.resize(g + 1, 0.0);
            if (sizes[g]++ == 0) factors[g] = input.factor(j);
            if (factors[g] == input.factor(j)) return;
            refuse_penalty("constant", "penalty_factor[" + std::to_string(j) + "]",
                           std::to_string(input.factor(j)),
                           "give all columns of a group the same factor");
        }
    };

    GroupLasso(const PenaltyInput& input, Groups groups)
        : GroupNorms(groups.members, groups.starts, weights(input, groups), nonnegative(input)) {}

    static std::vector<double> weights(const PenaltyInput& input, const Groups& groups) {
        if (!input.weights.empty()) require_weights(input, groups.sizes.size(), "group");
        std::vector<double> result(groups.sizes.size());
        for (std::size_t g = 0; g < result.size(); ++g) {
            const double own = input.weights.empty()
                                   ? std::sqrt(static_cast<double>(groups.sizes[g]))
                                   : input.weights[g];
            result[g] = groups.factors[g] * own;
        }
        return result;
    }
    /// A norm is clipped coordinate by coordinate on the cone of numbers >= 0 alone.
    static bool nonnegative(const PenaltyInput& input) {
        if (!input.bounded()) return false;
        for (std::size_t j = 0; j < input.features; ++j) {
            const bool none = input.lower.empty() || input.lower[j] != 0.0;
            const bool above = !input.upper.empty() && input.upper[j] != infinity;
            if (!none && !above) continue;
            refuse_penalty("bounds", above ? "upper" : "lower", "<bounds>",
                           "the group lasso takes no bounds, or lower = 0 for every column");
        }
        return true;
    }
};

static_assert(BlockPenalty<GroupLasso> && !RowPenalty<GroupLasso>);

}  // namespace shrinkage
