// A loss with K outputs per observation, which the core does not have yet: minus log softmax.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage::test {

/// l(y, eta) = log sum_k exp(eta_k) - eta_y, y the index of a class.
class ToySoftmax {
public:
    static constexpr const char* name = "toy softmax";
    static constexpr Shape shape = Shape::curved;

    explicit ToySoftmax(std::size_t classes) : classes_(classes) {}

    std::size_t outputs() const { return classes_; }
    std::size_t target_size() const { return 1; }
    double value(ConstVector y, ConstVector eta) const {
        const double top = *std::max_element(eta.begin(), eta.end());
        double total = 0.0;
        for (const double e : eta) total += std::exp(e - top);
        return top + std::log(total) - eta[index(y)];
    }
    void gradient(ConstVector y, ConstVector eta, Vector out) const {
        mean(eta, out);
        out[index(y)] -= 1.0;
    }
    void curvature(ConstVector, ConstVector eta, Vector out) const {
        std::vector<double> p(classes_);
        mean(eta, p);
        for (std::size_t k = 0; k < classes_; ++k) {
            for (std::size_t l = 0; l < classes_; ++l) {
                out[k + l * classes_] = (k == l ? p[k] : 0.0) - p[k] * p[l];
            }
        }
    }
    /// Negative entropy of the probabilities at which l' = u; they must form a distribution.
    double conjugate(ConstVector y, ConstVector u) const {
        double total = 0.0, entropy = 0.0;
        for (std::size_t k = 0; k < classes_; ++k) {
            const double p = u[k] + (k == index(y) ? 1.0 : 0.0);
            if (p < -1e-14) return std::numeric_limits<double>::infinity();
            if (p > 0.0) entropy += p * std::log(p);
            total += p;
        }
        return std::abs(total - 1.0) < 1e-12 ? entropy : std::numeric_limits<double>::infinity();
    }
    double saturated(ConstVector) const { return 0.0; }
    void mean(ConstVector eta, Vector out) const {
        const double top = *std::max_element(eta.begin(), eta.end());
        double total = 0.0;
        for (std::size_t k = 0; k < classes_; ++k) total += out[k] = std::exp(eta[k] - top);
        for (double& p : out) p /= total;
    }
    bool valid(ConstVector y) const {
        return y[0] == std::floor(y[0]) && y[0] >= 0.0 && y[0] < static_cast<double>(classes_);
    }
    double curvature_scale(double, double) const { return 0.5; }

private:
    static std::size_t index(ConstVector y) { return static_cast<std::size_t>(y[0]); }

    std::size_t classes_;
};

}  // namespace shrinkage::test
