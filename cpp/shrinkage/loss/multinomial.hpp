// Multinomial loss: l(y, eta) = log sum_k exp(eta_k) - eta_y, y the index of a class.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

/// One eta per class and no reference class: adding a constant to all of them changes nothing.
class MultinomialLoss {
public:
    static constexpr const char* name = "multinomial";
    static constexpr const char* targets = "class indices 0, 1, ... below the number of classes";
    static constexpr Shape shape = Shape::curved;
    static constexpr bool symmetric = true;

    explicit MultinomialLoss(std::size_t classes) : classes_(classes) {}

    std::size_t outputs() const { return classes_; }
    std::size_t target_size() const { return 1; }
    double value(ConstVector y, ConstVector eta) const {
        // From the class's own eta, so that a good fit keeps its relative accuracy.
        const double own = eta[index(y)];
        const double top = *std::max_element(eta.begin(), eta.end());
        double others = 0.0;
        if (top > own) {
            for (const double e : eta) others += std::exp(e - top);
            return top - own + std::log(others);
        }
        for (std::size_t k = 0; k < classes_; ++k) {
            if (k != index(y)) others += std::exp(eta[k] - own);
        }
        return std::log1p(others);
    }
    void gradient(ConstVector y, ConstVector eta, Vector out) const {
        mean(eta, out);
        // p - 1 as minus the sum of the others keeps relative accuracy when p is close to 1.
        double others = 0.0;
        for (std::size_t k = 0; k < classes_; ++k) {
            if (k != index(y)) others += out[k];
        }
        out[index(y)] = -others;
    }
    void curvature(ConstVector, ConstVector eta, Vector out) const {
        const Vector p = out.first(classes_);
        mean(eta, p);
        for (std::size_t l = classes_; l-- > 0;) {
            double others = 0.0;
            for (std::size_t k = 0; k < classes_; ++k) others += k == l ? 0.0 : p[k];
            const double q = p[l];
            if (l == 0) {
                // The first column takes the place of p, so it goes last.
                for (std::size_t k = classes_; k-- > 1;) out[k] *= -q;
                out[0] = q * others;
            } else {
                for (std::size_t k = 0; k < classes_; ++k) {
                    out[k + l * classes_] = k == l ? q * others : -q * p[k];
                }
            }
        }
    }
    /// Negative entropy of the probabilities at which l' = u; they must form a distribution.
    double conjugate(ConstVector y, ConstVector u) const {
        // A rounding's width outside the simplex counts as its edge.
        constexpr double slack = 1e-14;
        double total = 0.0, entropy = 0.0;
        for (std::size_t k = 0; k < classes_; ++k) {
            const double p = u[k] + (k == index(y) ? 1.0 : 0.0);
            if (p < -slack) return std::numeric_limits<double>::infinity();
            if (p > 0.0) entropy += p * (k == index(y) ? std::log1p(u[k]) : std::log(p));
            total += p;
        }
        return std::abs(total - 1.0) < 1e-12 ? entropy : std::numeric_limits<double>::infinity();
    }
    double saturated(ConstVector) const { return 0.0; }
    /// The probabilities.
    void mean(ConstVector eta, Vector out) const {
        const double top = *std::max_element(eta.begin(), eta.end());
        double total = 0.0;
        for (std::size_t k = 0; k < classes_; ++k) total += out[k] = std::exp(eta[k] - top);
        for (std::size_t k = 0; k < classes_; ++k) out[k] /= total;
    }
    bool valid(ConstVector y) const {
        return y[0] == std::floor(y[0]) && y[0] >= 0.0 && y[0] < static_cast<double>(classes_);
    }
    double curvature_scale(double, double) const { return 0.5; }

private:
    static std::size_t index(ConstVector y) { return static_cast<std::size_t>(y[0]); }

    std::size_t classes_;
};

static_assert(VectorLoss<MultinomialLoss>);

}  // namespace shrinkage
