// The proximal step of penalties on groups of weights and of bounds on norms, in a diagonal metric.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/model/layout.hpp"
#include "shrinkage/nn/step/weight_penalty.hpp"

namespace shrinkage {

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
};

/// What is left of a layer's proximal step after the optimizer has done the separable part: groups,
/// then the bound on norms. `metric` is that of the layer's weights. Allocates nothing once the
/// scratch has grown to the largest layer.
template <typename T>
class GroupStep {
public:
    void operator()(const DenseLayer& layer, const WeightPenalty& penalty, const Metric<T>& metric,
                    T* weights, const Context& context);

private:
    /// A block of groups of one worker.
    struct Scratch {
        std::vector<double> v, d;
    };

    /// step(g, v, d) on every group for which touched(g), in place.
    template <typename Touched, typename Step>
    void each(const Groups& groups, const Metric<T>& metric, T* weights, const Context& context,
              const Touched& touched, const Step& step);
    void bound_norms(const DenseLayer& layer, const WeightPenalty& penalty, const Metric<T>& metric,
                     T* weights, const Context& context);

    std::vector<Scratch> scratch_;  // one a worker
    std::vector<double> squares_;
};

}  // namespace shrinkage
