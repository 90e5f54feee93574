// Proximal Newton for losses that are not quadratic: each step minimizes a quadratic model of the
// loss plus the exact penalty (Lee, Sun & Saunders 2014), here to high accuracy by the active-set
// solver on a working set. The curvature of the model, its Gram matrix and the factor are kept over
// steps and lambdas while they still bring the gap down fast enough for their price.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/solver/newton/cohort.hpp"
#include "shrinkage/solver/problem/estimate.hpp"
#include "shrinkage/solver/problem/kept_model.hpp"
#include "shrinkage/solver/problem/lookahead.hpp"
#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/screening.hpp"
#include "shrinkage/solver/quadratic/active_set.hpp"

namespace shrinkage {

template <ScalarLoss L, SeparablePenalty P, Design D>
class NewtonEngine {
public:
    NewtonEngine(Point<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point),
          penalty_(penalty),
          limits_(limits),
          gram_(point.x),
          residual_(point.x),
          solver_(penalty, limits.gram_bytes),
          cohort_(penalty),
          reference_(point.x.rows()),
          direction_(point.x.rows()) {}

    /// Solves the first of these lambdas and some that follow on the working set, so that solve()
    /// finds them, certified together.
    void look_ahead(ConstVector lambdas, double previous, double target, double floor,
                    const Context& context) {
        if (on_residual_ || !ahead_.empty() || !(lambdas.front() < previous)) return;
        if (penalty_.may_be_free(lambdas.back())) return;  // free columns want the last bit
        if (!ahead_.certificates_dear(point_.x, set().size())) return;
        lambdas = ahead_.within_reach(lambdas, point_.x);
        if (lambdas.empty()) return;
        at_ = {lambdas.front(), std::max(2.0 * lambdas.front() - previous, 0.0), target, floor};
        shortened_ = false;
        waiting_.clear();
        expected_ = ahead_.expected(penalty_, point_, lambdas, previous);
        if (stale_) {
            rebuild(expected_, point_, context);
        } else {
            grow(outside(expected_, set()), context);
        }
        if (on_residual_ || stale_) return;
        const auto members = ahead_.places(point_, lambdas.size());
        const bool far = 2.0 * point_.x.product_cost(set().features()) > cached;
        const std::vector<std::size_t> steps = far ? walk_together(members, lambdas, context)
                                                   : walk_one_by_one(members, lambdas, context);
        ahead_.certify(lambdas, steps, context);
        expected_.clear();
    }

    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        Step step;
        if (take_ahead(lambda, previous, target, step)) return step;
        at_ = {lambda, std::max(2.0 * lambda - previous, 0.0), target, floor};
        shortened_ = false;
        expected_.clear();
        waiting_.clear();  // a step that was the last left them; they are found again
        bends_.begin();
        grow(strong_rule(penalty_, point_.x, set(), point_.g, point_.beta, lambda, previous),
             context);
        Progress certified, inner;
        Estimate before = estimate();
        while (step.iterations < limits_.max_iter) {
            ++step.iterations;
            const bool last = step.iterations == limits_.max_iter;
            const Move move = newton_step(before.distance, context);
            if (move == Move::failed && improvable() && !last) {
                stale_ = true;
                continue;
            }
            Estimate after = before;
            // Where the set is a good part of all columns the whole gradient costs as much.
            bool certify = last || move != Move::made || 4 * set().size() >= point_.x.cols();
            bool stuck = false;
            if (!certify) {
                point_.settle_intercept(context, 1e-4 * before.distance * unit_);
                point_.x.column_products(set().features(), point_.v, context, point_.g);
                after = estimate();
                stuck = inner.stuck(after.gap, objective_, target);
                certify = stuck || after.gap <= nearly * target;
            }
            std::vector<std::size_t> missed;
            if (certify) {
                point_.settle_intercept(context);
                point_.refresh_gradient(context);
                step.regime = on_residual_ ? Regime::newton_residual : Regime::newton;
                const double free = free_gradient(penalty_, point_.g, lambda);
                step.gap = point_.gap(penalty_, lambda, free <= stationarity::certifiable * floor);
                if (step.gap <= target && free <= stationarity::exact * floor) {
                    book(step.iterations);
                    return step;
                }
                missed = violators(penalty_, point_.x, set(), point_.g, lambda, floor);
                // Without a column to add and without progress only rounding is left.
                stuck = certified.stuck(step.gap, objective_, target) || stuck;
                if (missed.empty() && (move != Move::made || stuck)) return step;
                // The gap does not see a free coefficient that is still on its way.
                stale_ = stale_ || free > stationarity::exact * floor;
                after = estimate();
            }
            if (move == Move::made) judge(before.gap, after.gap);
            before = after;
            if (missed.empty()) continue;
            grow(missed, context);
            before = estimate();
        }
        return step;
    }

