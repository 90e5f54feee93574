// Newton steps of several lambdas at once: the points share the model and every reading of X. The
// steps are not damped; whoever takes a point from here judges it by its certificate.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "shrinkage/solver/problem/estimate.hpp"
#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"
#include "shrinkage/solver/quadratic/active_set.hpp"

namespace shrinkage {

template <ScalarLoss L, SeparablePenalty P, Design D>
class Cohort {
public:
    using Member = Point<L, D>;

    struct Goal {
        double gap;    // as estimated on the working set
        double floor;  // the rounding of a gradient
        double total;  // the model's total curvature
        double price;  // of a new model, in steps
    };

    explicit Cohort(const P& penalty) : penalty_(penalty) {}

    /// The members go from a solution to those at their lambdas, which fall. Returns the steps of
    /// the leading ones that arrived; their gradients are known on the working set only.
    /// renew(point) makes the model anew at a point, on the same columns, and returns its total.
    template <typename Renew>
    std::vector<std::size_t> walk(const Member& from, std::span<Member> members,
                                  ConstVector lambdas, Goal goal, GramModel<D>& model,
                                  ActiveSetSolver<P>& solver, const Renew& renew,
                                  const Context& context) {
        std::vector<Walker> walkers;
        for (std::size_t k = 0; k < members.size(); ++k) {
            members[k].follow(from);
            walkers.emplace_back(&members[k], lambdas[k]);
        }
        plan_first(from, walkers, goal, model, solver, context);
        while (true) {
            std::vector<Walker*> moving = others(walkers);
            sweep(moving, goal, model, context);
            for (std::size_t k = 0; k < walkers.size(); ++k) {
                if (!walkers[k].arrived && !check(walkers[k], goal, model))
                    walkers.erase(walkers.begin() + static_cast<std::ptrdiff_t>(k), walkers.end());
            }
            moving = others(walkers);
            if (moving.empty()) break;
            if (worth_renewing(moving, goal)) goal.total = renew(*moving[moving.size() / 2]->point);
            for (Walker* w : moving) plan(*w, goal, model, solver, context);
        }
        std::vector<std::size_t> steps;
        for (const Walker& w : walkers) {
            w.point->settle_intercept(context);
            steps.push_back(w.steps);
        }
        return steps;
    }

private:
    static constexpr std::size_t most_steps = 8;

    struct Walker {
        Walker(Member* at, double of_lambda) : point(at), lambda(of_lambda) {}

        Member* point;
        double lambda;
        Estimate estimate{infinity, infinity};
        std::size_t steps = 0;
        double rate = 0.0;  // what the last step left of the gap
        bool arrived = false;
        std::vector<double> goes, by;  // where the coefficients of the set go, and how far that is
        double shift = 0.0;            // of the intercept
        double bend = 1.0;             // by which the loss bends more than the model
    };

    /// Those that did not arrive yet.
    static std::vector<Walker*> others(std::vector<Walker>& walkers) {
        std::vector<Walker*> moving;
        for (Walker& w : walkers) {
            if (!w.arrived) moving.push_back(&w);
        }
        return moving;
    }

    /// Whether a model made anew costs less than the steps it saves: at the present rate all but
    /// one of those that are left.
    static bool worth_renewing(const std::vector<Walker*>& moving, const Goal& goal) {
        double left = 0.0;
        for (const Walker* w : moving) {
            const double rate = w->steps > 1 ? std::min(w->rate, 0.9) : 0.1;
            left += std::max(std::log(goal.gap / w->estimate.gap) / std::log(rate) - 1.0, 0.0);
        }
        return left > 2.0 * goal.price;  // a step together costs about half of one alone
    }

    /// The first steps lead along the path of the model, from one lambda to the next.
    void plan_first(const Member& from, std::vector<Walker>& walkers, const Goal& goal,
                    GramModel<D>& model, ActiveSetSolver<P>& solver, const Context& context) {
        trial_ = from.beta;
        model.set_gradient(from.g);
        for (Walker& w : walkers) {
            solver.solve(model, trial_, w.lambda, std::max(goal.floor, 1e-4 * w.lambda),
                         most_rounds, context);
            aim(w, goal, model);
        }
    }

    void plan(Walker& w, const Goal& goal, GramModel<D>& model, ActiveSetSolver<P>& solver,
              const Context& context) {
        trial_ = w.point->beta;
        // The model times the bend: the same as gradient and penalty over it.
        w.bend = std::clamp(w.point->total_curvature() / goal.total, 0.01, 100.0);
        const double scale = 1.0 / w.bend;
        model.set_gradient(w.point->g, scale);
        solver.solve(model, trial_, scale * w.lambda,
                     scale * std::max(goal.floor, 1e-2 * w.estimate.distance), most_rounds,
                     context);
        aim(w, goal, model);
    }

    void aim(Walker& w, const Goal& goal, const GramModel<D>& model) {
        w.goes.resize(model.size());
        w.by.resize(model.size());
        for (std::size_t l = 0; l < model.size(); ++l) {
            const std::size_t j = model.feature(l);
            w.goes[l] = trial_[j];
            w.by[l] = trial_[j] - w.point->beta[j];
        }
        w.shift = 0.0;
        if (w.point->data.intercept) {
            w.shift = (w.point->pull() / w.bend - dot(model.shifts(), w.by)) / goal.total;
        }
    }

    void sweep(const std::vector<Walker*>& moving, const Goal& goal, const GramModel<D>& model,
               const Context& context) {
        const D& x = moving[0]->point->x;
        const std::size_t width = model.size(), count = moving.size();
        const std::size_t n_blocks = x.row_blocks(width);
        std::vector<double> coefs, shifts, products(width * count);
        std::vector<double*> eta;
        std::vector<const double*> v;
        for (Walker* w : moving) {
            coefs.insert(coefs.end(), w->by.begin(), w->by.end());
            shifts.push_back(w->shift);
            eta.push_back(w->point->eta.data());
            v.push_back(w->point->v.data());
            w->point->begin_rows(n_blocks);
        }
        const auto visit = [&](std::size_t block, std::size_t first, std::size_t rows) {
            for (Walker* w : moving) w->point->evaluate_rows(block, first, rows);
        };
        const Indices columns = model.set().features();
        x.sweep({columns, {coefs.data(), width, count, width}, shifts, eta, v}, visit, context,
                {products.data(), width, count, width});
        for (std::size_t k = 0; k < count; ++k) {
            Member& point = *moving[k]->point;
            point.end_rows();
            point.intercept += moving[k]->shift;
            ++moving[k]->steps;
            // The gradient as it will be when the intercept has followed.
            const double pull = point.data.intercept ? point.pull() / goal.total : 0.0;
            for (std::size_t l = 0; l < width; ++l) {
                point.beta[columns[l]] = moving[k]->goes[l];
                point.g[columns[l]] = products[l + k * width];
                if (pull != 0.0) point.g[columns[l]] -= pull * model.shifts()[l];
            }
        }
    }

    /// Whether a step led to where another one is worth while, if it did not arrive.
    bool check(Walker& w, const Goal& goal, const GramModel<D>& model) {
        const Estimate e = estimate_gap(penalty_, *w.point, model.set().features(), w.lambda);
        w.rate = e.gap / w.estimate.gap;
        const bool nearer = w.steps < 2 || w.rate < 0.7;
        w.estimate = e;
        w.arrived = e.gap <= goal.gap;
        return w.arrived || (nearer && w.steps < most_steps);
    }

    static constexpr std::size_t most_rounds = 200;

    const P& penalty_;
    std::vector<double> trial_;
};

}  // namespace shrinkage
