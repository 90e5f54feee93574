#include "shrinkage/nn/weight_penalty.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/elementary.hpp"
#include "shrinkage/nn/vectorized.hpp"

namespace shrinkage {
namespace {

constexpr int newton_steps = 60;
constexpr double newton_tolerance = 1e-9;  // of a change, whose square is what remains
// Side by side in memory where they are columns, so that they share cache lines.
constexpr std::size_t groups_of_a_task = 16;

/// A sum of squares and minus half its derivative.
struct Sums {
    double total, slope;
};

/// Of term(0) ... term(n - 1): eight partial sums in a fixed order.
template <typename Term>
SHRINKAGE_INLINE Sums summed(std::size_t n, const Term& term) {
    constexpr std::size_t lanes = 8;
    double totals[lanes] = {}, slopes[lanes] = {};
    std::size_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        for (std::size_t k = 0; k < lanes; ++k) {
            const Sums one = term(j + k);
            totals[k] += one.total;
            slopes[k] += one.slope;
        }
    }
    for (; j < n; ++j) {
        const Sums one = term(j);
        totals[j % lanes] += one.total;
        slopes[j % lanes] += one.slope;
    }
    for (std::size_t half = lanes / 2; half > 0; half /= 2) {
        for (std::size_t k = 0; k < half; ++k) {
            totals[k] += totals[k + half];
            slopes[k] += slopes[k + half];
        }
    }
    return {totals[0], slopes[0]};
}

/// Root of f = 1 where f(x) = (sum_j (a_j / (d_j x + c_j))^2)^(-1/2), from the left.
/// `terms(x)` gives the sum and minus half its derivative.
template <typename Terms>
double concave_root(double x, const Terms& terms) {
    for (int step = 0; step < newton_steps; ++step) {
        const auto [total, slope] = terms(x);
        // f = total^(-1/2), f' = slope total^(-3/2)
        const double root = std::sqrt(total);
        const double change = (1.0 - 1.0 / root) * total * root / slope;
        if (!(change > newton_tolerance * x)) return x + std::max(change, 0.0);
        x += change;
    }
    return x;
}

SHRINKAGE_INLINE double squared(double x) { return x * x; }

template <typename T>
void gather(std::size_t n, std::size_t step, const T* in, double* out) {
    for (std::size_t j = 0; j < n; ++j) out[j] = static_cast<double>(in[j * step]);
}

template <typename T>
void scatter(std::size_t n, std::size_t step, const double* in, T* out) {
    for (std::size_t j = 0; j < n; ++j) out[j * step] = static_cast<T>(in[j]);
}

/// How many groups a layer has, and where their weights lie.
struct Groups {
    std::size_t n, count, start_step, step;
    Groups(const DenseLayer& layer, WeightGroups kind)
        : n(kind == WeightGroups::incoming ? layer.units : layer.inputs),
          count(kind == WeightGroups::incoming ? layer.inputs : layer.units),
          start_step(kind == WeightGroups::incoming ? 1 : layer.stride),
          step(kind == WeightGroups::incoming ? layer.stride : 1) {}
    double factor() const { return std::sqrt(static_cast<double>(count)); }
};

}  // namespace

template <typename T>
double Metric<T>::at(std::size_t i) const {
    if (second == nullptr) return constant;
    return (std::sqrt(static_cast<double>(second[i])) * root_scale + epsilon) / rate;
}

template <typename T>
void Metric<T>::fill(std::size_t n, std::size_t step, double* out) const {
    if (second == nullptr) {
        std::fill_n(out, n, constant);
        return;
    }
    vectorized([=, this, root_by_rate = root_scale / rate, epsilon_by_rate = epsilon / rate]()
                   SHRINKAGE_INLINED {
                       const T* __restrict squares = second;
                       double* __restrict to = out;
                       for (std::size_t j = 0; j < n; ++j) {
                           const auto square = static_cast<double>(squares[j * step]);
                           to[j] = elementary::root(square) * root_by_rate + epsilon_by_rate;
                       }
                   });
}