    void finish(const Context&) {}
    double loss() const { return point_.mean_loss(); }

private:
    static constexpr std::size_t patience = 20;       // Newton steps without progress
    static constexpr std::size_t most_steps = 16;     // ahead of a certificate
    static constexpr std::size_t most_renewals = 16;  // until rounding is swept out
    static constexpr double cached = 4e6;  // nanoseconds that a reading of what caches hold takes
    static constexpr double nearly = 0.3;  // share of the target at which the certificate is tried

    enum class Move { none, failed, made };

    /// Where the path stands: a column whose gradient at the last lambda was below the threshold
    /// is expected to stay out (the strong rule).
    struct At {
        double lambda, threshold, target, floor;
    };

    /// Counts the steps that brought neither the gap nor the objective down.
    struct Progress {
        double best = infinity, lowest = infinity;
        std::size_t since = 0;

        bool stuck(double gap, double objective, double target) {
            const bool lower = objective < lowest - 1e-2 * target;
            since = lower || gap < 0.9 * best ? 0 : since + 1;
            best = std::min(best, gap);
            if (lower) lowest = objective;
            return since > patience;
        }
    };

    /// Columns that no cache holds are read once for all lambdas.
    std::vector<std::size_t> walk_together(std::span<Point<L, D>> members, ConstVector lambdas,
                                           const Context& context) {
        const auto renew = [&](const Point<L, D>& at) {
            const std::vector<std::size_t> columns(set().features().begin(),
                                                   set().features().end());
            rebuild(columns, at, context);
            return total_;
        };
        fresh_ = false;
        return cohort_.walk(point_, members, lambdas,
                            {nearly * at_.target, at_.floor, total_, price()}, gram_, solver_,
                            renew, context);
    }

    /// Else a lambda starts best from the one before.
    std::vector<std::size_t> walk_one_by_one(std::span<Point<L, D>> members, ConstVector lambdas,
                                             const Context& context) {
        std::vector<std::size_t> steps;
        for (const double lambda : lambdas) {
            at_.lambda = lambda;
            bends_.begin();
            const std::size_t taken = step_on_set(context);
            point_.settle_intercept(context);
            if (taken == 0) break;
            members[steps.size()].follow(point_);
            steps.push_back(taken);
        }
        if (steps.empty()) point_.refresh_gradient(context);
        return steps;
    }

    /// Newton steps until the set's estimate is nearly at the target; 0 if they do not get there.
    std::size_t step_on_set(const Context& context) {
        Estimate before = estimate();
        for (std::size_t steps = 1; steps <= most_steps; ++steps) {
            const Move move = newton_step(before.distance, context);
            if (move == Move::failed) return 0;
            if (move == Move::made) {
                point_.settle_intercept(context, 1e-4 * before.distance * unit_);
                point_.x.column_products(set().features(), point_.v, context, point_.g);
            }
            const Estimate after = estimate();
            if (after.gap <= nearly * at_.target) {
                book(steps);
                return steps;
            }
            if (move == Move::none) return 0;
            judge(before.gap, after.gap);
            before = after;
        }
        return 0;
    }

    /// Whether lambda was solved ahead, within target.
    bool take_ahead(double lambda, double previous, double target, Step& step) {
        if (!ahead_.holds(lambda)) {
            ahead_.clear();
            ahead_.remember(previous, point_.g);
            return false;
        }
        step.iterations = ahead_.take(point_, previous);
        step.regime = Regime::newton;
        step.gap = point_.gap(penalty_, lambda, true);
        if (step.gap <= target) return true;
        ahead_.reject();
        return false;
    }

