// A penalty that no split of the coefficients separates, which the core does not have yet: SLOPE,
// sum_k omega_k |beta|_(k) with omega_1 >= omega_2 >= ... >= 0 (Bogdan et al. 2015).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage::test {

class ToySlope {
public:
    explicit ToySlope(std::vector<double> omega) : omega_(std::move(omega)) {}

    std::size_t size() const { return omega_.size(); }
    double value(ConstVector beta, double lambda) const {
        const std::vector<double> sorted = decreasing(beta);
        double total = 0.0;
        for (std::size_t k = 0; k < size(); ++k) total += lambda * omega_[k] * sorted[k];
        return total;
    }
    /// The sorted magnitudes less their thresholds, made decreasing by averaging neighbours that
    /// are out of order (pool adjacent violators), and cut at zero (ibid., algorithm 4).
    void prox(ConstVector v, double step, double lambda, Vector out) const {
        std::vector<std::size_t> order(size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return std::abs(v[a]) > std::abs(v[b]);
        });
        struct Pool {
            double sum;
            std::size_t count;
            double mean() const { return sum / static_cast<double>(count); }
        };
        std::vector<Pool> pools;
        for (std::size_t k = 0; k < size(); ++k) {
            pools.push_back({std::abs(v[order[k]]) - step * lambda * omega_[k], 1});
            while (pools.size() > 1 && pools[pools.size() - 2].mean() <= pools.back().mean()) {
                const Pool last = pools.back();
                pools.pop_back();
                pools.back().sum += last.sum;
                pools.back().count += last.count;
            }
        }
        std::size_t k = 0;
        for (const Pool& pool : pools) {
            const double size = std::max(pool.mean(), 0.0);
            for (std::size_t i = 0; i < pool.count; ++i, ++k) {
                out[order[k]] = std::copysign(size, v[order[k]]);
            }
        }
    }
    /// The residual of the fixed point beta = prox(beta + g): zero exactly where g is a
    /// subgradient.
    double kkt_distance(ConstVector g, ConstVector beta, double lambda) const {
        std::vector<double> moved(size()), back(size());
        for (std::size_t j = 0; j < size(); ++j) moved[j] = beta[j] + g[j];
        prox(moved, 1.0, lambda, back);
        double worst = 0.0;
        for (std::size_t j = 0; j < size(); ++j) {
            worst = std::max(worst, std::abs(back[j] - beta[j]));
        }
        return worst;
    }
    /// The dual norm: the largest ratio of partial sums.
    double lambda_max(ConstVector g) const {
        const std::vector<double> sorted = decreasing(g);
        double largest = 0.0, sum = 0.0, weights = 0.0;
        for (std::size_t k = 0; k < size(); ++k) {
            sum += sorted[k];
            weights += omega_[k];
            largest = std::max(largest, sum / weights);
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
    static std::vector<double> decreasing(ConstVector x) {
        std::vector<double> sorted(x.begin(), x.end());
        for (double& s : sorted) s = std::abs(s);
        std::sort(sorted.begin(), sorted.end(), std::greater<>());
        return sorted;
    }

    std::vector<double> omega_;
};

}  // namespace shrinkage::test