void prox_group(std::vector<double>& v, const std::vector<double>& d, double kink) {
    double pull = 0.0, steepest = 0.0;
    vectorized([&]() SHRINKAGE_INLINED {
        const double *value = v.data(), *metric = d.data();
        const std::size_t n = v.size();
        pull = summed(n, [=](std::size_t j) SHRINKAGE_INLINED {
                   return Sums{squared(metric[j] * value[j]), 0.0};
               }).total;
        double most = 0.0;
        for (std::size_t j = 0; j < n; ++j) most = metric[j] > most ? metric[j] : most;
        steepest = most;
    });
    pull = std::sqrt(pull);
    if (!(pull > kink)) {
        std::fill(v.begin(), v.end(), 0.0);
        return;
    }
    const double *values = v.data(), *metric = d.data();
    const double r = concave_root((pull - kink) / steepest, [&](double x) {
        Sums sums{};
        vectorized([&]() SHRINKAGE_INLINED {
            sums = summed(v.size(), [=](std::size_t j) SHRINKAGE_INLINED {
                const double share = metric[j] / (metric[j] * x + kink);
                const double q = squared(share * values[j]);
                return Sums{q, q * share};
            });
        });
        return sums;
    });
    vectorized([&]() SHRINKAGE_INLINED {
        double* __restrict value = v.data();
        const double* __restrict curvature = d.data();
        const std::size_t n = v.size();
        const double norm = r, pull_back = kink;
        for (std::size_t j = 0; j < n; ++j) {
            value[j] *= curvature[j] * norm / (curvature[j] * norm + pull_back);
        }
    });
}

void project_ball(std::vector<double>& v, const std::vector<double>& d, double bound) {
    double square = 0.0;
    for (const double x : v) square += x * x;
    if (square <= bound * bound) return;
    if (bound == 0.0) {
        std::fill(v.begin(), v.end(), 0.0);
        return;
    }
    const double *values = v.data(), *metric = d.data();
    const double t = concave_root(0.0, [&](double x) {
        Sums sums{};
        vectorized([&]() SHRINKAGE_INLINED {
            sums = summed(v.size(), [=](std::size_t j) SHRINKAGE_INLINED {
                const double share = 1.0 / (metric[j] + x);
                const double q = squared(share * metric[j] * values[j] / bound);
                return Sums{q, q * share};
            });
        });
        return sums;
    });
    for (std::size_t j = 0; j < v.size(); ++j) v[j] *= d[j] / (d[j] + t);
}

template <typename T>
void GroupStep<T>::make_scratch(std::size_t n_tasks) {
    if (scratch_.size() < n_tasks) scratch_.resize(n_tasks);
}

template <typename T>
void GroupStep<T>::shrink_groups(const DenseLayer& layer, const WeightPenalty& penalty,
                                 const Metric<T>& metric, T* weights, const Context& context) {
    const Groups groups(layer, penalty.groups);
    const double kink = penalty.kink * groups.factor();
    const std::size_t n_tasks = (groups.n + groups_of_a_task - 1) / groups_of_a_task;
    make_scratch(n_tasks);
    const double operations = 100.0 * static_cast<double>(layer.n_weights());
    parallel_for(n_tasks, context.threads_for(operations), [&](std::size_t task) {
        auto& [v, d] = scratch_[task];
        v.resize(groups.count);
        d.resize(groups.count);
        const std::size_t end = std::min(groups.n, (task + 1) * groups_of_a_task);
        for (std::size_t g = task * groups_of_a_task; g < end; ++g) {
            T* group = weights + g * groups.start_step;
            gather(groups.count, groups.step, group, v.data());
            metric.from(g * groups.start_step).fill(groups.count, groups.step, d.data());
            prox_group(v, d, kink);
            scatter(groups.count, groups.step, v.data(), group);
        }
    });
}

template <typename T>
void GroupStep<T>::bound_norms(const DenseLayer& layer, const WeightPenalty& penalty,
                               const Metric<T>& metric, T* weights, const Context& context) {
    // One pass along the rows finds the few units whose norm is too large.
    squares_.assign(layer.units, 0.0);
    for (std::size_t i = 0; i < layer.inputs; ++i) {
        const T* row = weights + i * layer.stride;
        for (std::size_t j = 0; j < layer.units; ++j) {
            squares_[j] += squared(static_cast<double>(row[j]));
        }
    }
    const double factor = std::sqrt(static_cast<double>(layer.inputs));
    const std::size_t n_tasks = (layer.units + groups_of_a_task - 1) / groups_of_a_task;
    make_scratch(n_tasks);
    const double operations = 100.0 * static_cast<double>(layer.n_weights());
    parallel_for(n_tasks, context.threads_for(operations), [&](std::size_t task) {
        auto& [v, d] = scratch_[task];
        v.resize(layer.inputs);
        d.resize(layer.inputs);
        const std::size_t end = std::min(layer.units, (task + 1) * groups_of_a_task);
        for (std::size_t j = task * groups_of_a_task; j < end; ++j) {
            if (squares_[j] <= squared(penalty.max_norm)) continue;
            // The curvature of everything but the bound: metric, ridge and, where the group is not
            // zero, its pull towards zero.
            const double pull = penalty.groups == WeightGroups::incoming
                                    ? penalty.kink * factor / std::sqrt(squares_[j])
                                    : penalty.ridge;
            gather(layer.inputs, layer.stride, weights + j, v.data());
            metric.from(j).fill(layer.inputs, layer.stride, d.data());
            for (double& curvature : d) curvature += pull;
            project_ball(v, d, penalty.max_norm);
            scatter(layer.inputs, layer.stride, v.data(), weights + j);
        }
    });
}

