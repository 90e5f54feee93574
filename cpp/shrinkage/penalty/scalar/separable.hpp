// sum_j lambda f_j p(b_j) on a box: a scalar penalty with penalty factors f and bounds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "shrinkage/penalty/input.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

/// Bounds belong to the penalty: +infinity outside [lower_j, upper_j], which contains zero. For a
/// convex p of one variable the constrained minimizer is the clipped unconstrained one.
template <ScalarPenalty P>
class Separable {
public:
    static constexpr const char* name = P::name;
    using Scalar = P;

    /// Empty lower or upper means no bound on that side.
    Separable(P p, std::vector<double> factors, std::vector<double> lower = {},
              std::vector<double> upper = {})
        : p_(p),
          factors_(std::move(factors)),
          lower_(std::move(lower)),
          upper_(std::move(upper)),
          all_penalized_(
              std::all_of(factors_.begin(), factors_.end(), [](double f) { return f > 0.0; })) {}

    explicit Separable(const PenaltyInput& input)
        : Separable(scalar(input),
                    by_coefficient(input.factors.empty() ? std::vector<double>(input.features, 1.0)
                                                         : input.factors,
                                   input.outputs),
                    by_coefficient(input.lower, input.outputs),
                    by_coefficient(input.upper, input.outputs)) {}

    std::size_t size() const { return factors_.size(); }
    double factor(std::size_t j) const { return factors_[j]; }
    const P& scalar() const { return p_; }
    /// Whether a coefficient may be free of penalty and of bounds.
    bool may_be_free(double lambda) const { return lambda == 0.0 || !all_penalized_; }
    bool bounded() const { return !lower_.empty() || !upper_.empty(); }
    bool smooth(double lambda) const { return !bounded() && p_.kink(lambda) == 0.0; }
    Interval bounds(std::size_t j) const {
        return {lower_.empty() ? -infinity : lower_[j], upper_.empty() ? infinity : upper_[j]};
    }
    double kink(std::size_t j, double lambda) const { return p_.kink(lambda * factors_[j]); }
    double ridge(std::size_t j, double lambda) const { return p_.ridge(lambda * factors_[j]); }
    /// Free of penalty and of bounds: such a column belongs to the null space of P.
    bool is_free(std::size_t j, double lambda) const {
        return unheld(j, 1.0, lambda) && unheld(j, -1.0, lambda);
    }
    /// Neither a penalty nor a bound holds the coefficient back in the direction of g. Its gradient
    /// vanishes at a solution, so what is left of it there is rounding.
    bool unheld(std::size_t j, double g, double lambda) const {
        if (lambda * factors_[j] != 0.0) return false;
        const Interval box = bounds(j);
        return (g > 0.0 ? box.hi == infinity : box.lo == -infinity);
    }

