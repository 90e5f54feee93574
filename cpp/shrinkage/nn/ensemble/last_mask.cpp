#include "shrinkage/nn/ensemble/last_mask.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/nn/kernels/product.hpp"

namespace shrinkage {
namespace {

/// out += factor * x
template <typename T>
void add_multiple(const T* x_, T factor, std::size_t n, T* out_) {
    const T* __restrict x = x_;
    T* __restrict out = out_;
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) out[i] += factor * x[i];
    });
}

/// out -= x * y
template <typename T>
void subtract_product(const T* x_, const T* y_, std::size_t n, T* out_) {
    const T* __restrict x = x_, * __restrict y = y_;
    T* __restrict out = out_;
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) out[i] -= x[i] * y[i];
    });
}

/// Cholesky's factor of each column's matrix, rows of the lower triangle one after another, in
/// place. What rounding leaves of a pivot that should be 0 counts as 0.
template <typename T>
void factor_each(std::size_t order, std::size_t stride, T* triangle) {
    const auto row = [=](std::size_t k, std::size_t i) {
        return triangle + (k * (k + 1) / 2 + i) * stride;
    };
    std::vector<T> least(stride), inverse(stride);
    for (std::size_t i = 0; i < order; ++i) {
        T* pivot = row(i, i);
        for (std::size_t j = 0; j < stride; ++j) least[j] = pivot[j] * static_cast<T>(1e-6);
        for (std::size_t l = 0; l < i; ++l) subtract_product(row(i, l), row(i, l), stride, pivot);
        for (std::size_t j = 0; j < stride; ++j) {
            const bool positive = pivot[j] > least[j];
            pivot[j] = positive ? std::sqrt(pivot[j]) : T{0};
            inverse[j] = positive ? T{1} / pivot[j] : T{0};
        }
        for (std::size_t k = i + 1; k < order; ++k) {
            T* entry = row(k, i);
            for (std::size_t l = 0; l < i; ++l) {
                subtract_product(row(k, l), row(i, l), stride, entry);
            }
            for (std::size_t j = 0; j < stride; ++j) entry[j] *= inverse[j];
        }
    }
}

}  // namespace

template <typename T>
LastMask<T>::LastMask(const Layout<T>& layout, const EnsemblePlan& plan,
                      const Responder<T>& responder, const T* parameters, const NormalRule& rule)
    : layer_(layout[layout.depth() - 1]),
      responder_(responder),
      biases_(parameters + layer_.biases),
      points_(rule.points.begin(), rule.points.end()),
      shares_(rule.weights.begin(), rule.weights.end()) {
    const double p = plan.integrated_rate, q = 1.0 - p;
    double multiple = p / q;
    const DropoutTraits& traits = traits_of(plan.kind);
    if (traits.affine) {  // two values, apart by scale x + shift - dropped
        const UnitMap map = unit_map(plan.kind, p);
        multiple = p * q;
        mean_factor_ = static_cast<T>(q * map.scale);  // the constant part is 0
        slope_ = static_cast<T>(map.scale);
        offset_ = static_cast<T>(map.shift - map.dropped);
    }
    const bool pairs = of_classes(responder.kind());
    for (std::size_t k = 0; k < responder.outputs(); ++k) {
        for (std::size_t i = pairs ? 0 : k; i <= k; ++i, ++rows_) {
            // Weights dropped one by one do not drop together.
            const double share = traits.drops_weights && i < k ? 0.0 : multiple;
            for (std::size_t u = 0; u < layer_.inputs; ++u) {
                const T* w = parameters + layer_.weights + u * layer_.stride;
                weights_.push_back(
                    static_cast<T>(share * static_cast<double>(w[k]) * static_cast<double>(w[i])));
            }
        }
    }
}

template <typename T>
void LastMask<T>::prepare(Response<T>& response, std::size_t capacity) const {
    responder_.prepare(response, capacity);
    response.extra.resize(extras() * capacity);
}

template <typename T>
void LastMask<T>::covary(const T* inputs, std::size_t stride, Space& space) const {
    const std::size_t n = layer_.inputs * stride;
    space.squares.resize(n);
    space.covariances.resize(rows_ * stride);
    T* __restrict out = space.squares.data();
    const T slope = slope_, offset = offset_;
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) {
            const T x = slope * inputs[i] + offset;
            out[i] = x * x;
        }
    });
    Product<T> product;
    product.rows = rows_;
    product.cols = product.v_stride = product.c_stride = stride;
    product.sums = product.row_step = layer_.inputs;
    product.sum_step = 1;
    product.a = weights_.data();
    product.v = space.squares.data();
    product.c = space.covariances.data();
    for (std::size_t task = 0; task < product.n_tasks(); ++task) multiply(product, task);
}

