// sum_k t_k |beta_k|_2 over disjoint blocks, on all numbers or on those >= 0 (Yuan & Lin 2006).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "shrinkage/penalty/group_norm.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

class GroupNorms {
public:
    /// Block k holds the coefficients members[starts[k]] to members[starts[k + 1]], the last
    /// excluded; what is in no block stays zero. A weight of zero leaves its block free.
    GroupNorms(std::vector<std::size_t> members, std::vector<std::size_t> starts,
               std::vector<double> weights, bool nonnegative = false)
        : members_(std::move(members)),
          starts_(std::move(starts)),
          weights_(std::move(weights)),
          nonnegative_(nonnegative) {
        std::size_t size = 0;
        for (const std::size_t c : members_) size = std::max(size, c + 1);
        block_of_.assign(size, weights_.size());
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            for (const std::size_t c : block(k)) block_of_[c] = k;
        }
    }

    std::size_t n_blocks() const { return weights_.size(); }
    std::span<const std::size_t> block(std::size_t k) const {
        return std::span(members_).subspan(starts_[k], starts_[k + 1] - starts_[k]);
    }
    double threshold(std::size_t k, double lambda) const { return lambda * weights_[k]; }
    bool smooth(double) const { return false; }
    bool block_is_free(std::size_t k, double lambda) const {
        return !nonnegative_ && threshold(k, lambda) == 0.0;
    }
    bool is_free(std::size_t c, double lambda) const {
        return c < block_of_.size() && block_of_[c] < n_blocks() &&
               block_is_free(block_of_[c], lambda);
    }

    double value(ConstVector beta, double lambda) const {
        double total = 0.0;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            if (nonnegative_ && below_zero(k, beta)) return infinity;
            if (weights_[k] > 0.0) total += threshold(k, lambda) * norm_of(k, beta, false);
        }
        return total;
    }
    void prox(ConstVector v, double step, double lambda, Vector out) const {
        std::fill(out.begin(), out.end(), 0.0);
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            const double length = norm_of(k, v, nonnegative_);
            const double scale = group_norm::shrink(length, step * threshold(k, lambda));
            for (const std::size_t c : block(k)) out[c] = scale * kept(v[c]);
        }
    }
    void least_residual(ConstVector g, ConstVector beta, double lambda, Vector out) const {
        std::fill(out.begin(), out.end(), 0.0);
        std::vector<double> at, b;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            at.clear(), b.clear();
            for (const std::size_t c : block(k)) at.push_back(g[c]), b.push_back(beta[c]);
            reduce(k, at, b, lambda);
            for (std::size_t i = 0; i < at.size(); ++i) out[block(k)[i]] = at[i];
        }
    }

    void metric_prox(ConstVector v, ConstVector d, double lambda, Vector out) const {
        std::fill(out.begin(), out.end(), 0.0);
        std::vector<double> entries, metric;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            entries.clear(), metric.clear();
            for (const std::size_t c : block(k)) {
                entries.push_back(kept(v[c]));
                metric.push_back(d[c]);
            }
            group_norm::metric_prox(entries, metric, threshold(k, lambda));
            for (std::size_t i = 0; i < entries.size(); ++i) out[block(k)[i]] = entries[i];
        }
    }

    void block_prox(std::size_t k, ConstVector v, double step, double lambda, Vector out) const {
        const double length = group_norm::norm(v.size(), [&](std::size_t i) { return kept(v[i]); });
        const double scale = group_norm::shrink(length, step * threshold(k, lambda));
        for (std::size_t i = 0; i < v.size(); ++i) out[i] = scale * kept(v[i]);
    }
    /// A bound opens the subdifferential towards what it forbids.
    double block_kkt_distance(std::size_t k, ConstVector g, ConstVector b, double lambda) const {
        const double t = threshold(k, lambda), length = group_norm::norm(b);
        const auto entry = [&](std::size_t i) {
            const double d = group_norm::residual(g[i], b[i], length, t);
            return nonnegative_ && b[i] == 0.0 ? std::max(d, 0.0) : d;
        };
        return group_norm::distance(group_norm::norm(g.size(), entry), length, t);
    }
    double block_unheld(std::size_t k, ConstVector g, double lambda) const {
        if (threshold(k, lambda) > 0.0) return 0.0;
        return group_norm::norm(g.size(), [&](std::size_t i) { return kept(g[i]); });
    }
    bool block_kinked(std::size_t k, std::size_t i, ConstVector b, double lambda) const {
        if (nonnegative_ && b[i] == 0.0) return true;
        return threshold(k, lambda) > 0.0 &&
               std::all_of(b.begin(), b.end(), [](double x) { return x == 0.0; });
    }
    double block_change(std::size_t k, ConstVector b, ConstVector d, double lambda) const {
        double before = 0.0, cross = 0.0, square = 0.0;
        for (std::size_t i = 0; i < b.size(); ++i) {
            if (nonnegative_ && b[i] + d[i] < 0.0) return infinity;
            before += b[i] * b[i];
            cross += b[i] * d[i];
            square += d[i] * d[i];
        }
        const double length = std::sqrt(before);
        const double after = std::sqrt(std::max(before + 2.0 * cross + square, 0.0));
        if (after + length == 0.0) return 0.0;
        return threshold(k, lambda) * ((2.0 * cross + square) / (after + length));
    }
    double block_reach(std::size_t, ConstVector b, ConstVector d) const {
        double reach = 1.0;
        for (std::size_t i = 0; nonnegative_ && i < b.size(); ++i) {
            if (d[i] < 0.0) reach = std::min(reach, b[i] / -d[i]);
        }
        return reach;
    }
    void add_block_slope(std::size_t k, ConstVector b, double lambda, double a, Vector out) const {
        const double t = threshold(k, lambda), length = group_norm::norm(b);
        if (t == 0.0 || length == 0.0) return;
        for (std::size_t i = 0; i < b.size(); ++i) out[i] += a * (t * b[i] / length);
    }
    void add_block_curvature(std::size_t k, ConstVector b, ConstVector d, double lambda,
                             Vector out) const {
        const double t = threshold(k, lambda), length = group_norm::norm(b);
        if (t == 0.0 || length == 0.0) return;
        double along = 0.0;
        for (std::size_t i = 0; i < b.size(); ++i) along += b[i] * d[i];
        along /= length * length;
        for (std::size_t i = 0; i < b.size(); ++i) out[i] += t / length * (d[i] - along * b[i]);
    }
    double block_bend(std::size_t k, ConstVector b, double lambda) const {
        const double t = threshold(k, lambda), length = group_norm::norm(b);
        return t > 0.0 && length > 0.0 ? t / length : 0.0;
    }

    /// A bound at zero forbids the negative part, so its gradient does not count.
    double lambda_max(ConstVector g) const {
        double largest = 0.0;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            if (weights_[k] > 0.0) {
                largest = std::max(largest, norm_of(k, g, nonnegative_) / weights_[k]);
            }
        }
        return largest;
    }
    /// What no penalty holds is stationary, and what is left of its gradient is rounding.
    double dual_scale(ConstVector g, ConstVector, double lambda) const {
        double s = 1.0;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            const double length = norm_of(k, g, nonnegative_), t = threshold(k, lambda);
            if (t > 0.0 && length > t) s = std::min(s, t / length);
        }
        return s;
    }
    double dual_value(double, ConstVector, ConstVector, double) const { return 0.0; }
    double conjugate(ConstVector g, double lambda) const {
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            const double t = threshold(k, lambda);
            if (t > 0.0 && norm_of(k, g, nonnegative_) > t) return infinity;
        }
        return 0.0;
    }
    /// The length of block k of beta.
    double norm(std::size_t k, ConstVector beta) const { return norm_of(k, beta, false); }

