#include "shrinkage/nn/step/weight_penalty.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/nn/kernels/nonzeros.hpp"
#include "shrinkage/nn/model/largest.hpp"
#include "shrinkage/penalty/group_norm.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/l2.hpp"

namespace shrinkage {
namespace {

/// The element of least magnitude of g - d(kink |w| + ridge w^2 / 2), at zero up to its sign: an
/// elastic net is kink times L1 and ridge times L2.
double separable_residual(const WeightPenalty& penalty, double g, double w) {
    if (w == 0.0) return soft_threshold(g, penalty.kink, g - g);
    return g - L1{}.piece(w, penalty.kink).slope - L2{}.piece(w, penalty.ridge).curvature * w;
}

}  // namespace

template <typename T>
double penalty_value(const DenseLayer& layer, const WeightPenalty& penalty, const T* weights) {
    double total = 0.0;
    if (penalty.groups != WeightGroups::separable) {
        const Groups groups(layer, penalty.groups);
        for (std::size_t g = 0; g < groups.n; ++g) {
            total += group_norm::norm(groups.count, [&](std::size_t j) {
                return static_cast<double>(weights[groups.place(g, j)]);
            });
        }
        return penalty.kink * groups.factor() * total;
    }
    if (penalty.kink == 0.0 && penalty.ridge == 0.0) return 0.0;
    // As many sums side by side as a line has numbers, rather than one that waits; the padding is
    // 0.
    constexpr std::size_t lanes = lanes_of<T>;
    double sums[lanes] = {}, squares[lanes] = {};
    const std::size_t n = layer.n_weights();
    vectorized([=, &sums, &squares]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; i += lanes) {
            for (std::size_t k = 0; k < lanes; ++k) {
                const auto w = static_cast<double>(weights[i + k]);
                sums[k] += L1{}.value(w, 1.0);
                squares[k] += L2{}.value(w, 1.0);
            }
        }
    });
    return penalty.kink * std::accumulate(sums, sums + lanes, 0.0) +
           penalty.ridge * std::accumulate(squares, squares + lanes, 0.0);
}

template <typename T>
std::size_t count_zeros(const DenseLayer& layer, const T* weights) {
    // The padding is zero.
    return layer.inputs * layer.units -
           count_nonzeros(std::span<const T>(weights, layer.n_weights()));
}

template <typename T>
KktDistance kkt_distance(const DenseLayer& layer, const WeightPenalty& penalty, const T* weights,
                         const double* gradient) {
    // The part of the residual that a weight other than zero has; at zero there is a margin.
    const Groups groups(layer, penalty.groups == WeightGroups::outgoing ? WeightGroups::outgoing
                                                                        : WeightGroups::incoming);
    const bool separable = penalty.groups == WeightGroups::separable;
    const double kink = separable ? penalty.kink : penalty.kink * groups.factor();
    KktDistance worst;
    std::vector<double> residual(groups.count);
    for (std::size_t g = 0; g < groups.n; ++g) {
        const auto weight = [&](std::size_t j) {
            return static_cast<double>(weights[groups.place(g, j)]);
        };
        const double square = group_norm::squared_norm(groups.count, weight);
        const double norm = std::sqrt(square);
        double along = 0.0;
        for (std::size_t j = 0; j < groups.count; ++j) {
            const double w = weight(j), pull = -gradient[groups.place(g, j)];
            residual[j] = separable ? separable_residual(penalty, pull, w)
                                    : group_norm::residual(pull, w, norm, kink);
            along += residual[j] * w;
        }
        if (penalty.bounded() && groups.step != 1 && norm > 0.0 &&
            norm >= penalty.max_norm * (1.0 - 1e-5)) {
            const double multiplier = std::max(along / square, 0.0);
            for (std::size_t j = 0; j < groups.count; ++j) residual[j] -= multiplier * weight(j);
        }
        std::size_t largest = 0;
        for (std::size_t j = 0; j < groups.count; ++j) {
            if (above(std::abs(residual[j]), std::abs(residual[largest]))) largest = j;
        }
        const double distance = separable
                                    ? std::abs(residual[largest])
                                    : group_norm::distance(group_norm::norm(residual), norm, kink);
        if (above(distance, worst.distance)) worst = {distance, groups.place(g, largest)};
    }
    return worst;
}

#define SHRINKAGE_INSTANTIATE(T)                                                         \
    template double penalty_value(const DenseLayer&, const WeightPenalty&, const T*);    \
    template std::size_t count_zeros(const DenseLayer&, const T*);                       \
    template KktDistance kkt_distance(const DenseLayer&, const WeightPenalty&, const T*, \
                                      const double*);
SHRINKAGE_INSTANTIATE(float)
SHRINKAGE_INSTANTIATE(double)

}  // namespace shrinkage