    const WorkingSet& set() const { return on_residual_ ? residual_.set() : gram_.set(); }

    void grow(const std::vector<std::size_t>& added, const Context& context) {
        if (added.empty()) return;
        const double size = static_cast<double>(set().size() + added.size());
        const bool fits = size * size * sizeof(double) <= static_cast<double>(limits_.gram_bytes);
        if (stale_ || on_residual_ || !fits) {
            waiting_.insert(waiting_.end(), added.begin(), added.end());
            stale_ = true;
        } else {
            gram_.add(added, context);
        }
    }

    /// Whether the reference curvature has to be made anew: it is when the steps that are left at
    /// the present rate cost more than it would.
    void judge(double before, double after) {
        const double rate = after / before;
        if (!(after > nearly * at_.target) || !(rate > 0.0)) return;
        const double steps =
            rate < 1.0 ? std::log(nearly * at_.target / after) / std::log(rate) : infinity;
        // A new model serves the lambdas that follow, too: not all its price is this one's.
        if (steps > 1.0 + std::min(price(), 6.0)) stale_ = true;
    }

    /// A lambda took so many steps.
    void book(std::size_t steps) {
        account_.book(static_cast<double>(steps));
        stale_ = stale_ || account_.overdrawn();
    }

    /// What a new model costs in steps, from the nanoseconds that each part takes on one core.
    double price() const {
        const double n = static_cast<double>(point_.x.rows());
        const double size = static_cast<double>(set().size());
        double active = 0.0;
        for (const std::size_t j : set().features()) active += point_.beta[j] != 0.0;
        const double step =
            2.0 * point_.x.product_cost(set().features()) + 30.0 * n + size * active;
        // Every entry of the model is written, projected and mirrored, and gathered for the factor.
        const double model = share_ * point_.x.gram_cost(set().features()) + 4.0 * size * size +
                             active * active * (3.0 + active / 90.0);
        return model / step;
    }

    Estimate estimate() const {
        return estimate_gap(penalty_, point_, set().features(), at_.lambda);
    }

    Move newton_step(double distance, const Context& context) {
        if (stale_ || on_residual_) rebuild(mattering(), point_, context);
        trial_ = point_.beta;
        // The model times the bend: the same as gradient and penalty over it.
        const double scale = 1.0 / bends_.expected();
        const double lambda = scale * at_.lambda;
        const double tolerance = scale * std::max(at_.floor, 1e-2 * distance);
        if (on_residual_) {
            residual_.set_residual(point_.v, scale);
            solver_.solve(residual_, trial_, lambda, tolerance, limits_.max_iter, context);
        } else {
            gram_.set_gradient(point_.g, scale);
            solver_.solve(gram_, trial_, lambda, tolerance, limits_.max_iter, context);
        }
        changed_.clear();
        deltas_.clear();
        for (const std::size_t j : set().features()) {
            if (trial_[j] == point_.beta[j]) continue;
            changed_.push_back(j);
            deltas_.push_back(trial_[j] - point_.beta[j]);
        }
        if (changed_.empty()) return Move::none;
        std::fill(direction_.begin(), direction_.end(), 0.0);
        point_.x.add_columns(changed_, deltas_, context, direction_);
        double shift = 0.0;
        if (point_.data.intercept) {
            shift = -dot(reference_, direction_) / total_;
            for (double& e : direction_) e += shift;
        }
        const Move move = search_line(shift, context);
        if (move == Move::made) follow_bend();
        return move;
    }
    /// How much the loss bends along the step just made, against the model.
    void follow_bend() {
        if constexpr (L::shape == Shape::quadratic) return;  // it bends as the model does
        double now = 0.0, then = 0.0;
        for (std::size_t i = 0; i < direction_.size(); ++i) {
            const double square = direction_[i] * direction_[i];
            now += point_.curvature[i] * square;
            then += reference_[i] * square;
        }
        // All of it carries more coefficients across zero.
        if (then > 0.0) bends_.note(std::sqrt(std::clamp(now / then, 0.01, 100.0)));
    }

