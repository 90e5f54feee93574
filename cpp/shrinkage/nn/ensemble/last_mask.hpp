// The mask before the output, integrated: mean and variance of the outputs under it are exact.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "shrinkage/nn/ensemble/log_sums.hpp"
#include "shrinkage/nn/ensemble/plan.hpp"
#include "shrinkage/nn/ensemble/response.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

/// Points (weights.size(), outputs), row-major, and weights of a sum that stands for the mean under
/// a standard normal.
struct NormalRule {
    std::vector<double> points, weights;
};

/// eta = b + sum_j w_j r_j with independent r_j, x_j under its mask, has mean b + sum_j w_j E[r_j]
/// and covariance sum_j w_j w_j' Var[r_j]. Probabilities are averaged as if eta were normal (Wang &
/// Manning 2013), by the rule; so are the mean under a log link and learned variances.
template <typename T>
class LastMask {
public:
    LastMask(const Layout<T>& layout, const EnsemblePlan& plan, const Responder<T>& responder,
             const T* parameters, const NormalRule& rule);

    /// Numbers averaged beside the response: the responder's, then the variances.
    std::size_t extras() const { return responder_.extras() + responder_.responses(); }
    void prepare(Response<T>& response, std::size_t capacity) const;

    /// Buffers of one thread.
    struct Space {
        Aligned<T> eta, squares, covariances, shifted, loss, error;
        Response<T> response;
        LogSums densities;
    };

    /// From the outputs with all of the last layer's inputs on, and these inputs, (inputs, stride):
    /// `response` becomes the mean response and, behind the responder's extras, its variance. With
    /// targets of classes `space.loss` becomes minus the log of their mean probability.
    void respond(const T* eta, const T* inputs, std::size_t stride, const BlockTargets<T>& targets,
                 Space& space, Response<T>& response) const;

private:
    void covary(const T* inputs, std::size_t stride, Space& space) const;
    void average_classes(std::size_t stride, const BlockTargets<T>& targets, Space& space,
                         Response<T>& response, T* variance) const;
    /// Place of Cov[eta_k, eta_i], i <= k, among the rows.
    std::size_t row_of(std::size_t k, std::size_t i) const {
        return of_classes(responder_.kind()) ? k * (k + 1) / 2 + i : k;
    }

    DenseLayer layer_;
    Responder<T> responder_;
    const T* biases_;
    T mean_factor_ = T{1};            // E[r] = mean_factor x
    T slope_ = T{1}, offset_ = T{0};  // Var[r] is a multiple of (slope x + offset)^2
    std::size_t rows_ = 0;            // of covariances: of classes all pairs, else the diagonal
    Aligned<T> weights_;              // (rows, inputs): that multiple times w_k w_i
    std::vector<T> points_;
    std::vector<double> shares_;
};

}  // namespace shrinkage