private:
    /// The nearest number that the bounds allow.
    double kept(double x) const { return nonnegative_ ? std::max(x, 0.0) : x; }
    double norm_of(std::size_t k, ConstVector beta, bool positive_part) const {
        const auto members = block(k);
        return group_norm::norm(members.size(), [&](std::size_t i) {
            const double x = beta[members[i]];
            return positive_part ? std::max(x, 0.0) : x;
        });
    }
    bool below_zero(std::size_t k, ConstVector beta) const {
        const auto members = block(k);
        return std::any_of(members.begin(), members.end(),
                           [&](std::size_t c) { return beta[c] < 0.0; });
    }
    /// g becomes the least element of d(lambda P_k)(b) - g.
    void reduce(std::size_t k, Vector g, ConstVector b, double lambda) const {
        const double t = threshold(k, lambda), length = group_norm::norm(b);
        for (std::size_t i = 0; i < g.size(); ++i) {
            g[i] = -group_norm::residual(g[i], b[i], length, t);
            if (nonnegative_ && b[i] == 0.0) g[i] = std::min(g[i], 0.0);
        }
        if (length > 0.0) return;
        const double scale = group_norm::shrink(group_norm::norm(g), t);
        for (double& x : g) x *= scale;
    }

    std::vector<std::size_t> members_, starts_;
    std::vector<double> weights_;
    bool nonnegative_;
    std::vector<std::size_t> block_of_;  // of each coefficient; n_blocks() for none
};

static_assert(BlockPenalty<GroupNorms> && PenaltyFormulas<GroupNorms> && MetricProx<GroupNorms>);

}  // namespace shrinkage