    /// The columns that still matter, and those that wait; ahead of their lambdas those that were
    /// expected to.
    std::vector<std::size_t> mattering() {
        std::vector<std::size_t> columns(expected_);
        WorkingSet known(point_.x.cols());
        for (const std::size_t j : columns) known.add(j);
        for (const std::size_t j : set().features()) {
            const double b = point_.beta[j];
            if (known.contains(j)) continue;
            if (b != 0.0 || penalty_.is_free(j, at_.lambda) ||
                penalty_.kkt_distance(j, point_.g[j], 0.0, at_.threshold) > 0.0) {
                columns.push_back(j);
            }
        }
        columns.insert(columns.end(), waiting_.begin(), waiting_.end());
        waiting_.clear();
        return columns;
    }

    /// The model anew, on these columns, with the curvature at a point.
    void rebuild(const std::vector<std::size_t>& columns, const Point<L, D>& at,
                 const Context& context) {
        target_.resize(reference_.size());
        for (std::size_t i = 0; i < target_.size(); ++i) target_[i] = curvature(at, i);
        // A saturated observation keeps a trace of curvature; the line search does the rest.
        const double mean = sum(target_);
        const double trace = mean > 0.0 ? 1e-10 * mean : 1e-10;
        for (std::size_t i = 0; i < target_.size(); ++i) {
            target_[i] = std::max(target_[i], trace * point_.data.weights[i]);
        }
        solver_.forget();
        const double size = static_cast<double>(columns.size());
        const double bytes = size * size * sizeof(double);
        const double most = static_cast<double>(limits_.gram_bytes);
        const bool was_on_residual = on_residual_;
        on_residual_ = bytes > most;
        if (on_residual_) {
            reference_ = target_;
            gram_.release();
            residual_.reset(reference_, point_.data.intercept);
            residual_.add(columns, context);
            bends_.restart(1.0);
        } else if (was_on_residual || 3.0 * bytes > most || !renew(columns, context)) {
            reference_ = target_;
            share_ = 1.0;
            renewals_ = 0;
            residual_.reset({}, false);
            gram_.reset(reference_, point_.data.intercept);
            gram_.add(columns, context);
            bends_.restart(1.0);
        }
        total_ = sum(reference_);
        double largest = 0.0;
        for (std::size_t k = 0; !on_residual_ && k < gram_.size(); ++k) {
            largest = std::max(largest, gram_.diagonal(k));
        }
        unit_ = largest > 0.0 ? std::sqrt(total_ / largest) : 0.0;
        account_.open(on_residual_ ? 0.0 : price());
        stale_ = false;
        fresh_ = true;
        above_ = shortened_;
    }

    /// The same by the observations alone whose curvature left that of the model, in which all may
    /// have bent by one number, by more than a tenth; returns false where those are many.
    bool renew(const std::vector<std::size_t>& columns, const Context& context) {
        if (gram_.size() == 0 || renewals_ >= most_renewals) return false;
        std::size_t counted = 0, same = 0;
        for (std::size_t i = 0; i < target_.size(); ++i) {
            if (point_.data.weights[i] == 0.0) continue;
            ++counted;
            same += target_[i] == reference_[i];
        }
        // Piecewise parabolas: what did not change is exact, and stays so.
        const bool pieces = 2 * same > counted;
        const double bend = pieces ? 1.0 : sum(target_) / sum(reference_);
        change_.assign(target_.size(), 0.0);
        std::size_t changed = 0;
        for (std::size_t i = 0; i < target_.size(); ++i) {
            const double change = target_[i] / bend - reference_[i];
            if (std::abs(change) <= 0.1 * reference_[i]) continue;
            change_[i] = change;
            ++changed;
        }
        std::vector<std::size_t> kept;
        for (const std::size_t j : columns) {
            if (gram_.set().contains(j)) kept.push_back(j);
        }
        if (3 * changed > counted || 2 * kept.size() < columns.size()) return false;
        share_ = static_cast<double>(changed) / static_cast<double>(counted);
        ++renewals_;
        for (std::size_t i = 0; i < target_.size(); ++i) reference_[i] += change_[i];
        gram_.renew(kept, change_, context);
        gram_.add(outside(columns, gram_.set()), context);
        bends_.restart(bend);
        return true;
    }

