// Piecewise linear terms and the slacks with which an interior-point method sees them.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

/// Terms above max(r, 0) + below max(-r, 0) of r = u - s with u, s >= 0. The slope v in [-below,
/// above] is held through its distances to the ends, to_above = above - v and to_below = v + below,
/// which are complementary to u and s. An infinite slope on one side is a bound: r stays on the
/// other, and its s (or u) is zero throughout.
class KinkedTerms {
public:
    void clear() {
        for (auto* list : {&above_, &below_, &u_, &s_, &to_above_, &to_below_}) list->clear();
    }
    std::size_t size() const { return above_.size(); }

    /// Adds a term at r with slope near v, strictly inside: room is added to u and s, and v keeps
    /// away from the ends by the share margin of their distance (of unit where that is infinite).
    void add(double below, double above, double r, double v, double room, double margin,
             double unit) {
        const bool has_u = !std::isinf(above);
        const bool has_s = !std::isinf(below);
        const double away = margin * (has_u && has_s ? above + below : unit);
        v = std::max(std::min(v, above - away), -below + away);
        above_.push_back(above);
        below_.push_back(below);
        u_.push_back(has_u ? std::max(r, 0.0) + room : 0.0);
        s_.push_back(has_s ? std::max(-r, 0.0) + room : 0.0);
        to_above_.push_back(above - v);
        to_below_.push_back(v + below);
    }

    double u(std::size_t k) const { return u_[k]; }
    double s(std::size_t k) const { return s_[k]; }
    double slope(std::size_t k) const {
        return to_below_[k] < to_above_[k] ? to_below_[k] - below_[k] : above_[k] - to_above_[k];
    }
    /// How far the slope is from its nearer end.
    double inside(std::size_t k) const { return std::min(to_above_[k], to_below_[k]); }
    double distance(std::size_t k) const { return std::max(u_[k], s_[k]); }

    /// The sum of the complementary products, and their number.
    double complementarity() const {
        double total = 0.0;
        for (std::size_t k = 0; k < size(); ++k) {
            if (u_[k] > 0.0) total += u_[k] * to_above_[k];
            if (s_[k] > 0.0) total += s_[k] * to_below_[k];
        }
        return total;
    }
    std::size_t pairs() const {
        std::size_t count = 0;
        for (std::size_t k = 0; k < size(); ++k) count += (u_[k] > 0.0) + (s_[k] > 0.0);
        return count;
    }
    /// The sum of the products after a step.
    double complementarity(double primal, double dual) const {
        double total = 0.0;
        for (std::size_t k = 0; k < size(); ++k) {
            if (u_[k] > 0.0) total += (u_[k] + primal * du_[k]) * (to_above_[k] - dual * dv_[k]);
            if (s_[k] > 0.0) total += (s_[k] + primal * ds_[k]) * (to_below_[k] + dual * dv_[k]);
        }
        return total;
    }

    /// Linearizes the products about mu, with the second-order part of the last step when
    /// corrected: dv = weight(k) * (dr + pull(k)).
    void linearize(ConstVector r, double mu, bool corrected) {
        weight_.resize(size());
        pull_.resize(size());
        cu_.assign(size(), 0.0);
        cs_.assign(size(), 0.0);
        for (std::size_t k = 0; k < size(); ++k) {
            double flat = 0.0;
            pull_[k] = r[k] - u_[k] + s_[k];
            if (u_[k] > 0.0) {
                cu_[k] = mu - u_[k] * to_above_[k] + (corrected ? du_[k] * dv_[k] : 0.0);
                flat += u_[k] / to_above_[k];
                pull_[k] -= cu_[k] / to_above_[k];
            }
            if (s_[k] > 0.0) {
                cs_[k] = mu - s_[k] * to_below_[k] - (corrected ? ds_[k] * dv_[k] : 0.0);
                flat += s_[k] / to_below_[k];
                pull_[k] += cs_[k] / to_below_[k];
            }
            weight_[k] = flat > 0.0 ? 1.0 / flat : 0.0;
        }
    }
    double weight(std::size_t k) const { return weight_[k]; }
    const std::vector<double>& weights() const { return weight_; }
    double pull(std::size_t k) const { return pull_[k]; }
    /// The slope where r does not move.
    double ahead(std::size_t k) const { return slope(k) + weight_[k] * pull_[k]; }

    /// The step of u, s and v that belongs to the change dr of r.
    void set_step(ConstVector dr) {
        du_.assign(size(), 0.0);
        ds_.assign(size(), 0.0);
        dv_.assign(size(), 0.0);
        for (std::size_t k = 0; k < size(); ++k) {
            dv_[k] = weight_[k] * (dr[k] + pull_[k]);
            if (u_[k] > 0.0) du_[k] = (cu_[k] + u_[k] * dv_[k]) / to_above_[k];
            if (s_[k] > 0.0) ds_[k] = (cs_[k] - s_[k] * dv_[k]) / to_below_[k];
        }
    }
    /// The largest steps up to the given ones at which nothing is negative.
    void limit(double& primal, double& dual) const {
        const auto shorten = [](double& step, double value, double change) {
            if (change < 0.0) step = std::min(step, -value / change);
        };
        for (std::size_t k = 0; k < size(); ++k) {
            if (u_[k] > 0.0) {
                shorten(primal, u_[k], du_[k]);
                shorten(dual, to_above_[k], -dv_[k]);
            }
            if (s_[k] > 0.0) {
                shorten(primal, s_[k], ds_[k]);
                shorten(dual, to_below_[k], dv_[k]);
            }
        }
    }
    void move(double primal, double dual) {
        for (std::size_t k = 0; k < size(); ++k) {
            u_[k] += primal * du_[k];
            s_[k] += primal * ds_[k];
            to_above_[k] -= dual * dv_[k];
            to_below_[k] += dual * dv_[k];
        }
    }

private:
    std::vector<double> above_, below_, u_, s_, to_above_, to_below_;
    std::vector<double> weight_, pull_, cu_, cs_, du_, ds_, dv_;
};

}  // namespace shrinkage
