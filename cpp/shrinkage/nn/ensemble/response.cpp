#include "shrinkage/nn/ensemble/response.hpp"

#include <algorithm>
#include <type_traits>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/vectorized.hpp"

namespace shrinkage {
namespace {

template <typename L>
struct ScalarLossOf {
    using type = void;
};
template <typename L>
struct ScalarLossOf<OneOutput<L>> {
    using type = L;
};

/// Probabilities, entropy and log of the norm, from one exponential an output. No probability
/// leaves [0, 1]: the largest exponential is 1, and the sum at least that.
template <typename T>
void respond_softmax(const T* eta, std::size_t classes, std::size_t stride, Response<T>& response) {
    T* value = response.value.data();
    T* entropy = response.extra.data();
    T* log_norm = response.log_norm.data();
    vectorized([=]() SHRINKAGE_INLINED {
        constexpr std::size_t lanes = lanes_of<T>;
        for (std::size_t first = 0; first < stride; first += lanes) {
            T highest[lanes], sum[lanes], mean[lanes];
            const T* __restrict in = eta + first;
            T* __restrict out = value + first;
            for (std::size_t i = 0; i < lanes; ++i) highest[i] = in[i];
            for (std::size_t k = 1; k < classes; ++k) {
                for (std::size_t i = 0; i < lanes; ++i) {
                    const T x = in[k * stride + i];
                    highest[i] = x > highest[i] ? x : highest[i];
                }
            }
            for (std::size_t i = 0; i < lanes; ++i) sum[i] = mean[i] = T{0};
            for (std::size_t k = 0; k < classes; ++k) {
                for (std::size_t i = 0; i < lanes; ++i) {
                    const T x = in[k * stride + i] - highest[i];
                    const T e = elementary::exp(x);
                    out[k * stride + i] = e;
                    sum[i] += e;
                    mean[i] += e * x;
                }
            }
            for (std::size_t i = 0; i < lanes; ++i) {
                const T log_sum = elementary::log(sum[i]);
                const T inverse = T{1} / sum[i];
                entropy[first + i] = log_sum - mean[i] * inverse;
                log_norm[first + i] = log_sum;
                sum[i] = inverse;
            }
            for (std::size_t k = 0; k < classes; ++k) {
                for (std::size_t i = 0; i < lanes; ++i) out[k * stride + i] *= sum[i];
            }
        }
    });
}

/// Both probabilities from the smaller one's side, as 1 - p would lose what is close to 0.
template <typename T>
void respond_logistic(const T* eta, std::size_t stride, Response<T>& response) {
    T* __restrict first = response.value.data();
    T* __restrict second = first + stride;
    T* __restrict entropy = response.extra.data();
    T* __restrict log_norm = response.log_norm.data();
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < stride; ++i) {
            const T x = eta[i], size = x < T{0} ? -x : x;
            const T e = elementary::exp(-size);
            const T larger = T{1} / (T{1} + e), smaller = e * larger;
            const T log_sum = elementary::log(T{1} + e);
            first[i] = x < T{0} ? larger : smaller;
            second[i] = x < T{0} ? smaller : larger;
            entropy[i] = log_sum + smaller * size;
            log_norm[i] = log_sum;
        }
    });
}

template <typename T>
void exponentials(const T* in_, std::size_t n, T factor, T* out_) {
    const T* __restrict in = in_;
    T* __restrict out = out_;
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) out[i] = elementary::exp(factor * in[i]);
    });
}

/// loss and error by the loss itself, one row after another.
template <typename T>
void score_each(const OutputLoss& loss_, const T* eta, std::size_t stride,
                const Response<T>& response, std::size_t responses, const BlockTargets<T>& at,
                T* loss, T* error) {
    with_output_loss(loss_, [&](const auto& l) {
        std::vector<double> outputs(l.outputs());
        for (std::size_t j = 0; j < at.rows.size(); ++j) {
            const ConstVector y =
                at.targets->y.subspan(at.rows[j] * l.target_size(), l.target_size());
            for (std::size_t k = 0; k < outputs.size(); ++k) {
                outputs[k] = static_cast<double>(eta[k * stride + j]);
            }
            loss[j] = static_cast<T>(l.value(y, outputs));
            T squares = T{0};
            for (std::size_t k = 0; k < responses; ++k) {
                const T apart = at.y[k * stride + j] - response.value[k * stride + j];
                squares += apart * apart;
            }
            error[j] = squares;
        }
    });
}

}  // namespace

ResponseKind response_kind(const OutputLoss& loss) {
    return with_output_loss(loss, [](const auto& l) {
        using L = std::remove_cvref_t<decltype(l)>;
        using Scalar = typename ScalarLossOf<L>::type;
        if constexpr (std::is_same_v<L, MultinomialLoss>) return ResponseKind::softmax;
        if constexpr (std::is_same_v<L, GaussianNoise>) return ResponseKind::gaussian;
        if constexpr (std::is_same_v<Scalar, LogisticLoss>) return ResponseKind::logistic;
        if constexpr (std::is_same_v<Scalar, PoissonLoss> || std::is_same_v<Scalar, GammaLoss>) {
            return ResponseKind::exponential;
        }
        return ResponseKind::identity;
    });
}

