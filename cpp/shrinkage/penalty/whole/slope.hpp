// SLOPE: sum_k omega_k |f beta|_(k), |.|_(1) the largest of the magnitudes, omega_1 >= omega_2 >=
// ...
// >= 0 (Bogdan, van den Berg, Sabatti, Su & Candes 2015, equation 1.5).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "shrinkage/penalty/input.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

class Slope {
public:
    static constexpr const char* name = "slope";

    /// Coefficients with a factor of zero are free; the others share the weights.
    Slope(std::vector<double> omega, std::vector<double> factors)
        : omega_(std::move(omega)), factors_(std::move(factors)) {}
    explicit Slope(const PenaltyInput& input)
        : Slope(input.weights,
                input.factors.empty() ? std::vector<double>(input.features, 1.0) : input.factors) {
        require_parameters(input, 0);
        require_weights(input, input.features, "column of X");
        for (std::size_t k = 1; k < omega_.size(); ++k) {
            if (omega_[k] <= omega_[k - 1]) continue;
            refuse_penalty("weights", "weights[" + std::to_string(k) + "]",
                           std::to_string(omega_[k]), "give weights that never grow");
        }
        if (!omega_.empty() && !(omega_[0] > 0.0)) {
            refuse_penalty("weights", "weights[0]", std::to_string(omega_[0]),
                           "give a first weight > 0");
        }
        if (input.bounded()) {
            refuse_penalty("bounds", "lower", "<bounds>", "SLOPE takes no bounds: leave them away");
        }
    }

    bool smooth(double) const { return false; }
    bool is_free(std::size_t j, double lambda) const { return lambda * factors_[j] == 0.0; }
    bool keeps_zeros() const { return true; }
    /// The prox is closed in f beta.
    double metric(std::size_t j) const {
        return factors_[j] > 0.0 ? factors_[j] * factors_[j] : 1.0;
    }

    double value(ConstVector beta, double lambda) const {
        std::vector<double> sizes = scaled(beta, [](double b, double f) { return b * f; });
        double total = 0.0;
        for (std::size_t k = 0; k < sizes.size(); ++k) total += omega_[k] * sizes[k];
        return lambda * total;
    }
    void prox(std::span<const std::size_t> columns, ConstVector v, double step, double lambda,
              Vector out) const {
        std::vector<std::size_t> order;
        std::vector<double> sizes(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            out[i] = v[i];
            if (is_free(columns[i], lambda)) continue;
            sizes[i] = std::abs(v[i]) * factors_[columns[i]];
            order.push_back(i);
        }
        sort_decreasing(order, sizes);
        std::vector<double> lowered(order.size());
        for (std::size_t k = 0; k < order.size(); ++k) {
            lowered[k] = sizes[order[k]] - step * lambda * omega_[k];
        }
        make_decreasing(lowered);
        for (std::size_t k = 0; k < order.size(); ++k) {
            const std::size_t i = order[k];
            out[i] = std::copysign(std::max(lowered[k], 0.0) / factors_[columns[i]], v[i]);
        }
    }
    /// In the plain metric, where the factors are one; as each coefficient's own threshold differs
    /// otherwise, it has no closed form then.
    void prox(ConstVector v, double step, double lambda, Vector out) const {
        std::vector<std::size_t> columns(v.size());
        std::iota(columns.begin(), columns.end(), std::size_t{0});
        prox(columns, v, step, lambda, out);
    }
    /// Coefficients of one magnitude share their weights in any order: the subdifferential is the
    /// convex hull of these, onto which pooled violators project (Bogdan et al. 2015, section 2).
    void least_residual(ConstVector g, ConstVector beta, double lambda, Vector out) const {
        std::vector<std::size_t> order;
        std::vector<double> sizes(beta.size());
        for (std::size_t j = 0; j < beta.size(); ++j) {
            sizes[j] = std::abs(beta[j]) * factors_[j];
            if (is_free(j, lambda)) {
                out[j] = -g[j];
            } else {
                order.push_back(j);
            }
        }
        sort_decreasing(order, sizes);
        for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
            while (last < order.size() && sizes[order[last]] == sizes[order[first]]) ++last;
            const std::span<std::size_t> cluster(&order[first], last - first);
            reduce(cluster, first, sizes[cluster[0]] == 0.0, g, beta, lambda, out);
        }
    }

    /// The dual norm: the largest ratio of partial sums (ibid., proposition 1.1).
    double lambda_max(ConstVector g) const {
        double largest = 0.0;
        for_partial_sums(
            g, [&](double sum, double weights) { largest = std::max(largest, sum / weights); });
        return largest;
    }
    double dual_scale(ConstVector g, ConstVector, double lambda) const {
        if (lambda == 0.0) return 1.0;
        const double largest = lambda_max(g);
        return largest > lambda ? lambda / largest : 1.0;
    }
    double dual_value(double, ConstVector, ConstVector, double) const { return 0.0; }
    double conjugate(ConstVector g, double lambda) const {
        return lambda == 0.0 || lambda_max(g) <= lambda ? 0.0 : infinity;
    }

