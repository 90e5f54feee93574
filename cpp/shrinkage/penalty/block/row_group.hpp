// One group per feature: sum_j f_j |B_j|_2 over the K coefficients B_j of feature j, K the outputs
// of the loss (Yuan & Lin 2006, without the factor sqrt(K); Obozinski, Taskar & Jordan 2010).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "shrinkage/penalty/group_norm.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

/// Coefficients are stored output by output: B_jk at j + k p.
class RowGroup {
public:
    static constexpr const char* name = "row_group";

    RowGroup(std::vector<double> factors, std::size_t outputs)
        : factors_(std::move(factors)), outputs_(outputs) {
        const std::size_t p = factors_.size();
        members_.reserve(p * outputs);
        for (std::size_t j = 0; j < p; ++j) {
            for (std::size_t k = 0; k < outputs; ++k) members_.push_back(j + k * p);
        }
    }

    std::size_t size() const { return members_.size(); }
    std::size_t n_blocks() const { return factors_.size(); }
    std::span<const std::size_t> block(std::size_t j) const {
        return std::span(members_).subspan(j * outputs_, outputs_);
    }
    double threshold(std::size_t j, double lambda) const { return lambda * factors_[j]; }
    bool is_free(std::size_t j, double lambda) const { return threshold(j, lambda) == 0.0; }
    bool smooth(double) const { return false; }

    double value(ConstVector beta, double lambda) const {
        double total = 0.0;
        for (std::size_t j = 0; j < n_blocks(); ++j) {
            if (factors_[j] > 0.0) total += threshold(j, lambda) * norm(j, beta);
        }
        return total;
    }
    void prox(ConstVector v, double step, double lambda, Vector out) const {
        for (std::size_t j = 0; j < n_blocks(); ++j) {
            const double scale = group_norm::shrink(norm(j, v), step * threshold(j, lambda));
            for (const std::size_t c : block(j)) out[c] = scale * v[c];
        }
    }
    /// v and out hold the entries of the block alone, in its order.
    void block_prox(std::size_t j, ConstVector v, double step, double lambda, Vector out) const {
        const double scale = group_norm::shrink(group_norm::norm(v), step * threshold(j, lambda));
        for (std::size_t k = 0; k < v.size(); ++k) out[k] = scale * v[k];
    }
    /// g and beta hold all coefficients.
    double block_kkt_distance(std::size_t j, ConstVector g, ConstVector beta, double lambda) const {
        return group_norm::distance(outputs_, row(j, g), row(j, beta), threshold(j, lambda));
    }
    double kkt_distance(ConstVector g, ConstVector beta, double lambda) const {
        double worst = 0.0;
        for (std::size_t j = 0; j < n_blocks(); ++j) {
            worst = std::max(worst, block_kkt_distance(j, g, beta, lambda));
        }
        return worst;
    }
    double lambda_max(ConstVector g) const {
        double largest = 0.0;
        for (std::size_t j = 0; j < n_blocks(); ++j) {
            if (factors_[j] > 0.0) largest = std::max(largest, norm(j, g) / factors_[j]);
        }
        return largest;
    }
    /// Free rows are stationary, what is left of their gradient is rounding.
    double dual_scale(ConstVector g, ConstVector, double lambda) const {
        double s = 1.0;
        for (std::size_t j = 0; j < n_blocks(); ++j) {
            const double length = norm(j, g);
            if (!is_free(j, lambda) && length > threshold(j, lambda)) {
                s = std::min(s, threshold(j, lambda) / length);
            }
        }
        return s;
    }
    double dual_value(double, ConstVector, ConstVector, double) const { return 0.0; }
    double conjugate(ConstVector g, double lambda) const {
        for (std::size_t j = 0; j < n_blocks(); ++j) {
            if (!is_free(j, lambda) && norm(j, g) > threshold(j, lambda)) return infinity;
        }
        return 0.0;
    }
    double norm(std::size_t j, ConstVector beta) const {
        return group_norm::norm(outputs_, row(j, beta));
    }

private:
    /// The entries of a row, by their number.
    struct Row {
        ConstVector all;
        std::size_t j, p;
        double operator()(std::size_t k) const { return all[j + k * p]; }
    };
    Row row(std::size_t j, ConstVector all) const { return {all, j, factors_.size()}; }

    std::vector<double> factors_;
    std::size_t outputs_;
    std::vector<std::size_t> members_;  // block by block
};

static_assert(BlockPenalty<RowGroup>);

}  // namespace shrinkage
