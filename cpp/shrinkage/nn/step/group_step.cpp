#include "shrinkage/nn/step/group_step.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/simd/elementary_float.hpp"
#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/base/threads.hpp"

namespace shrinkage {
namespace {

constexpr int newton_steps = 60;
constexpr double newton_tolerance = 1e-9;  // of a change, whose square is what remains
// Columns side by side share cache lines; and more than a line between the scratch of two groups
// keeps them out of one another's places in the cache.
constexpr std::size_t groups_at_a_time = 16, between_groups = 8;

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

/// Some groups of a layer next to each other, and the scratch they are copied to: number j of group
/// k lies at k * between + j.
template <typename T>
struct Block {
    const Groups& groups;
    std::size_t first, n, between;
    std::size_t place(std::size_t k, std::size_t j) const {
        return (first + k) * groups.start_step + j * groups.step;
    }
};

/// to[scratch] = read(place) for all numbers of the groups, along the rows of the weights.
template <typename T, typename Read>
void gather(const Block<T>& block, double* to, const Read& read) {
    const std::size_t n = block.n, count = block.groups.count, between = block.between;
    if (block.groups.start_step != 1) {
        for (std::size_t k = 0; k < n; ++k) {
            const std::size_t start = block.place(k, 0);
            vectorized([=]() SHRINKAGE_INLINED {
                double* __restrict out = to + k * between;
                for (std::size_t j = 0; j < count; ++j) out[j] = read(start + j);
            });
        }
        return;
    }
    const std::size_t start = block.place(0, 0), step = block.groups.step;
    vectorized([=]() SHRINKAGE_INLINED {
        double row[groups_at_a_time];
        for (std::size_t j = 0; j < count; ++j) {
            for (std::size_t k = 0; k < n; ++k) row[k] = read(start + j * step + k);
            for (std::size_t k = 0; k < n; ++k) to[k * between + j] = row[k];
        }
    });
}

template <typename T>
void scatter(const Block<T>& block, const double* from, T* weights) {
    if (block.groups.start_step == 1) {
        for (std::size_t j = 0; j < block.groups.count; ++j) {
            T* row = weights + block.place(0, j);
            for (std::size_t k = 0; k < block.n; ++k) {
                row[k] = static_cast<T>(from[k * block.between + j]);
            }
        }
        return;
    }
    for (std::size_t k = 0; k < block.n; ++k) {
        T* group = weights + block.place(k, 0);
        for (std::size_t j = 0; j < block.groups.count; ++j) {
            group[j] = static_cast<T>(from[k * block.between + j]);
        }
    }
}

template <typename T>
void gather_metric(const Block<T>& block, const Metric<T>& metric, double* to) {
    if (metric.second == nullptr) {
        std::fill_n(to, block.n * block.between, metric.constant);
        return;
    }
    const T* second = metric.second;
    const double scale = metric.root_scale / metric.rate, shift = metric.epsilon / metric.rate;
    gather(block, to, [=](std::size_t i) SHRINKAGE_INLINED {
        return elementary::root(static_cast<double>(second[i])) * scale + shift;
    });
}

}  // namespace

template <typename T>
double Metric<T>::at(std::size_t i) const {
    if (second == nullptr) return constant;
    return (std::sqrt(static_cast<double>(second[i])) * root_scale + epsilon) / rate;
}

void prox_group(std::span<double> v, std::span<const double> d, double kink) {
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
    if (pull <= kink) {  // what is not a number stays so
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

void project_ball(std::span<double> v, std::span<const double> d, double bound) {
    double square = 0.0;
    for (const double x : v) square += x * x;
    if (square <= bound * bound) return;
    if (bound == 0.0 && !std::isnan(square)) {
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
template <typename Touched, typename Step>
void GroupStep<T>::each(const Groups& groups, const Metric<T>& metric, T* weights,
                        const Context& context, const Touched& touched, const Step& step) {
    const std::size_t n_blocks = (groups.n + groups_at_a_time - 1) / groups_at_a_time;
    const Team team = context.threads_for(100.0 * static_cast<double>(groups.n * groups.count));
    const std::size_t n_workers = std::min(team.size, n_blocks);
    const std::size_t between = groups.count + between_groups;
    if (scratch_.size() < n_workers) scratch_.resize(n_workers);
    parallel_for(n_workers, team, [&](std::size_t worker) {
        auto& [v, d] = scratch_[worker];
        v.resize(std::max(v.size(), groups_at_a_time * between));
        d.resize(v.size());
        for (std::size_t b = worker; b < n_blocks; b += n_workers) {
            const std::size_t first = b * groups_at_a_time;
            const Block<T> block{groups, first, std::min(groups_at_a_time, groups.n - first),
                                 between};
            bool any = false;
            for (std::size_t k = 0; k < block.n; ++k) any |= touched(first + k);
            if (!any) continue;
            gather(block, v.data(), [weights](std::size_t i) SHRINKAGE_INLINED {
                return static_cast<double>(weights[i]);
            });
            gather_metric(block, metric, d.data());
            for (std::size_t k = 0; k < block.n; ++k) {
                if (!touched(first + k)) continue;
                step(first + k, std::span(v.data() + k * between, groups.count),
                     std::span(d.data() + k * between, groups.count));
            }
            scatter(block, v.data(), weights);
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
    const Groups units(layer, WeightGroups::incoming);
    const auto above = [&](std::size_t j) { return squares_[j] > squared(penalty.max_norm); };
    each(units, metric, weights, context, above,
         [&](std::size_t j, std::span<double> v, std::span<double> d) {
             // The curvature of everything but the bound: metric, ridge and, where the group is not
             // zero, its pull towards zero.
             const double pull = penalty.groups == WeightGroups::incoming
                                     ? penalty.kink * units.factor() / std::sqrt(squares_[j])
                                     : penalty.ridge;
             for (double& curvature : d) curvature += pull;
             project_ball(v, d, penalty.max_norm);
         });
}

template <typename T>
void GroupStep<T>::operator()(const DenseLayer& layer, const WeightPenalty& penalty,
                              const Metric<T>& metric, T* weights, const Context& context) {
    if (penalty.grouped()) {
        const Groups groups(layer, penalty.groups);
        const double kink = penalty.kink * groups.factor();
        each(
            groups, metric, weights, context, [](std::size_t) { return true; },
            [kink](std::size_t, std::span<double> v, std::span<double> d) {
                prox_group(v, d, kink);
            });
    }
    if (penalty.bounded()) bound_norms(layer, penalty, metric, weights, context);
}

template struct Metric<float>;
template struct Metric<double>;
template class GroupStep<float>;
template class GroupStep<double>;

}  // namespace shrinkage
