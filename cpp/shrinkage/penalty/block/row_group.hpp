// One group per feature: sum_j f_j |B_j|_2 over the K coefficients B_j of feature j, K the outputs
// of the loss (Yuan & Lin 2006, without the factor sqrt(K); Obozinski, Taskar & Jordan 2010).
#pragma once

#include <cstddef>
#include <vector>

#include "shrinkage/penalty/block/group_norms.hpp"
#include "shrinkage/penalty/input.hpp"

namespace shrinkage {

/// Coefficients are stored output by output: B_jk at j + k p.
class RowGroup : public GroupNorms {
public:
    static constexpr const char* name = "row_group";

    RowGroup(const std::vector<double>& factors, std::size_t outputs)
        : GroupNorms(rows(factors.size(), outputs), starts(factors.size(), outputs), factors),
          outputs_(outputs) {}
    explicit RowGroup(const PenaltyInput& input)
        : RowGroup(input.factors.empty() ? std::vector<double>(input.features, 1.0) : input.factors,
                   input.outputs) {
        require_parameters(input, 0);
        if (input.bounded()) {
            refuse_penalty("unsupported", "lower", "<bounds>",
                           "leave lower and upper away with row_group");
        }
    }

    std::size_t outputs() const { return outputs_; }

private:
    static std::vector<std::size_t> rows(std::size_t p, std::size_t outputs) {
        std::vector<std::size_t> members;
        members.reserve(p * outputs);
        for (std::size_t j = 0; j < p; ++j) {
            for (std::size_t k = 0; k < outputs; ++k) members.push_back(j + k * p);
        }
        return members;
    }
    static std::vector<std::size_t> starts(std::size_t p, std::size_t outputs) {
        std::vector<std::size_t> result(p + 1);
        for (std::size_t j = 0; j <= p; ++j) result[j] = j * outputs;
        return result;
    }

    std::size_t outputs_;
};

static_assert(RowPenalty<RowGroup>);

}  // namespace shrinkage
