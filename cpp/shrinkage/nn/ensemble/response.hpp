// What a member predicts and how well, from its outputs, for a block of rows: one a column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/nn/model/output_loss.hpp"

namespace shrinkage {

/// identity     the outputs
/// logistic     probabilities of both classes, from the one output of the second
/// softmax      probabilities of all classes
/// exponential  the mean under a log link
/// gaussian     means; their variances besides
enum class ResponseKind { identity, logistic, softmax, exponential, gaussian };

ResponseKind response_kind(const OutputLoss& loss);

constexpr bool of_classes(ResponseKind kind) {
    return kind == ResponseKind::logistic || kind == ResponseKind::softmax;
}

/// Arrays of one block, (numbers, stride). `extra` is what is averaged over members beside the
/// response: of classes the entropy in nats, of a Gaussian its variances, with a mask integrated
/// the variance of every response under it.
template <typename T>
struct Response {
    Aligned<T> value;
    Aligned<T> extra;
    Aligned<T> log_norm;  // of classes: log of the sum of e^(eta - the largest eta), (1, stride)
};

/// The targets of a block as vectors want them; empty where nothing is to be scored.
template <typename T>
struct BlockTargets {
    Aligned<T> y;                         // (responses, stride): numbers, or 1 at the class
    std::span<const std::uint32_t> rows;  // of the data
    const Targets* targets = nullptr;
};

/// Turns outputs into responses and scores.
template <typename T>
class Responder {
public:
    explicit Responder(const OutputLoss& loss);

    ResponseKind kind() const { return kind_; }
    std::size_t outputs() const { return outputs_; }
    std::size_t responses() const { return responses_; }
    std::size_t extras() const { return extras_; }

    void prepare(Response<T>& response, std::size_t capacity) const;
    void respond(const T* eta, std::size_t stride, Response<T>& response) const;

    BlockTargets<T> targets(const Targets& targets, std::span<const std::uint32_t> rows) const;

    /// loss[j] = l(y_j, eta_j); error[j] = 1 where the class is wrong, otherwise the squared
    /// distance of y and response. `response` is that of eta.
    void score(const T* eta, std::size_t stride, const Response<T>& response,
               const BlockTargets<T>& targets, T* loss, T* error) const;

private:
    void score_classes(const T* eta, std::size_t stride, const Response<T>& response,
                       const BlockTargets<T>& targets, T* loss, T* error) const;

    OutputLoss loss_;
    ResponseKind kind_;
    std::size_t outputs_, responses_, extras_;
};

}  // namespace shrinkage
