// Solutions found ahead of their turn. On the working set a lambda costs little, its certificate
// is a product with all of X: here one reading of X certifies several lambdas. What the walk takes
// from here is judged like any other solution; what fails is solved again, with what was missed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"
#include "shrinkage/solver/problem/screening.hpp"

namespace shrinkage {

template <ScalarLoss L, Design D>
class Lookahead {
public:
    using Member = Point<L, D>;

    /// Whether a product with X costs more than a step on a working set of that size, which is
    /// about quadratic in it: a quarter of a nanosecond for a pair of columns.
    bool certificates_dear(const D& x, std::size_t size) {
        if (product_cost_ == 0.0) {
            std::vector<std::size_t> all(x.cols());
            std::iota(all.begin(), all.end(), std::size_t{0});
            product_cost_ = x.product_cost(all);
        }
        return product_cost_ > 0.25 * static_cast<double>(size) * static_cast<double>(size);
    }

    /// The lambdas that are worth a look, the first of them the next one: none below a part of it,
    /// where the working set is another one. Empty after a failure, for a while.
    ConstVector within_reach(ConstVector lambdas, const D& x) {
        if (pause_ > 0) {
            --pause_;
            return {};
        }
        std::size_t count = 0;
        const std::size_t most = std::min({reach_, lambdas.size(), room(x)});
        while (count < most && lambdas[count] >= nearest * lambdas.front()) {
            ++count;
        }
        return lambdas.first(count > 1 ? count : 0);
    }

    /// The gradient at the solution from which the walk goes on.
    void remember(double lambda, ConstVector g) {
        before_ = lambda;
        g_before_.assign(g.begin(), g.end());
    }

    /// The columns that should be in the working set for these lambdas: those that reach their kink
    /// at the last if the gradients go on in a straight line, as they do between kinks of the
    /// path, or nearly so. Before there is a line, those of the strong rule.
    template <SeparablePenalty P>
    std::vector<std::size_t> expected(const P& penalty, const Member& point, ConstVector lambdas,
                                      double previous) {
        const double last = lambdas.back();
        const bool known = before_ > previous;
        const double t = known ? (previous - last) / (before_ - previous) : 0.0;
        const double kink =
            known ? last - margin * (previous - last) : std::max(2.0 * last - previous, 0.0);
        line_ = point.g;
        for (std::size_t j = 0; known && j < line_.size(); ++j) {
            line_[j] += t * (line_[j] - g_before_[j]);
        }
        std::vector<std::size_t> chosen;
        for_candidates(penalty, line_, point.beta, kink, [&](std::size_t j) {
            if ((point.beta[j] != 0.0 || penalty.kkt_distance(j, line_[j], 0.0, kink) > 0.0) &&
                point.x.usable(j)) {
                chosen.push_back(j);
            }
        });
        return chosen;
    }
    bool empty() const { return next_ == size_; }
    bool holds(double lambda) const { return !empty() && lambdas_[next_] == lambda; }

    /// Places for so many members; what they hold is of no meaning.
    std::span<Member> places(const Member& like, std::size_t count) {
        while (members_.size() < count) members_.emplace_back(like.loss, like.x, like.data);
        return std::span(members_).first(count);
    }

    /// The leading members are the solutions at these lambdas, as many as their iterations are
    /// given, but for their gradients: finds them.
    void certify(ConstVector lambdas, std::span<const std::size_t> iterations,
                 const Context& context) {
        next_ = 0;
        size_ = iterations.size();
        if (size_ < lambdas.size()) fail(size_);
        whole_ = size_ == lambdas.size();
        lambdas = lambdas.first(size_);
        lambdas_.assign(lambdas.begin(), lambdas.end());
        iterations_.assign(iterations.begin(), iterations.end());
        if (size_ == 0) return;
        const D& x = members_[0].x;
        v_.clear();
        for (std::size_t k = 0; k < size_; ++k)
            v_.insert(v_.end(), members_[k].v.begin(), members_[k].v.end());
        g_.resize(x.cols() * size_);
        x.transposed_products({v_.data(), x.rows(), size_, x.rows()}, context,
                              {g_.data(), x.cols(), size_, x.cols()});
        for (std::size_t k = 0; k < size_; ++k)
            std::copy_n(&g_[k * x.cols()], x.cols(), members_[k].g.begin());
    }

    /// Moves the point, the solution at previous, to the next one; returns how many iterations that
    /// one took.
    std::size_t take(Member& point, double previous) {
        if (next_ + 1 == size_) {
            remember(previous, point.g);
            if (whole_) reach_ = std::min(2 * reach_, furthest);
            failures_ = 0;
        }
        point.swap(members_[next_]);
        return iterations_[next_++];
    }

    /// The solution just taken is none: those behind it started from it.
    void reject() {
        fail(next_ - 1);
        clear();
    }

    void clear() { next_ = size_ = 0; }

private:
    /// Only so many of the members were of use.
    void fail(std::size_t useful) {
        reach_ = std::max<std::size_t>(useful, 2);
        failures_ = useful > 0 ? 0 : failures_ + 1;
        if (failures_ > 0) pause_ = std::min<std::size_t>(std::size_t{1} << failures_, 16);
    }

    static constexpr std::size_t furthest = 8;
    static constexpr double nearest = 0.6;
    static constexpr std::size_t bytes = std::size_t{1} << 24;  // for all members

    /// How many members there is room for: five vectors of the rows and three of the columns each.
    static std::size_t room(const D& x) {
        const std::size_t one = (5 * x.rows() + 3 * x.cols()) * sizeof(double);
        return std::max<std::size_t>(bytes / std::max<std::size_t>(one, 1), 2);
    }

    static constexpr double margin = 0.1;  // of the way: how far a gradient may leave its line

    std::vector<Member> members_;
    std::vector<double> lambdas_;
    std::vector<std::size_t> iterations_;
    std::vector<double> v_, g_;  // of the members, one behind the other
    std::size_t size_ = 0, next_ = 0;
    bool whole_ = false;     // all that was looked at is there
    std::size_t reach_ = 2;  // lambdas looked at together: more where it went well
    std::size_t failures_ = 0, pause_ = 0;
    double product_cost_ = 0.0;  // nanoseconds of a product with all columns
    double before_ = 0.0;        // the lambda of g_before_, 0 for none
    std::vector<double> g_before_, line_;
};

}  // namespace shrinkage
