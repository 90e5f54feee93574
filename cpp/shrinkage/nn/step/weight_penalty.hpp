// The penalty of one layer's weights: its value, and how far a gradient is from its
// subdifferential; the proximal step is in optimizer.hpp and group_step.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "shrinkage/nn/model/layout.hpp"

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

/// How many groups a layer has, and where their weights lie.
struct Groups {
    std::size_t n, count, start_step, step;
    Groups(const DenseLayer& layer, WeightGroups kind)
        : n(kind == WeightGroups::incoming ? layer.units : layer.inputs),
          count(kind == WeightGroups::incoming ? layer.inputs : layer.units),
          start_step(kind == WeightGroups::incoming ? 1 : layer.stride),
          step(kind == WeightGroups::incoming ? layer.stride : 1) {}
    std::size_t place(std::size_t group, std::size_t j) const {
        return group * start_step + j * step;
    }
    double factor() const { return std::sqrt(static_cast<double>(count)); }
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
