// Fits the pinball loss: an interior-point method on a working set of columns, made exact by the
// equations of the vertex (or face) that it approaches.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/solver/pinball/interior_point.hpp"
#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/screening.hpp"

namespace shrinkage {

template <ScalarLoss L, SeparablePenalty P, Design D>
class QuantileEngine {
    static_assert(L::shape == Shape::kinked);

public:
    QuantileEngine(Point<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point), penalty_(penalty), limits_(limits), set_(point.x.cols()) {}

    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        if (loss_scale_ == 0.0) loss_scale_ = point_.mean_loss();
        InteriorPoint<L, P, D> inner(point_, penalty_, loss_scale_, 1e13 * floor);
        Step step;
        step.regime = Regime::interior_point;
        set_.clear();
        for (const std::size_t j :
             strong_rule(penalty_, point_.x, set_, point_.g, point_.beta, lambda, previous))
            set_.add(j);
        double accuracy = 0.1 * target;
        for (int attempt = 0; attempt < attempts;) {
            step.iterations +=
                inner.solve(set_.features(), lambda, accuracy, stationarity::exact * floor,
                            limits_.max_iter - step.iterations, context);
            certify(lambda, floor, context);
            const bool polished = polish(inner, lambda, target, floor, context);
            step.gap = gap_;
            const auto missed = violators(penalty_, point_.x, set_, point_.g, lambda, floor);
            const bool exact =
                free_gradient(penalty_, point_.g, lambda) <= stationarity::exact * floor;
            if (step.iterations >= limits_.max_iter) break;
            if (gap_ <= target && exact) {
                if (polished) break;
                // Nearer the solution its pieces are seen more clearly; else this one will do.
                const Solution rough = current();
                step.iterations += inner.solve(set_.features(), lambda, 1e-4 * accuracy,
                                               stationarity::exact * floor,
                                               limits_.max_iter - step.iterations, context);
                certify(lambda, floor, context);
                if (!polish(inner, lambda, target, floor, context)) restore(rough, context);
                step.gap = gap_;
                break;
            }
            for (const std::size_t j : missed) set_.add(j);
            if (missed.empty()) {
                ++attempt;
                accuracy *= 1e-3;
            }
        }
        return step;
    }

    void finish(const Context&) {}
    double loss() const { return point_.mean_loss(); }
    /// The dual point of the last gap is this times v / w.
    double dual_scale() const { return scale_; }

private:
    static constexpr int attempts = 3;

    struct Solution {
        double gap, scale, intercept;
        std::vector<double> beta, v, g;
    };
    Solution current() const {
        return {gap_, scale_, point_.intercept, point_.beta, point_.v, point_.g};
    }
    void restore(const Solution& s, const Context& context) {
        gap_ = s.gap;
        scale_ = s.scale;
        point_.intercept = s.intercept;
        point_.beta = s.beta;
        point_.v = s.v;
        point_.g = s.g;
        point_.refresh_eta(context);
    }

    /// Takes the polished solution where its gap is no larger, or far below the target; returns
    /// whether it did.
    bool polish(InteriorPoint<L, P, D>& inner, double lambda, double target, double floor,
                const Context& context) {
        const Solution before = current();
        if (inner.polish(context)) {
            certify(lambda, floor, context);
            if (gap_ <= std::max(before.gap, 1e-2 * target)) return true;
        }
        restore(before, context);
        return false;
    }

    /// The slopes have to sum to zero where there is an intercept: what rounding left of the sum is
    /// shared by those that have room. Returns whether they had enough.
    bool balance() {
        if (!point_.data.intercept) return true;
        const double q = point_.loss.q;
        std::vector<double> room(point_.v.size(), 0.0);
        const double excess = sum(point_.v);
        for (std::size_t i = 0; i < room.size(); ++i) {
            const double w = point_.data.weights[i];
            const double v = point_.v[i];
            if (w > 0.0) room[i] = std::max(excess > 0.0 ? v + w * (1.0 - q) : w * q - v, 0.0);
        }
        const double total = sum(room);
        if (!(std::abs(excess) <= total)) return false;
        for (std::size_t i = 0; i < room.size() && excess != 0.0; ++i)
            point_.v[i] -= excess * (room[i] / total);
        return true;
    }

    void certify(double lambda, double floor, const Context& context) {
        const bool balanced = balance();
        point_.refresh_gradient(context);
        double kink = 0.0;  // sum w loss - v r >= 0
        double product = 0.0;
        for (std::size_t i = 0; i < point_.eta.size(); ++i) {
            const double w = point_.data.weights[i];
            if (w == 0.0) continue;
            const double y = point_.data.y[i];
            const double r = y - point_.eta[i];
            kink += std::max(w * point_.loss.value(y, point_.eta[i]) - point_.v[i] * r, 0.0);
            product += point_.v[i] * r;
        }
        const double free = free_gradient(penalty_, point_.g, lambda);
        const Gap best = best_gap(penalty_, point_.g, point_.beta, lambda,
                                  balanced && free <= stationarity::certifiable * floor,
                                  [&](double s) { return kink + (1.0 - s) * product; });
        gap_ = std::isnan(best.value) ? infinity : best.value;
        scale_ = best.scale;
    }

    Point<L, D>& point_;
    const P& penalty_;
    const Limits limits_;
    WorkingSet set_;
    double loss_scale_ = 0.0;  // of the null model, in units of y
    double gap_ = 0.0, scale_ = 0.0;
};

}  // namespace shrinkage
