#include "shrinkage/nn/masks/concrete.hpp"

#include <cmath>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/base/simd/vectorized.hpp"

namespace shrinkage {
namespace {

/// |W|^2, by rows so that sums in float stay short.
template <typename T>
double squared_norm(const DenseLayer& layer, const T* weights) {
    constexpr std::size_t lanes = lanes_of<T>;
    double total = 0.0;
    for (std::size_t i = 0; i < layer.inputs; ++i) {
        const T* row = weights + i * layer.stride;
        T sums[lanes] = {};
        T* sum = sums;
        vectorized([=, n = layer.stride]() SHRINKAGE_INLINED {
            for (std::size_t j = 0; j < n; j += lanes) {
                for (std::size_t k = 0; k < lanes; ++k) sum[k] += row[j + k] * row[j + k];
            }
        });
        for (const T part : sums) total += static_cast<double>(part);
    }
    return total;
}

/// 1 / (tau n)
double share(const ConcreteOptions& options, std::size_t n) {
    return 1.0 / (options.precision * static_cast<double>(n));
}

double entropy(double p) { return -p * std::log(p) - (1.0 - p) * std::log1p(-p); }

}  // namespace

template <typename T>
double concrete_cost(const Layout<T>& layout, const ConcreteOptions& options,
                     std::span<const double> rates, std::size_t n, const T* parameters) {
    double total = 0.0;
    for (std::size_t l = 0; l < layout.depth(); ++l) {
        const double p = rates[l];
        if (!(p > 0.0)) continue;
        const DenseLayer& layer = layout[l];
        const double square = squared_norm(layer, parameters + layer.weights);
        total += 0.5 * options.length_scale * options.length_scale * square / (1.0 - p) -
                 static_cast<double>(layer.inputs) * entropy(p);
    }
    return share(options, n) * total;
}

template <typename T, typename G>
void add_concrete_gradient(const Layout<T>& layout, const ConcreteOptions& options,
                           std::span<const double> rates, std::size_t n, const T* parameters,
                           G* gradient) {
    const double factor = share(options, n);
    for (std::size_t l = 0; l < layout.depth(); ++l) {
        const double p = rates[l];
        if (!(p > 0.0)) continue;
        const DenseLayer& layer = layout[l];
        const T* weights = parameters + layer.weights;
        const double decay = options.length_scale * options.length_scale / (1.0 - p);
        // dp / d logit = p (1 - p), and dH / dp = -logit p.
        const double logit = std::log(p / (1.0 - p));
        const double by_logit = 0.5 * decay * squared_norm(layer, weights) * p +
                                static_cast<double>(layer.inputs) * logit * p * (1.0 - p);
        gradient[layout.logits() + l] += static_cast<G>(factor * by_logit);
        const G pull = static_cast<G>(factor * decay);
        G* slope = gradient + layer.weights;
        vectorized([=, count = layer.n_weights()]() SHRINKAGE_INLINED {
            const T* __restrict w = weights;
            G* __restrict g = slope;
            for (std::size_t i = 0; i < count; ++i) g[i] += pull * static_cast<G>(w[i]);
        });
    }
}

#define SHRINKAGE_INSTANTIATE(T)                                                   \
    template double concrete_cost(const Layout<T>&, const ConcreteOptions&,        \
                                  std::span<const double>, std::size_t, const T*); \
    template void add_concrete_gradient(const Layout<T>&, const ConcreteOptions&,  \
                                        std::span<const double>, std::size_t, const T*, T*);
SHRINKAGE_INSTANTIATE(float)
SHRINKAGE_INSTANTIATE(double)
template void add_concrete_gradient(const Layout<float>&, const ConcreteOptions&,
                                    std::span<const double>, std::size_t, const float*, double*);

}  // namespace shrinkage
