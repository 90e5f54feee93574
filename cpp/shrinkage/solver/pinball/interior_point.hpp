// Interior-point method for the pinball loss with a separable penalty on a working set of columns:
// Mehrotra's (1992) predictor-corrector on the linear or quadratic program, whose normal equations
// are one weighted Gram matrix (Portnoy & Koenker 1997, section 4).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/linalg/cholesky.hpp"
#include "shrinkage/solver/pinball/kinked_terms.hpp"
#include "shrinkage/solver/problem/problem.hpp"

namespace shrinkage {

/// Works on the coefficients of point that columns lists, and on its intercept; leaves them, eta
/// and v at the solution. The other coefficients are zero.
template <ScalarLoss L, SeparablePenalty P, Design D>
class InteriorPoint {
public:
    /// loss_scale, gradient_scale: typical sizes of a residual and of a gradient.
    InteriorPoint(Point<L, D>& point, const P& penalty, double loss_scale, double gradient_scale)
        : point_(point),
          penalty_(penalty),
          loss_scale_(loss_scale),
          gradient_scale_(gradient_scale) {}

    /// Iterates until the complementary products sum to less than target. Returns the iterations.
    std::size_t solve(Indices columns, double lambda, double target, double floor,
                      std::size_t max_iter, const Context& context) {
        columns_ = columns;
        lambda_ = lambda;
        first_ = point_.data.intercept ? 1 : 0;
        start(context);
        std::size_t iteration = 0;
        for (; iteration < max_iter; ++iteration) {
            context.check();
            const double left = losses_.complementarity() + held_.complementarity();
            if (left <= target && stationary(context) <= floor) break;
            if (!step(context)) break;
        }
        finish(context);
        return iteration;
    }

    /// Makes the solution exact: coefficients at a kink are put there, observations without
    /// residual are interpolated, and their slopes balance the gradients of the other coefficients.
    /// The equations are solved by the method of multipliers, which converges at once when they
    /// determine the solution. Returns whether the outcome is finite and keeps signs and bounds.
    bool polish(const Context& context) {
        find_pieces();
        std::vector<double> slope = slopes_of_losses();
        std::vector<double> weights(point_.eta.size(), 0.0);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const double q = quantile();
            weights[i] = tight_[i] ? 1.0 : 0.0;
            if (!tight_[i])
                slope[i] = point_.data.weights[i] * (losses_.u(i) > losses_.s(i) ? q : q - 1.0);
        }
        if (!factor_free(weights, context)) return false;
        point_.refresh_eta(context);
        for (int round = 0; round < 12; ++round) {
            std::vector<double> ahead(slope);
            for (std::size_t i = 0; i < ahead.size(); ++i) {
                if (tight_[i]) ahead[i] += penalty_weight_ * (point_.data.y[i] - point_.eta[i]);
            }
            std::vector<double> rhs = free_products(ahead, context);
            factor_.solve(rhs);
            for (const double change : rhs) {
                if (!std::isfinite(change)) return false;
            }
            if (first_ == 1) point_.intercept += rhs[0];
            for (std::size_t k = 0; k < free_.size(); ++k) point_.beta[free_[k]] += rhs[first_ + k];
            point_.refresh_eta(context);
            for (std::size_t i = 0; i < slope.size(); ++i) {
                if (tight_[i]) slope[i] += penalty_weight_ * (point_.data.y[i] - point_.eta[i]);
            }
        }
        return accept(slope);
    }

private:
    struct Held {  // a term of a coefficient: r = sign * beta + offset
        std::size_t slot;
        double sign, offset;
    };

    double quantile() const { return point_.loss.q; }