template <typename T>
void LastMask<T>::respond(const T* eta, const T* inputs, std::size_t stride,
                          const BlockTargets<T>& targets, Space& space,
                          Response<T>& response) const {
    const std::size_t outputs = responder_.outputs(), responses = responder_.responses();
    space.eta.assign(eta, eta + outputs * stride);
    for (std::size_t k = 0; k < outputs && mean_factor_ != T{1}; ++k) {
        for (std::size_t j = 0; j < stride; ++j) {
            T& x = space.eta[k * stride + j];
            x = biases_[k] + mean_factor_ * (x - biases_[k]);
        }
    }
    covary(inputs, stride, space);
    T* variance = response.extra.data() + responder_.extras() * stride;
    if (of_classes(responder_.kind())) {
        return average_classes(stride, targets, space, response, variance);
    }
    responder_.respond(space.eta.data(), stride, response);
    const T* v = space.covariances.data();
    switch (responder_.kind()) {
        case ResponseKind::exponential:  // mean and variance of the log-normal
            for (std::size_t i = 0; i < responses * stride; ++i) {
                response.value[i] *= elementary::exp(v[i] / T{2});
                variance[i] =
                    response.value[i] * response.value[i] * (elementary::exp(v[i]) - T{1});
            }
            return;
        case ResponseKind::gaussian:  // the variances are log-normal
            for (std::size_t i = 0; i < responses * stride; ++i) {
                response.extra[i] *= elementary::exp(v[responses * stride + i] / T{2});
            }
            break;
        default: break;
    }
    std::copy_n(v, responses * stride, variance);
}

/// Responses at eta + L z for every point z of the rule, L L' the covariance: their mean and the
/// variance between them. The running mean moves a share of the way to each (West 1979), so that
/// neither leaves the range of probabilities nor the variance that of squares.
template <typename T>
void LastMask<T>::average_classes(std::size_t stride, const BlockTargets<T>& targets, Space& space,
                                  Response<T>& response, T* variance_) const {
    const std::size_t outputs = responder_.outputs(), n = responder_.responses() * stride;
    factor_each(outputs, stride, space.covariances.data());
    responder_.prepare(space.response, stride);
    space.shifted.resize(outputs * stride);
    space.loss.resize(stride);
    space.error.resize(stride);
    const bool scores = !targets.rows.empty();
    space.densities = LogSums(scores ? targets.rows.size() : 0);
    std::fill_n(response.value.data(), n, T{0});
    std::fill_n(variance_, n, T{0});
    double total = 0.0;
    for (std::size_t s = 0; s < shares_.size(); ++s) {
        std::copy_n(space.eta.data(), outputs * stride, space.shifted.data());
        for (std::size_t k = 0; k < outputs; ++k) {
            for (std::size_t i = 0; i <= k; ++i) {
                add_multiple(space.covariances.data() + row_of(k, i) * stride,
                             points_[s * outputs + i], stride, space.shifted.data() + k * stride);
            }
        }
        responder_.respond(space.shifted.data(), stride, space.response);
        total += shares_[s];
        const T share = static_cast<T>(shares_[s]), part = static_cast<T>(shares_[s] / total);
        const T* __restrict p = space.response.value.data();
        T* __restrict mean = response.value.data();
        T* __restrict variance = variance_;
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t i = 0; i < n; ++i) {
                const T change = p[i] - mean[i];
                mean[i] += part * change;
                variance[i] += share * change * (p[i] - mean[i]);
            }
        });
        if (!scores) continue;
        responder_.score(space.shifted.data(), stride, space.response, targets, space.loss.data(),
                         space.error.data());
        for (std::size_t j = 0; j < targets.rows.size(); ++j) {
            space.densities.add(j, -static_cast<double>(space.loss[j]), shares_[s]);
        }
    }
    for (std::size_t j = 0; j < space.densities.size(); ++j) {
        space.loss[j] = static_cast<T>(-space.densities.log(j, total));
    }
}

template class LastMask<float>;
template class LastMask<double>;

}  // namespace shrinkage
