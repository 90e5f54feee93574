#include "shrinkage/nn/step/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/penalty/scalar/elastic_net.hpp"
#include "shrinkage/penalty/scalar/l2.hpp"

namespace shrinkage {
namespace {

const OptimizerRow& row_of(OptimizerKind kind) {
    return *std::find_if(optimizers.begin(), optimizers.end(),
                         [kind](const OptimizerRow& row) { return row.kind == kind; });
}

/// The prox of L1; what is not a number stays so, and is seen at the end of the epoch.
template <typename T>
SHRINKAGE_INLINE T shrunk(T v, T threshold) {
    return soft_threshold(v, threshold, v - v);
}

/// Zero in place of what is next to nothing: the momentum of a weight that has no gradient halves
/// every few steps, and numbers below the smallest normal one are computed many times slower.
template <typename T>
SHRINKAGE_INLINE T unless_tiny(T x) {
    constexpr T tiny = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
    return x <= tiny && x >= -tiny ? T{0} : x;
}

}  // namespace

const OptimizerRow* optimizer_named(std::string_view name) {
    for (const OptimizerRow& row : optimizers) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

bool OptimizerOptions::keeps_first() const { return row_of(kind).moments > 0; }
bool OptimizerOptions::keeps_second() const { return row_of(kind).moments > 1; }

void OptimizerOptions::set(std::string_view name, double value) {
    const OptimizerRow& row = row_of(kind);
    std::string known;
    for (const OptimizerParameter& parameter : row.parameters) {
        if (parameter.name == name) {
            this->*parameter.member = value;
            return;
        }
        known += (known.empty() ? "" : ", ") + std::string(parameter.name);
    }
    throw InvalidArgument({"argument.choice", "optimizer_parameters", std::string(name),
                           std::string(row.name) + " takes " + (known.empty() ? "none" : known)});
}

template <typename T>
StepRule<T>::StepRule(const OptimizerOptions& options, double step_rate, std::uint64_t update)
    : kind(options.kind),
      rate(static_cast<T>(step_rate)),
      momentum(static_cast<T>(options.momentum)),
      beta1(static_cast<T>(options.beta1)),
      beta2(static_cast<T>(options.beta2)),
      epsilon(static_cast<T>(options.epsilon)),
      first_scale(
          static_cast<T>(1.0 / (1.0 - std::pow(options.beta1, static_cast<double>(update))))),
      root_scale(static_cast<T>(
          1.0 / std::sqrt(1.0 - std::pow(options.beta2, static_cast<double>(update))))) {}

template <typename T>
Metric<T> StepRule<T>::metric(const T* second) const {
    const double r = static_cast<double>(rate);
    switch (kind) {
        case OptimizerKind::sgd: return {1.0 / r, nullptr, 1.0, 0.0, r};
        case OptimizerKind::momentum:
            return {(1.0 - static_cast<double>(momentum)) / r, nullptr, 1.0, 0.0, r};
        case OptimizerKind::adam:
        case OptimizerKind::adamw: break;
    }
    return {1.0, second, static_cast<double>(root_scale), static_cast<double>(epsilon), r};
}

template <typename T>
void optimizer_step(const StepRule<T>& rule, double kink_, double ridge_, const StepShape& shape,
                    double factor_, const T* gradient, T* weights, T* first, T* second) {
    const T kink = static_cast<T>(kink_), ridge = static_cast<T>(ridge_), rate = rule.rate,
            scale = static_cast<T>(factor_);
    const StepShape at = shape;
    if (rule.kind == OptimizerKind::sgd || rule.kind == OptimizerKind::momentum) {
        const bool heavy = rule.kind == OptimizerKind::momentum;
        const T mu = heavy ? rule.momentum : T{0};
        const T s = rate / (T{1} - mu);
        const T threshold = s * kink, shrink = L2{}.prox(T{1}, s, ridge);
        if (heavy) {
            vectorized([=]() SHRINKAGE_INLINED {
                for (std::size_t r = 0; r < at.rows; ++r) {
                    const T* __restrict g = gradient + r * at.gradient_stride;
                    T* __restrict w = weights + r * at.stride;
                    T* __restrict m = first + r * at.stride;
                    for (std::size_t i = 0; i < at.cols; ++i) {
                        const T u = unless_tiny(mu * m[i] + scale * g[i]);
                        m[i] = u;
                        w[i] = shrunk(w[i] - rate * u, threshold) * shrink;
                    }
                }
            });
        } else {
            vectorized([=]() SHRINKAGE_INLINED {
                for (std::size_t r = 0; r < at.rows; ++r) {
                    const T* __restrict g = gradient + r * at.gradient_stride;
                    T* __restrict w = weights + r * at.stride;
                    for (std::size_t i = 0; i < at.cols; ++i) {
                        w[i] = shrunk(w[i] - rate * (scale * g[i]), threshold) * shrink;
                    }
                }
            });
        }
        return;
    }
    const bool decoupled = rule.kind == OptimizerKind::adamw;
    const T decay = decoupled ? T{1} - rate * ridge : T{1};
    const T coupled = decoupled ? T{0} : ridge;
    const T keep1 = rule.beta1, new1 = T{1} - rule.beta1, keep2 = rule.beta2,
            new2 = T{1} - rule.beta2, first_scale = rule.first_scale, root_scale = rule.root_scale,
            epsilon = rule.epsilon;
    const auto run = [=](auto divides) {
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t r = 0; r < at.rows; ++r) {
                const T* __restrict g = gradient + r * at.gradient_stride;
                T* __restrict w = weights + r * at.stride;
                T* __restrict m = first + r * at.stride;
                T* __restrict v = second + r * at.stride;
                for (std::size_t i = 0; i < at.cols; ++i) {
                    const T slope = scale * g[i];
                    const T mean = unless_tiny(keep1 * m[i] + new1 * slope);
                    const T square = keep2 * v[i] + new2 * slope * slope;
                    m[i] = mean;
                    v[i] = square;
                    const T s = rate / (elementary::root(square) * root_scale + epsilon);
                    const T near = shrunk(decay * w[i] - s * first_scale * mean, s * kink);
                    w[i] = decltype(divides)::value ? L2{}.prox(near, s, coupled) : near;
                }
            }
        });
    };
    if (coupled != T{0}) return run(std::true_type{});
    run(std::false_type{});
}

template struct StepRule<float>;
template struct StepRule<double>;
template void optimizer_step(const StepRule<float>&, double, double, const StepShape&, double,
                             const float*, float*, float*, float*);
template void optimizer_step(const StepRule<double>&, double, double, const StepShape&, double,
                             const double*, double*, double*, double*);

}  // namespace shrinkage