    void start(const Context& context) {
        const std::size_t n = point_.eta.size();
        const double q = quantile();
        point_.refresh_eta(context);
        losses_.clear();
        residual_.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            const double w = point_.data.weights[i];
            residual_[i] = w > 0.0 ? point_.data.y[i] - point_.eta[i] : 0.0;
            losses_.add(w * (1.0 - q), w * q, residual_[i], point_.v[i],
                        w > 0.0 ? 0.1 * loss_scale_ : 0.0, 0.1, 1.0);
        }
        held_.clear();
        terms_.clear();
        unit_.resize(columns_.size());
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            double square = 0.0;
            const Indices one = columns_.subspan(k, 1);
            point_.x.gram(one, one, point_.data.weights, context, {&square, 1, 1, 1});
            unit_[k] = loss_scale_ / std::sqrt(std::max(square, 1e-300));
            add_terms(k);
        }
    }

    /// The kink at zero, with infinite slope on a side that a bound closes, and the other bounds.
    void add_terms(std::size_t k) {
        const std::size_t j = columns_[k];
        const double b = point_.beta[j];
        const double kink = penalty_.kink(j, lambda_);
        const Interval box = penalty_.bounds(j);
        const auto add = [&](double below, double above, double sign, double offset, double v) {
            terms_.push_back({k, sign, offset});
            held_.add(below, above, sign * b + offset, v, 0.1 * unit_[k], 0.1, gradient_scale_);
        };
        const double below = box.lo == 0.0 ? infinity : kink;
        const double above = box.hi == 0.0 ? infinity : kink;
        const double z = point_.g[j] - penalty_.ridge(j, lambda_) * b;
        if (below + above > 0.0) add(below, above, 1.0, 0.0, std::clamp(z, -kink, kink));
        if (box.lo != 0.0 && !std::isinf(box.lo)) add(infinity, 0.0, 1.0, -box.lo, 0.0);
        if (box.hi != 0.0 && !std::isinf(box.hi)) add(infinity, 0.0, -1.0, box.hi, 0.0);
    }

    /// One predictor-corrector step. Returns false when it is not finite or goes nowhere.
    bool step(const Context& context) {
        distances_.resize(terms_.size());
        for (std::size_t t = 0; t < terms_.size(); ++t) {
            distances_[t] =
                terms_[t].sign * point_.beta[columns_[terms_[t].slot]] + terms_[t].offset;
        }
        losses_.linearize(residual_, 0.0, false);
        held_.linearize(distances_, 0.0, false);
        if (!factor(context)) return false;
        if (!direction(context)) return false;
        double primal = 1.0;
        double dual = 1.0;
        limit(primal, dual, 1.0);
        const double now = losses_.complementarity() + held_.complementarity();
        const double then =
            losses_.complementarity(primal, dual) + held_.complementarity(primal, dual);
        const double pairs = static_cast<double>(losses_.pairs() + held_.pairs());
        const double ratio = then / now;
        const double mu = ratio * ratio * ratio * now / pairs;
        losses_.linearize(residual_, mu, true);
        held_.linearize(distances_, mu, true);
        if (!direction(context)) return false;
        primal = dual = 1.0 / reach;
        limit(primal, dual, reach);
        for (std::size_t k = 0; k < columns_.size(); ++k)
            point_.beta[columns_[k]] += primal * change_[first_ + k];
        if (first_ == 1) point_.intercept += primal * change_[0];
        for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] += primal * dr_[i];
        losses_.move(primal, dual);
        held_.move(primal, dual);
        return std::max(primal, dual) > 1e-10;
    }
    static constexpr double reach = 0.9995;  // of the way to the boundary

    void limit(double& primal, double& dual, double share) const {
        losses_.limit(primal, dual);
        held_.limit(primal, dual);
        primal = std::min(share * primal, 1.0);
        dual = std::min(share * dual, 1.0);
        // With a ridge the coefficients are part of the dual equations.
        bool curved = false;
        for (const std::size_t j : columns_) curved = curved || penalty_.ridge(j, lambda_) > 0.0;
        if (curved) primal = dual = std::min(primal, dual);
    }

    /// The factor of A'DA + Q over intercept and columns.
    bool factor(const Context& context) {
        const std::size_t k = columns_.size();
        const std::size_t m = first_ + k;
        square_.assign(m * m, 0.0);
        point_.x.gram(columns_, columns_, losses_.weights(), context,
                      {square_.data() + first_ * (m + 1), k, k, m});
        if (first_ == 1) {
            square_[0] = sum(losses_.weights());
            products(columns_, losses_.weights(), context, {square_.data() + 1, k});
        }
        for (std::size_t j = 0; j < k; ++j)
            square_[(first_ + j) * (m + 1)] += penalty_.ridge(columns_[j], lambda_);
        for (std::size_t t = 0; t < terms_.size(); ++t)
            square_[(first_ + terms_[t].slot) * (m + 1)] += held_.weight(t);
        return factor_damped(m, 1e-14, context);
    }

    /// Dependent columns need a little damping, which costs steps but no accuracy: what is left of
    /// the equations enters every right-hand side.
    bool factor_damped(std::size_t m, double damping, const Context& context) {
        factor_.clear();
        if (m == 0) return true;  // nothing is free: there are no equations
        double largest = 0.0;
        for (std::size_t j = 0; j < m; ++j) largest = std::max(largest, square_[j * (m + 1)]);
        if (!std::isfinite(largest) || !(largest > 0.0)) return false;
        for (; damping < 1e-4; damping *= 100.0) {
            for (std::size_t j = 0; j < m; ++j) {
                double& d = square_[j * (m + 1)];
                d += damping * d + 1e-6 * damping * largest;
            }
            if (factor_.factor({square_.data(), m, m, m}, context, 0.0)) return true;
        }
        return false;
    }

    bool direction(const Context& context) {
        context.check();
        const std::size_t n = residual_.size();
        ahead_.resize(n);
        for (std::size_t i = 0; i < n; ++i) ahead_[i] = losses_.ahead(i);
        change_.assign(first_ + columns_.size(), 0.0);
        if (first_ == 1) change_[0] = sum(ahead_);
        products(columns_, ahead_, context, Vector(change_).subspan(first_));
        for (std::size_t k = 0; k < columns_.size(); ++k)
            change_[first_ + k] -= penalty_.ridge(columns_[k], lambda_) * point_.beta[columns_[k]];
        for (std::size_t t = 0; t < terms_.size(); ++t)
            change_[first_ + terms_[t].slot] -= terms_[t].sign * held_.ahead(t);
        factor_.solve(change_);
        for (const double c : change_) {
            if (!std::isfinite(c)) return false;
        }
        dr_.assign(n, first_ == 1 ? change_[0] : 0.0);
        point_.x.add_columns(columns_, ConstVector(change_).subspan(first_), context, dr_);
        for (std::size_t i = 0; i < n; ++i) dr_[i] = point_.data.weights[i] > 0.0 ? -dr_[i] : 0.0;
        dh_.resize(terms_.size());
        for (std::size_t t = 0; t < terms_.size(); ++t)
            dh_[t] = terms_[t].sign * change_[first_ + terms_[t].slot];
        losses_.set_step(dr_);
        held_.set_step(dh_);
        return true;
    }

    /// out_k = x~_j'v, j the k-th of columns
    void products(Indices columns, ConstVector v, const Context& context, Vector out) {
        all_.resize(point_.x.cols());
        point_.x.column_products(columns, v, context, all_);
        for (std::size_t k = 0; k < columns.size(); ++k) out[k] = all_[columns[k]];
    }

    /// The largest gradient that no term of the coefficient balances, over intercept and columns.
    double stationary(const Context& context) {
        context.check();
        const std::vector<double> slope = slopes_of_losses();
        std::vector<double> left(columns_.size());
        products(columns_, slope, context, left);
        for (std::size_t k = 0; k < columns_.size(); ++k)
            left[k] -= penalty_.ridge(columns_[k], lambda_) * point_.beta[columns_[k]];
        for (std::size_t t = 0; t < terms_.size(); ++t)
            left[terms_[t].slot] -= terms_[t].sign * held_.slope(t);
        double worst = first_ == 1 ? std::abs(sum(slope)) * gradient_scale_ : 0.0;
        for (const double value : left) worst = std::max(worst, std::abs(value));
        return worst;
    }

    std::vector<double> slopes_of_losses() const {
        std::vector<double> slope(losses_.size(), 0.0);
        for (std::size_t i = 0; i < slope.size(); ++i) {
            if (point_.data.weights[i] > 0.0) slope[i] = losses_.slope(i);
        }
        return slope;
    }

    void finish(const Context& context) {
        const std::vector<double> slope = slopes_of_losses();
        std::copy(slope.begin(), slope.end(), point_.v.begin());
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            double& b = point_.beta[columns_[k]];
            const Interval box = penalty_.bounds(columns_[k]);
            b = std::min(std::max(b, box.lo), box.hi);
        }
        point_.refresh_eta(context);
    }

    /// Which terms stay at their kink: there the slope is farther from its ends, in its unit, than
    /// the residual is from zero in its own.
    void find_pieces() {
        const std::size_t n = point_.eta.size();
        tight_.assign(n, 0);
        for (std::size_t i = 0; i < n; ++i) {
            const double w = point_.data.weights[i];
            tight_[i] = w > 0.0 && losses_.inside(i) / w > losses_.distance(i) / loss_scale_;
        }
        std::vector<char> stays(columns_.size(), 0);
        for (std::size_t t = 0; t < terms_.size(); ++t) {
            const std::size_t k = terms_[t].slot;
            const std::size_t j = columns_[k];
            const double kink = terms_[t].offset == 0.0 ? penalty_.kink(j, lambda_) : 0.0;
            const double size = kink > 0.0 ? kink : gradient_scale_;
            if (held_.inside(t) / size <= held_.distance(t) / unit_[k]) continue;
            stays[k] = 1;
            point_.beta[j] = terms_[t].offset == 0.0 ? 0.0 : -terms_[t].sign * terms_[t].offset;
        }
        free_.clear();
        pieces_.clear();
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            if (stays[k]) continue;
            free_.push_back(columns_[k]);
            pieces_.push_back(penalty_.piece(columns_[k], point_.beta[columns_[k]], lambda_));
        }
    }

    bool factor_free(ConstVector weights, const Context& context) {
        const std::size_t k = free_.size();
        const std::size_t m = first_ + k;
        const Indices columns = free_;
        square_.assign(m * m, 0.0);
        point_.x.gram(columns, columns, weights, context,
                      {square_.data() + first_ * (m + 1), k, k, m});
        if (first_ == 1) {
            square_[0] = sum(weights);
            products(free_, weights, context, {square_.data() + 1, k});
        }
        double largest = 0.0;
        double ridge = 0.0;
        for (std::size_t j = 0; j < m; ++j) largest = std::max(largest, square_[j * (m + 1)]);
        for (const Piece& piece : pieces_) ridge = std::max(ridge, piece.curvature);
        penalty_weight_ = ridge > 0.0 && largest > 0.0 ? 1e5 * ridge / largest : 1.0;
        for (double& value : square_) value *= penalty_weight_;
        for (std::size_t j = 0; j < k; ++j) square_[(first_ + j) * (m + 1)] += pieces_[j].curvature;
        return factor_damped(m, 1e-12, context);
    }

    std::vector<double> free_products(ConstVector slope, const Context& context) {
        std::vector<double> result(first_ + free_.size());
        if (first_ == 1) result[0] = sum(slope);
        products(free_, slope, context, Vector(result).subspan(first_));
        for (std::size_t k = 0; k < free_.size(); ++k)
            result[first_ + k] -= pieces_[k].slope + pieces_[k].curvature * point_.beta[free_[k]];
        return result;
    }

    bool accept(ConstVector slope) {
        for (std::size_t k = 0; k < free_.size(); ++k) {
            const double b = point_.beta[free_[k]];
            if (!(b >= pieces_[k].range.lo && b <= pieces_[k].range.hi)) return false;
        }
        const double q = quantile();
        for (std::size_t i = 0; i < slope.size(); ++i) {
            const double w = point_.data.weights[i];
            const double rounding = 1e-12 * w;
            if (!(slope[i] >= w * (q - 1.0) - rounding && slope[i] <= w * q + rounding))
                return false;
            if (tight_[i]) {
                point_.v[i] = std::clamp(slope[i], w * (q - 1.0), w * q);
            } else if (w > 0.0) {
                point_.v[i] = slope[i];
            }
        }
        return true;
    }

    Point<L, D>& point_;
    const P& penalty_;
    const double loss_scale_, gradient_scale_;
    Indices columns_;
    double lambda_ = 0.0;
    std::size_t first_ = 0;  // where the columns begin in the equations: after the intercept
    KinkedTerms losses_, held_;
    std::vector<Held> terms_;
    std::vector<double> residual_, distances_, unit_, ahead_, change_, dr_, dh_, square_, all_;
    Cholesky factor_;
    std::vector<char> tight_;
    std::vector<std::size_t> free_;
    std::vector<Piece> pieces_;
    double penalty_weight_ = 1.0;
};

}  // namespace shrinkage