    double value(ConstVector beta, double lambda) const {
        double total = 0.0;
        for (std::size_t j = 0; j < beta.size(); ++j) {
            if (beta[j] != 0.0) total += p_.value(beta[j], lambda * factors_[j]);
        }
        return total;
    }
    /// The part of the listed coefficients.
    double value(std::span<const std::size_t> columns, ConstVector beta, double lambda) const {
        double total = 0.0;
        for (const std::size_t j : columns) {
            if (beta[j] != 0.0) total += p_.value(beta[j], lambda * factors_[j]);
        }
        return total;
    }
    void prox(ConstVector v, double step, double lambda, Vector out) const {
        for (std::size_t j = 0; j < v.size(); ++j) {
            out[j] = clip(j, p_.prox(v[j], step, lambda * factors_[j]));
        }
    }
    void metric_prox(ConstVector v, ConstVector d, double lambda, Vector out) const {
        for (std::size_t j = 0; j < v.size(); ++j) {
            out[j] = clip(j, p_.prox(v[j], 1.0 / d[j], lambda * factors_[j]));
        }
    }
    double minimize(std::size_t j, double u, double a, double lambda) const {
        return clip(j, p_.prox(u / a, 1.0 / a, lambda * factors_[j]));
    }
    Piece piece(std::size_t j, double b, double lambda) const {
        Piece piece = p_.piece(b, lambda * factors_[j]);
        const Interval box = bounds(j);
        piece.range = {std::max(piece.range.lo, box.lo), std::min(piece.range.hi, box.hi)};
        return piece;
    }
    bool kinked(std::size_t j, double b, double lambda) const {
        if (b == 0.0 && kink(j, lambda) > 0.0) return true;
        if (!bounded()) return false;
        const Interval box = bounds(j);
        return b == box.lo || b == box.hi;
    }
    /// Whether all gradients of the features [first, last) surely lie inside the subdifferential at
    /// zero. Most do, and this loop has no branch.
    bool all_inside(ConstVector g, std::size_t first, std::size_t last, double lambda) const {
        if (bounded()) return false;
        const double unit = p_.kink(lambda);
        std::int64_t outside = 0;
        for (std::size_t j = first; j < last; ++j) outside += std::abs(g[j]) > unit * factors_[j];
        return outside == 0;
    }
    /// The element of least magnitude of d(lambda P_j)(b) - g; the subdifferential is an interval
    /// that a bound opens to one side. With g = -l' it is the least-norm subgradient of l + lambda
    /// P_j.
    double least_residual(std::size_t j, double g, double b, double lambda) const {
        const Piece piece = p_.piece(b, lambda * factors_[j]);
        if (!bounded()) {
            if (b != 0.0) return piece.slope + piece.curvature * b - g;
            const double reach = kink(j, lambda);
            return g > reach ? reach - g : (g < -reach ? -reach - g : 0.0);
        }
        const Interval box = bounds(j);
        const double slope = piece.slope + piece.curvature * b;
        const double kink = b == 0.0 ? this->kink(j, lambda) : 0.0;
        const double lo = b == box.lo ? -infinity : (b == 0.0 ? -kink : slope);
        const double hi = b == box.hi ? infinity : (b == 0.0 ? kink : slope);
        if (g < lo) return lo - g;
        return g > hi ? hi - g : 0.0;
    }
    void least_residual(ConstVector g, ConstVector beta, double lambda, Vector out) const {
        for (std::size_t j = 0; j < g.size(); ++j) {
            out[j] = least_residual(j, g[j], beta[j], lambda);
        }
    }
    double kkt_distance(std::size_t j, double g, double b, double lambda) const {
        return std::abs(least_residual(j, g, b, lambda));
    }
    double kkt_distance(ConstVector g, ConstVector beta, double lambda) const {
        double worst = 0.0;
        for (std::size_t j = 0; j < g.size(); ++j) {
            worst = std::max(worst, kkt_distance(j, g[j], beta[j], lambda));
        }
        return worst;
    }
    /// A bound at zero forbids that sign, so its gradient does not count. Infinite without a kink.
    double lambda_max(ConstVector g) const {
        double largest = 0.0;
        for (std::size_t j = 0; j < g.size(); ++j) {
            const Interval box = bounds(j);
            const bool blocked = g[j] > 0.0 ? box.hi == 0.0 : box.lo == 0.0;
            if (blocked || g[j] == 0.0 || factors_[j] == 0.0) continue;
            largest = std::max(largest, std::abs(g[j]) / kink(j, 1.0));
        }
        return largest;
    }
    double dual_scale(ConstVector g, ConstVector beta, double lambda) const {
        double s = 1.0;
        if (!bounded() && !may_be_free(lambda)) {
            const double unit = p_.kink(lambda), bend = p_.ridge(lambda);
            for (std::size_t first = 0; first < g.size(); first += stretch) {
                const std::size_t last = std::min(g.size(), first + stretch);
                std::int64_t outside = 0;
                for (std::size_t j = first; j < last; ++j) {
                    outside += std::abs(g[j] - bend * factors_[j] * beta[j]) > unit * factors_[j];
                }
                for (std::size_t j = first; outside > 0 && j < last; ++j) {
                    const double v = std::abs(g[j] - bend * factors_[j] * beta[j]);
                    const double limit = unit * factors_[j];
                    if (v > limit) s = std::min(s, limit / v);
                }
            }
            return s;
        }
        for (std::size_t j = 0; j < g.size(); ++j) {
            const double v = g[j] - ridge(j, lambda) * beta[j];
            const Interval box = bounds(j);
            const bool open = v > 0.0 ? box.hi == infinity : box.lo == -infinity;
            const double limit = kink(j, lambda);
            if (open && !unheld(j, v, lambda) && std::abs(v) > limit)
                s = std::min(s, limit / std::abs(v));
        }
        return s;
    }
    double dual_value(double s, ConstVector g, ConstVector beta, double lambda) const {
        double total = 0.0;
        if (!bounded()) {
            if (p_.ridge(lambda) == 0.0) return 0.0;
            // Scaled into its domain, (lambda N)* is zero.
            for (std::size_t j = 0; j < g.size(); ++j) {
                if (beta[j] != 0.0) total += ridge(j, lambda) * beta[j] * beta[j];
            }
            return 0.5 * s * s * total;
        }
        for (std::size_t j = 0; j < g.size(); ++j) {
            const double ridge = this->ridge(j, lambda);
            const double v = s * (g[j] - ridge * beta[j]);
            const double excess = std::abs(v) - kink(j, lambda);
            const Interval box = bounds(j);
            const double reach = v > 0.0 ? box.hi : -box.lo;
            if (excess > 0.0 && reach < infinity) total += excess * reach;
            total += 0.5 * s * s * ridge * beta[j] * beta[j];
        }
        return total;
    }
    double conjugate(ConstVector g, double lambda) const {
        double total = 0.0;
        for (std::size_t j = 0; j < g.size(); ++j) {
            if (std::abs(g[j]) <= kink(j, lambda) || unheld(j, g[j], lambda)) continue;
            const double at = clip(j, p_.maximizer(g[j], lambda * factors_[j]));
            if (std::isinf(at)) return infinity;
            total += g[j] * at - p_.value(at, lambda * factors_[j]);
        }
        return total;
    }

private:
    static constexpr std::size_t stretch = 64;  // features looked at together

    /// A scalar penalty has no numbers of its own, or one.
    static P scalar(const PenaltyInput& input) {
        require_parameters(input, std::is_empty_v<P> ? 0 : 1);
        if constexpr (std::is_empty_v<P>) {
            return P{};
        } else {
            return P{input.parameters[0]};
        }
    }

    double clip(std::size_t j, double b) const {
        const Interval box = bounds(j);
        return std::min(std::max(b, box.lo), box.hi);
    }

    P p_;
    std::vector<double> factors_, lower_, upper_;
    bool all_penalized_;
};

}  // namespace shrinkage
