#include "shrinkage/nn/step/group_step.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/penalty/group_norm.hpp"

namespace shrinkage {
namespace {

// Columns side by side share cache lines; and more than a line between the scratch of two groups
// keeps them out of one another's places in the cache.
constexpr std::size_t groups_at_a_time = 16, between_groups = 8;

SHRINKAGE_INLINE double squared(double x) { return x * x; }

/// Some groups of a layer next to each other, and the scratch they are copied to: number j of group
/// k lies at k * between + j.
template <typename T>
struct Block {
    const Groups& groups;
    std::size_t first, n, between;
    std::size_t place(std::size_t k, std::size_t j) const { return groups.place(first + k, j); }
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
             group_norm::metric_project(v, d, penalty.max_norm);
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
                group_norm::metric_prox(v, d, kink);
            });
    }
    if (penalty.bounded()) bound_norms(layer, penalty, metric, weights, context);
}

template struct Metric<float>;
template struct Metric<double>;
template class GroupStep<float>;
template class GroupStep<double>;

}  // namespace shrinkage
