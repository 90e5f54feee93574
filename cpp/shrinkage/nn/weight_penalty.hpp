// The penalty of one layer's weights: its value, its proximal step in a diagonal metric, and how
// far a gradient is from its subdifferential.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/layout.hpp"

namespace shrinkage {

/// separable   kink |w| + ridge w^2 / 2 for each weight: L1, L2 and the elastic net
/// incoming    kink sqrt(inputs) |w|_2 over the weights into each unit
/// outgoing    kink sqrt(units) |w|_2 over the weights out of each input
enum class WeightGroups { separable, incoming, outgoing };

struct WeightPenalty {
    WeightGroups groups = WeightGroups::separable;
    double kink = 0.0;
    double ridge = 0.0;
    double lambda = 0.0;  // in whose units the residual is reported
    double max_norm = std::numeric_limits<double>::infinity();  // of the weights into a unit

    bool bounded() const { return max_norm < std::numeric_limits<double>::infinity(); }
    bool grouped() const { return groups != WeightGroups::separable && kink > 0.0; }
};

/// The curvature d of the model a step minimizes, sum_j d_j (b_j - v_j)^2 / 2: one number, or for
/// Adam (sqrt(second_j) root_scale + epsilon) / rate.
template <typename T>
struct Metric {
    double constant = 1.0;
    const T* second = nullptr;
    double root_scale = 1.0;
    double epsilon = 0.0;
    double rate = 1.0;

    double at(std::size_t i) const;
    /// out[j] = at(j * step) for j < n.
    void fill(std::size_t n, std::size_t step, double* out) const;
    Metric from(std::size_t offset) const {
        Metric moved = *this;
        if (second != nullptr) moved.second += offset;
        return moved;
    }
};

/// The prox of kink |b|_2 in the metric d, in place. The norm of the solution is the root of
/// sum_j (d_j v_j / (d_j r + kink))^2 = 1, and the power -1/2 of that sum is concave in r, so
/// Newton's method from the left never overshoots; with equal d it takes one step.
void prox_group(std::vector<double>& v, const std::vector<double>& d, double kink);

/// The nearest point of norm <= bound in the metric d, in place; also by a concave root.
void project_ball(std::vector<double>& v, const std::vector<double>& d, double bound);

/// What is left of a layer's proximal step after the optimizer has done the separable part: groups,
/// then the bound on norms. `metric` is that of the layer's weights. Allocates nothing once the
/// scratch has grown to the largest layer.
template <typename T>
class GroupStep {
public:
    void operator()(const DenseLayer& layer, const WeightPenalty& penalty, const Metric<T>& metric,
                    T* weights, const Context& context);

private:
    /// One group at a time, of the task that has it.
    struct Scratch {
        std::vector<double> v, d;
    };

    void shrink_groups(const DenseLayer& layer, const WeightPenalty& penalty,
                       const Metric<T>& metric, T* weights, const Context& context);
    void bound_norms(const DenseLayer& layer, const WeightPenalty& penalty, const Metric<T>& metric,
                     T* weights, const Context& context);
    void make_scratch(std::size_t n_tasks);

    std::vector<Scratch> scratch_;  // one a task
    std::vector<double> squares_;
};

/// lambda P(W).
template <typename T>
double penalty_value(const DenseLayer& layer, const WeightPenalty& penalty, const T* weights);

/// Weights that are exactly zero.
template <typename T>
std::size_t count_zeros(const DenseLayer& layer, const T* weights);

/// The largest distance of -gradient from the subdifferential of the penalty, and where.
struct KktDistance {
    double distance = 0.0;
    std::size_t index = 0;  // in the padded weights
};

/// gradient has the layout of the weights. At a unit whose norm is at its bound the multiplier of
/// the bound, fitted by least squares, counts as part of the subdifferential.
template <typename T>
KktDistance kkt_distance(const DenseLayer& layer, const WeightPenalty& penalty, const T* weights,
                         const double* gradient);

}  // namespace shrinkage