    /// The weighted curvature of observation i. Where the loss bends at few observations only
    /// (huber with a delta far below the residuals) the model is far from the loss: a shortened
    /// step is then followed by one on the parabolas that lie above it, which needs no shortening
    /// (Huber & Ronchetti 2009, section 7.8, the weights of iterated least squares).
    double curvature(const Point<L, D>& at, std::size_t i) const {
        const double w = at.data.weights[i], y = at.data.y[i], eta = at.eta[i];
        if constexpr (L::shape == Shape::quadratic) return w * point_.loss.curvature(y, eta);
        if constexpr (requires { point_.loss.majorant(y, eta); }) {
            if (shortened_) return w > 0.0 ? w * point_.loss.majorant(y, eta) : 0.0;
        }
        return at.curvature[i];
    }

    /// Armijo backtracking from the full step.
    Move search_line(double shift, const Context& context) {
        const double value = penalty_.value(set().features(), point_.beta, at_.lambda);
        const double start = point_.evaluate_loss(context) + value;
        const double decrease = dot(point_.v, direction_) -
                                (penalty_.value(set().features(), trial_, at_.lambda) - value);
        const double rounding = 1e-14 * (std::abs(start) + std::abs(value));
        eta_ = point_.eta;
        double t = 1.0;
        for (int halvings = 0; halvings < 40; ++halvings, t *= 0.5) {
            context.check();
            for (std::size_t i = 0; i < eta_.size(); ++i) {
                point_.eta[i] = eta_[i] + t * direction_[i];
            }
            point_.touch();
            for (std::size_t k = 0; t < 1.0 && k < changed_.size(); ++k) {
                trial_[changed_[k]] = point_.beta[changed_[k]] + t * deltas_[k];
            }
            const double now = point_.evaluate_loss(context) +
                               penalty_.value(set().features(), trial_, at_.lambda);
            if (now <= start - 1e-4 * t * decrease + rounding) {
                point_.beta.swap(trial_);
                point_.intercept += t * shift;
                objective_ = now;
                fresh_ = false;
                shortened_ = halvings > 0;
                stale_ = stale_ || shortened_;
                return Move::made;
            }
        }
        point_.eta = eta_;
        point_.evaluate(context);
        shortened_ = true;
        return Move::failed;
    }

    /// Whether a model made anew could do better than the one that failed.
    bool improvable() const {
        constexpr bool majorized = requires(const L& loss) { loss.majorant(0.0, 0.0); };
        return !fresh_ || (majorized && !above_);
    }

    Point<L, D>& point_;
    const P& penalty_;
    const Limits limits_;
    GramModel<D> gram_;
    ResidualModel<D> residual_;
    ActiveSetSolver<P> solver_;
    Lookahead<L, D> ahead_;
    Cohort<L, P, D> cohort_;
    At at_{};
    bool on_residual_ = false;
    bool stale_ = true;       // the model has to be made anew before it is used
    bool fresh_ = false;      // it is that of the present point
    bool above_ = false;      // its parabolas lie above the loss
    bool shortened_ = false;  // the last step was
    double objective_ = infinity;
    double total_ = 0.0;  // sum of the reference curvature
    Bends bends_;
    Account account_;
    double unit_ = 0.0;  // slope of the intercept that moves no gradient by more than 1
    std::vector<std::size_t> waiting_;     // columns for the next model
    std::vector<std::size_t> expected_;    // columns that lambdas looked at may need
    std::vector<double> reference_;        // the curvature of the model
    std::vector<double> target_, change_;  // what it is to be
    double share_ = 1.0;                   // of the observations that the last model anew took
    std::size_t renewals_ = 0;             // since it was made of all of them
    std::vector<double> direction_, trial_, deltas_, eta_;
    std::vector<std::size_t> changed_;
};

}  // namespace shrinkage
