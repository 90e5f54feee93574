// A block penalty, which the core does not have yet: sum_g sqrt|g| |beta_g|_2 (Yuan & Lin 2006).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage::test {

class ToyGroupLasso {
public:
    explicit ToyGroupLasso(std::vector<std::vector<std::size_t>> groups)
        : groups_(std::move(groups)) {
        for (const auto& group : groups_) size_ += group.size();
    }

    std::size_t size() const { return size_; }
    std::size_t n_blocks() const { return groups_.size(); }
    std::span<const std::size_t> block(std::size_t k) const { return groups_[k]; }

    double value(ConstVector beta, double lambda) const {
        double total = 0.0;
        for (std::size_t k = 0; k < n_blocks(); ++k) total += weight(k, lambda) * norm(k, beta);
        return total;
    }
    void prox(ConstVector v, double step, double lambda, Vector out) const {
        std::vector<double> part, shrunk;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            part.clear();
            for (const std::size_t j : groups_[k]) part.push_back(v[j]);
            shrunk.resize(part.size());
            block_prox(k, part, step, lambda, shrunk);
            for (std::size_t i = 0; i < part.size(); ++i) out[groups_[k][i]] = shrunk[i];
        }
    }
    /// v and out hold the entries of the block alone, in its order.
    void block_prox(std::size_t k, ConstVector v, double step, double lambda, Vector out) const {
        double square = 0.0;
        for (const double x : v) square += x * x;
        const double threshold = step * weight(k, lambda), length = std::sqrt(square);
        const double scale = length > threshold ? 1.0 - threshold / length : 0.0;
        for (std::size_t i = 0; i < v.size(); ++i) out[i] = scale * v[i];
    }
    /// g and beta hold all coefficients. At zero the subdifferential is a ball.
    double block_kkt_distance(std::size_t k, ConstVector g, ConstVector beta, double lambda) const {
        const double length = norm(k, beta);
        if (length == 0.0) return std::max(norm(k, g) - weight(k, lambda), 0.0);
        double square = 0.0;
        for (const std::size_t j : groups_[k]) {
            const double d = g[j] - weight(k, lambda) * beta[j] / length;
            square += d * d;
        }
        return std::sqrt(square);
    }
    double kkt_distance(ConstVector g, ConstVector beta, double lambda) const {
        double worst = 0.0;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            worst = std::max(worst, block_kkt_distance(k, g, beta, lambda));
        }
        return worst;
    }
    double lambda_max(ConstVector g) const {
        double largest = 0.0;
        for (std::size_t k = 0; k < n_blocks(); ++k) {
            largest = std::max(largest, norm(k, g) / weight(k, 1.0));
        }
        return largest;
    }
    double dual_scale(ConstVector g, ConstVector, double lambda) const {
        return std::min(1.0, lambda / lambda_max(g));
    }
    double dual_value(double, ConstVector, ConstVector, double) const { return 0.0; }
    double conjugate(ConstVector g, double lambda) const {
        return lambda_max(g) <= lambda ? 0.0 : infinity;
    }

private:
    double weight(std::size_t k, double lambda) const {
        return lambda * std::sqrt(static_cast<double>(groups_[k].size()));
    }
    double norm(std::size_t k, ConstVector beta) const {
        double square = 0.0;
        for (const std::size_t j : groups_[k]) square += beta[j] * beta[j];
        return std::sqrt(square);
    }

    std::vector<std::vector<std::size_t>> groups_;
    std::size_t size_ = 0;
};

}  // namespace shrinkage::test