template <typename T>
Responder<T>::Responder(const OutputLoss& loss)
    : loss_(loss), kind_(response_kind(loss)), outputs_(outputs_of(loss)) {
    responses_ = kind_ == ResponseKind::gaussian   ? outputs_ / 2
                 : kind_ == ResponseKind::logistic ? 2
                                                   : outputs_;
    extras_ = of_classes(kind_) ? 1 : kind_ == ResponseKind::gaussian ? responses_ : 0;
}

template <typename T>
void Responder<T>::prepare(Response<T>& response, std::size_t capacity) const {
    response.value.resize(responses_ * capacity);
    response.extra.resize(extras_ * capacity);
    response.log_norm.resize(of_classes(kind_) ? capacity : 0);
}

template <typename T>
void Responder<T>::respond(const T* eta, std::size_t stride, Response<T>& response) const {
    const std::size_t n = responses_ * stride;
    switch (kind_) {
        case ResponseKind::softmax: return respond_softmax(eta, outputs_, stride, response);
        case ResponseKind::logistic: return respond_logistic(eta, stride, response);
        case ResponseKind::exponential: return exponentials(eta, n, T{1}, response.value.data());
        case ResponseKind::gaussian:
            exponentials(eta + n, n, T{1}, response.extra.data());
            [[fallthrough]];
        case ResponseKind::identity: break;
    }
    std::copy_n(eta, n, response.value.data());
}

template <typename T>
BlockTargets<T> Responder<T>::targets(const Targets& targets,
                                      std::span<const std::uint32_t> rows) const {
    if (targets.y.empty()) return {};
    const std::size_t stride = padded<T>(rows.size()), size = target_size_of(loss_);
    BlockTargets<T> block{Aligned<T>(responses_ * stride, T{0}), rows, &targets};
    for (std::size_t j = 0; j < rows.size(); ++j) {
        const double* y = targets.y.data() + rows[j] * size;
        if (of_classes(kind_)) {
            block.y[static_cast<std::size_t>(y[0]) * stride + j] = T{1};
            continue;
        }
        for (std::size_t k = 0; k < responses_; ++k) {  // several quantiles have one target
            block.y[k * stride + j] = static_cast<T>(y[std::min(k, size - 1)]);
        }
    }
    return block;
}

template <typename T>
void Responder<T>::score(const T* eta, std::size_t stride, const Response<T>& response,
                         const BlockTargets<T>& targets, T* loss, T* error) const {
    if (of_classes(kind_)) return score_classes(eta, stride, response, targets, loss, error);
    score_each(loss_, eta, stride, response, responses_, targets, loss, error);
}

/// -log p of the class = log norm + the largest eta - its own; wrong where another has a larger
/// eta. The difference comes first: it is exactly 0 where the class is right.
template <typename T>
void Responder<T>::score_classes(const T* eta, std::size_t stride, const Response<T>& response,
                                 const BlockTargets<T>& targets, T* loss, T* error) const {
    const T* __restrict log_norm = response.log_norm.data();
    const T* __restrict y = targets.y.data();
    if (kind_ == ResponseKind::logistic) {
        const T* __restrict second = y + stride;
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t i = 0; i < stride; ++i) {
                const T behind = second[i] > T{0} ? -eta[i] : eta[i];
                loss[i] = log_norm[i] + (behind > T{0} ? behind : T{0});
                const T predicted = eta[i] > T{0} ? T{1} : T{0};
                error[i] = predicted == second[i] ? T{0} : T{1};
            }
        });
        return;
    }
    const std::size_t classes = outputs_;
    vectorized([=]() SHRINKAGE_INLINED {
        constexpr std::size_t lanes = lanes_of<T>;
        for (std::size_t first = 0; first < stride; first += lanes) {
            T highest[lanes], own[lanes];
            for (std::size_t i = 0; i < lanes; ++i) {
                highest[i] = eta[first + i];
                own[i] = T{0};
            }
            for (std::size_t k = 0; k < classes; ++k) {
                for (std::size_t i = 0; i < lanes; ++i) {
                    const T x = eta[k * stride + first + i];
                    highest[i] = x > highest[i] ? x : highest[i];
                    own[i] += y[k * stride + first + i] * x;
                }
            }
            for (std::size_t i = 0; i < lanes; ++i) {
                loss[first + i] = log_norm[first + i] + (highest[i] - own[i]);
                error[first + i] = own[i] < highest[i] ? T{1} : T{0};
            }
        }
    });
}

template class Responder<float>;
template class Responder<double>;

}  // namespace shrinkage
