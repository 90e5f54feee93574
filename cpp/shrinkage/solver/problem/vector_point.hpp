// The current point of a problem with K outputs per observation, and what follows from it. Matrices
// are stored output by output: B_jk at j + k p, eta_ik at i + k n.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/linalg/cholesky.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/loss/loss.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/certificate.hpp"
#include "shrinkage/solver/problem/problem.hpp"

namespace shrinkage {

/// The Cholesky factor of the K x K curvature of the intercepts. Its null vector (1, ..., 1) gets
/// the mean curvature, which changes nothing for right-hand sides that are orthogonal to it; a
/// trace of curvature keeps saturated classes apart.
inline Cholesky factor_intercepts(std::vector<double>& s, std::size_t outputs) {
    double trace = 0.0;
    for (std::size_t k = 0; k < outputs; ++k) trace += s[k + k * outputs];
    trace = std::max(trace, 1e-300) / static_cast<double>(outputs);
    for (std::size_t k = 0; k < outputs; ++k) {
        for (std::size_t l = 0; l < outputs; ++l) {
            s[k + l * outputs] += trace / static_cast<double>(outputs);
        }
        s[k + k * outputs] = s[k + k * outputs] * (1.0 + 1e-12) + 1e-14 * trace;
    }
    Cholesky factor;
    std::vector<char> kept;
    for (std::size_t k = 0; k < outputs; ++k) {
        double* const row = &s[k * outputs];
        factor.append({row, 1, k, 1}, {row + k, 1, 1, 1}, kept, {}, 0.0);
        if (kept[0]) continue;
        std::fill_n(row, k, 0.0);
        row[k] = trace;
        factor.append({row, 1, k, 1}, {row + k, 1, 1, 1}, kept, {}, 0.0);
    }
    return factor;
}

/// A point (b, B) with eta, v = -w l'(eta) and g = X~'v. y has target_size() columns of n entries.
template <VectorLoss L, Design D>
class VectorPoint {
public:
    VectorPoint(const L& of_loss, const D& design, const Data& of_data)
        : loss(of_loss),
          x(design),
          data(of_data),
          outputs(of_loss.outputs()),
          beta(x.cols() * outputs, 0.0),
          intercept(outputs, 0.0),
          eta(x.rows() * outputs, 0.0),
          v(x.rows() * outputs, 0.0),
          g(x.cols() * outputs, 0.0),
          y_(loss.target_size()),
          row_(outputs),
          slope_(outputs),
          square_(outputs * outputs) {}

    std::size_t rows() const { return x.rows(); }
    std::size_t features() const { return x.cols(); }

    /// eta, v and g from b and B, with the intercepts made stationary.
    void refresh(const Context& context) {
        refresh_eta(context);
        settle_intercept(context);
        refresh_gradient(context);
    }
    void refresh_eta(const Context& context) {
        std::vector<std::size_t> support;
        std::vector<double> values;
        for (std::size_t k = 0; k < outputs; ++k) {
            const Vector out = output(eta, k);
            std::fill(out.begin(), out.end(), intercept[k]);
            if (!data.offset.empty()) axpy(1.0, output(data.offset, k), out);
            support.clear();
            values.clear();
            for (std::size_t j = 0; j < features(); ++j) {
                const double b = beta[j + k * features()];
                if (b == 0.0) continue;
                support.push_back(j);
                values.push_back(b);
            }
            x.add_columns(support, values, context, out);
        }
    }
    void refresh_gradient(const Context& context) {
        for (std::size_t k = 0; k < outputs; ++k) {
            x.transposed_product(output(v, k), context,
                                 Vector(g).subspan(k * features(), features()));
        }
    }
    /// g at these coefficients only.
    void refresh_gradient(Indices coordinates) {
        for (const std::size_t c : coordinates) {
            g[c] = x.column_product(c % features(), output(v, c / features()));
        }
    }
    void refresh_residual() {
        for (std::size_t i = 0; i < rows(); ++i) {
            const double w = data.weights[i];
            if (w == 0.0) continue;
            loss.gradient(target(i), predictor(i, eta), slope_);
            for (std::size_t k = 0; k < outputs; ++k) v[i + k * rows()] = -w * slope_[k];
        }
    }

    /// Newton on the K intercepts, damped where the loss is flat; leaves v at the result. What the
    /// loss cannot tell, their common shift in a symmetric one, stays as it is.
    void settle_intercept(const Context& context) {
        refresh_residual();
        settled_ = true;
        if (!data.intercept) return;
        double limit = L::shape == Shape::quadratic ? infinity : 4.0;
        double now = mean_loss();
        double best = infinity;
        int since_best = 0;
        for (int iteration = 0; iteration < 200; ++iteration) {
            context.check();
            double worst = 0.0;
            double scale = 0.0;
            std::vector<double> step(outputs);
            for (std::size_t k = 0; k < outputs; ++k) {
                step[k] = sum(output(v, k));
                worst = std::max(worst, std::abs(step[k]));
                for (const double value : output(v, k)) scale += std::abs(value);
            }
            if (worst <= 1e-15 * scale) return;
            since_best = worst < 0.5 * best ? 0 : since_best + 1;
            best = std::min(best, worst);
            solve_intercepts(step);
            double largest = 0.0;
            for (const double s : step) largest = std::max(largest, std::abs(s));
            if (!(largest < infinity)) break;
            double level = 1.0;
            for (const double b : intercept) level = std::max(level, std::abs(b));
            // Where nearly every class is certain, p - 1 is known to its last digits only.
            if (since_best > 3 && largest <= 1e-11 * level) return;
            double t = largest > limit ? limit / largest : 1.0;
            limit *= 2.0;
            const std::vector<double> before = intercept;
            double after = now;
            for (int halvings = 0; halvings < 50; ++halvings, t *= 0.5) {
                for (std::size_t k = 0; k < outputs; ++k) shift(k, before[k] + t * step[k]);
                after = mean_loss();
                if (after <= now + 1e-14 * std::abs(now)) break;
            }
            now = after;
            refresh_residual();
            if (largest <= 1e-15 * level) return;
        }
        settled_ = false;
    }