private:
    /// The magnitudes of what is penalized, decreasing.
    template <typename Scale>
    std::vector<double> scaled(ConstVector x, const Scale& scale) const {
        std::vector<double> sizes;
        sizes.reserve(x.size());
        for (std::size_t j = 0; j < x.size(); ++j) {
            if (factors_[j] > 0.0) sizes.push_back(std::abs(scale(x[j], factors_[j])));
        }
        std::sort(sizes.begin(), sizes.end(), std::greater<>());
        return sizes;
    }
    template <typename Visit>
    void for_partial_sums(ConstVector g, const Visit& visit) const {
        const auto sizes = scaled(g, [](double x, double f) { return x / f; });
        double sum = 0.0, weights = 0.0;
        for (std::size_t k = 0; k < sizes.size(); ++k) {
            sum += sizes[k];
            weights += omega_[k];
            visit(sum, weights);
        }
    }
    static void sort_decreasing(std::vector<std::size_t>& order, ConstVector sizes) {
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
    }
    /// The nearest decreasing sequence: neighbours out of order are replaced by their mean.
    static void make_decreasing(Vector values) {
        struct Pool {
            double sum;
            std::size_t count;
            double mean() const { return sum / static_cast<double>(count); }
        };
        std::vector<Pool> pools;
        for (const double value : values) {
            pools.push_back({value, 1});
            while (pools.size() > 1 && pools[pools.size() - 2].mean() <= pools.back().mean()) {
                const Pool last = pools.back();
                pools.pop_back();
                pools.back().sum += last.sum;
                pools.back().count += last.count;
            }
        }
        std::size_t k = 0;
        for (const Pool& pool : pools) {
            for (std::size_t i = 0; i < pool.count; ++i) values[k++] = pool.mean();
        }
    }
    /// The least residual of one cluster, whose weights begin at rank `first`, in units of f beta
    /// where the cluster is not of one factor.
    void reduce(std::span<std::size_t> cluster, std::size_t first, bool zero, ConstVector g,
                ConstVector beta, double lambda, Vector out) const {
        std::vector<double> pull(g.size());
        for (const std::size_t j : cluster) {
            const double along = zero ? std::abs(g[j]) : std::copysign(1.0, beta[j]) * g[j];
            pull[j] = along / factors_[j];
        }
        std::vector<std::size_t> order(cluster.begin(), cluster.end());
        sort_decreasing(order, pull);
        std::vector<double> rest(order.size());
        for (std::size_t k = 0; k < rest.size(); ++k) {
            rest[k] = pull[order[k]] - lambda * omega_[first + k];
        }
        make_decreasing(rest);
        for (std::size_t k = 0; k < rest.size(); ++k) {
            const std::size_t j = order[k];
            const double left = factors_[j] * (zero ? std::max(rest[k], 0.0) : rest[k]);
            out[j] = -std::copysign(1.0, zero ? g[j] : beta[j]) * left;
        }
    }

    std::vector<double> omega_, factors_;
};

static_assert(WholePenalty<Slope> && PenaltyFormulas<Slope>);

}  // namespace shrinkage
