// Log densities of targets under one member.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "shrinkage/nn/ensemble/response.hpp"

namespace shrinkage {

/// Which densities there are: with precisions those of normals of these, of a Gaussian with learned
/// variance that one, under a log link minus the loss (of Poisson counts without its constant), of
/// classes likewise: log p, which the responses themselves cannot tell where p vanishes.
inline std::size_t n_densities(ResponseKind kind, std::span<const double> precisions) {
    if (!precisions.empty()) return precisions.size();
    return kind == ResponseKind::identity ? 0 : 1;
}

/// log N(r; 0, variance)
inline double log_normal_density(double r, double variance) {
    return -0.5 * (std::log(2.0 * std::numbers::pi * variance) + r * r / variance);
}

/// What densities of a block are computed from; arrays (..., stride), null where there is none.
template <typename T>
struct DensityOf {
    std::size_t responses, stride;
    const T *y, *value;
    const T* noise;   // variances of the targets
    const T* spread;  // variances of the response under the integrated mask
    const T* loss;    // of classes with a mask integrated: under this mask
};

/// out (densities, stride) of the first n rows.
template <typename T>
void log_densities(ResponseKind kind, std::span<const double> precisions, const DensityOf<T>& of,
                   std::size_t n, std::span<double> out) {
    if (precisions.empty() && kind != ResponseKind::gaussian) {
        for (std::size_t j = 0; j < n; ++j) out[j] = -static_cast<double>(of.loss[j]);
        return;
    }
    const bool learned = precisions.empty();
    for (std::size_t d = 0; d < (learned ? 1 : precisions.size()); ++d) {
        double* const total = out.data() + d * of.stride;
        std::fill(total, total + n, 0.0);
        for (std::size_t k = 0; k < of.responses; ++k) {
            for (std::size_t j = 0; j < n; ++j) {
                const std::size_t at = k * of.stride + j;
                double variance = learned ? static_cast<double>(of.noise[at]) : 1.0 / precisions[d];
                if (of.spread != nullptr) variance += static_cast<double>(of.spread[at]);
                total[j] += log_normal_density(
                    static_cast<double>(of.y[at]) - static_cast<double>(of.value[at]), variance);
            }
        }
    }
}

}  // namespace shrinkage