    double mean_loss() const { return mean_loss(eta, data.weights); }
    double mean_loss(ConstVector at, ConstVector weights) const {
        double total = 0.0;
        for (std::size_t i = 0; i < rows(); ++i) {
            if (weights[i] > 0.0) total += weights[i] * loss.value(target(i), predictor(i, at));
        }
        return total;
    }
    double saturated(ConstVector weights) const {
        double total = 0.0;
        for (std::size_t i = 0; i < rows(); ++i) {
            if (weights[i] > 0.0) total += weights[i] * loss.saturated(target(i));
        }
        return total;
    }
    /// What rounding may leave of a null deviance that is zero, from the level of the targets.
    double rounding() const {
        double level = 0.0;
        for (std::size_t i = 0; i < rows(); ++i) {
            const ConstVector y = target(i);
            const ConstVector e = predictor(i, eta);
            level += data.weights[i] * (dot(y, y) + dot(e, e));
        }
        return 1e-28 * level;
    }
    /// The curvature of these losses is the same about every target.
    double mean_target() const { return 0.0; }
    template <Penalty P>
    double gap(const P& penalty, double lambda, bool stationary) const {
        return duality_gap(penalty, g, beta, lambda, stationary && settled_,
                           [this](double s) { return fenchel_young(s); });
    }

    /// sum_i w_i [l(eta_i) + l*(u_i) - u_i'eta_i] at u = s l'(eta), as that of one output.
    double fenchel_young(double s) const {
        if (s == 1.0) return 0.0;
        double total = 0.0;
        for (std::size_t i = 0; i < rows(); ++i) {
            const double w = data.weights[i];
            if (w == 0.0) continue;
            const ConstVector y = target(i);
            const Vector e = predictor(i, eta);
            if constexpr (L::symmetric) {
                const double top = *std::max_element(e.begin(), e.end());
                for (double& value : e) value -= top;
            }
            loss.gradient(y, e, slope_);
            double part = 0.0;
            if constexpr (L::shape == Shape::quadratic) {
                part = 0.5 * (1.0 - s) * (1.0 - s) * dot(slope_, slope_);
            } else {
                for (double& value : slope_) value *= s;
                part = loss.value(y, e) + loss.conjugate(y, slope_) - dot(slope_, e);
            }
            total += w * std::max(part, 0.0);
        }
        return total;
    }

    /// The targets of observation i, and its entries of a matrix by output; valid until the next
    /// call.
    ConstVector target(std::size_t i) const {
        for (std::size_t k = 0; k < y_.size(); ++k) y_[k] = data.y[i + k * rows()];
        return y_;
    }
    Vector predictor(std::size_t i, ConstVector matrix) const {
        for (std::size_t k = 0; k < outputs; ++k) row_[k] = matrix[i + k * rows()];
        return row_;
    }
    ConstVector output(ConstVector matrix, std::size_t k) const {
        return matrix.subspan(k * rows(), rows());
    }
    Vector output(Vector matrix, std::size_t k) const { return matrix.subspan(k * rows(), rows()); }
    Vector output(std::vector<double>& matrix, std::size_t k) const {
        return output(Vector(matrix), k);
    }
    ConstVector output(const std::vector<double>& matrix, std::size_t k) const {
        return output(ConstVector(matrix), k);
    }

    const L& loss;
    const D& x;
    const Data data;
    const std::size_t outputs;
    std::vector<double> beta, intercept;
    std::vector<double> eta, v, g;

private:
    void shift(std::size_t k, double to) {
        const double by = to - intercept[k];
        intercept[k] = to;
        for (double& e : output(eta, k)) e += by;
    }

    /// step := S^-1 step with S the curvature of the intercepts, made regular along what a
    /// symmetric loss cannot tell.
    void solve_intercepts(Vector step) const {
        if constexpr (L::shape == Shape::quadratic) return;  // weights sum to one: S = I
        std::vector<double> s(outputs * outputs, 0.0);
        for (std::size_t i = 0; i < rows(); ++i) {
            const double w = data.weights[i];
            if (w == 0.0) continue;
            loss.curvature(target(i), predictor(i, eta), square_);
            axpy(w, square_, s);
        }
        factor_intercepts(s, outputs).solve(step);
    }

    mutable std::vector<double> y_, row_, slope_, square_;  // of one observation
    bool settled_ = false;  // the intercepts are stationary, or there are none
};

}  // namespace shrinkage