template <typename T>
void GroupStep<T>::operator()(const DenseLayer& layer, const WeightPenalty& penalty,
                              const Metric<T>& metric, T* weights, const Context& context) {
    if (penalty.grouped()) shrink_groups(layer, penalty, metric, weights, context);
    if (penalty.bounded()) bound_norms(layer, penalty, metric, weights, context);
}

template <typename T>
double penalty_value(const DenseLayer& layer, const WeightPenalty& penalty, const T* weights) {
    double total = 0.0;
    if (penalty.groups != WeightGroups::separable) {
        const Groups groups(layer, penalty.groups);
        for (std::size_t g = 0; g < groups.n; ++g) {
            double square = 0.0;
            for (std::size_t j = 0; j < groups.count; ++j) {
                square +=
                    squared(static_cast<double>(weights[g * groups.start_step + j * groups.step]));
            }
            total += std::sqrt(square);
        }
        return penalty.kink * groups.factor() * total;
    }
    double squares = 0.0;
    // The padding is zero.
    for (std::size_t i = 0; i < layer.n_weights(); ++i) {
        const double w = static_cast<double>(weights[i]);
        total += std::abs(w);
        squares += w * w;
    }
    return penalty.kink * total + 0.5 * penalty.ridge * squares;
}

template <typename T>
std::size_t count_zeros(const DenseLayer& layer, const T* weights) {
    std::size_t zeros = 0;
    for (std::size_t i = 0; i < layer.inputs; ++i) {
        const T* row = weights + i * layer.stride;
        zeros += static_cast<std::size_t>(std::count(row, row + layer.units, T{0}));
    }
    return zeros;
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
        const auto index = [&](std::size_t j) { return g * groups.start_step + j * groups.step; };
        const auto weight = [&](std::size_t j) { return static_cast<double>(weights[index(j)]); };
        double square = 0.0;
        for (std::size_t j = 0; j < groups.count; ++j) square += squared(weight(j));
        const double norm = std::sqrt(square);
        double along = 0.0;
        for (std::size_t j = 0; j < groups.count; ++j) {
            const double w = weight(j), slope = gradient[index(j)];
            if (separable) {
                residual[j] = w == 0.0 ? std::max(std::abs(slope) - kink, 0.0)
                                       : slope + std::copysign(kink, w) + penalty.ridge * w;
            } else {
                residual[j] = norm == 0.0 ? slope : slope + kink * w / norm;
            }
            along += residual[j] * w;
        }
        if (penalty.bounded() && groups.step != 1 && norm > 0.0 &&
            norm >= penalty.max_norm * (1.0 - 1e-5)) {
            const double multiplier = std::max(-along / square, 0.0);
            for (std::size_t j = 0; j < groups.count; ++j) residual[j] += multiplier * weight(j);
        }
        double length = 0.0;
        std::size_t largest = 0;
        for (std::size_t j = 0; j < groups.count; ++j) {
            length += squared(residual[j]);
            if (std::abs(residual[j]) > std::abs(residual[largest])) largest = j;
        }
        length = std::sqrt(length);
        const double distance = separable     ? std::abs(residual[largest])
                                : norm == 0.0 ? std::max(length - kink, 0.0)
                                              : length;
        if (distance > worst.distance) worst = {distance, index(largest)};
    }
    return worst;
}

#define SHRINKAGE_INSTANTIATE(T)                                                         \
    template struct Metric<T>;                                                           \
    template class GroupStep<T>;                                                         \
    template double penalty_value(const DenseLayer&, const WeightPenalty&, const T*);    \
    template std::size_t count_zeros(const DenseLayer&, const T*);                       \
    template KktDistance kkt_distance(const DenseLayer&, const WeightPenalty&, const T*, \
                                      const double*);
SHRINKAGE_INSTANTIATE(float)
SHRINKAGE_INSTANTIATE(double)

}  // namespace shrinkage
