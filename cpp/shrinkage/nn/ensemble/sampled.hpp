// Ensembles of sampled members: their mean, spread and Monte-Carlo error, members not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/ensemble/last_mask.hpp"
#include "shrinkage/nn/ensemble/plan.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/step/pass.hpp"

namespace shrinkage {

struct SamplingRequest {
    EnsemblePlan plan;
    std::uint64_t n_members = 100;  // with a wanted error at most
    double wanted_error = 0.0;      // of every mean; 0: n_members whatever the error
    bool keep_members = false;
    std::vector<double> precisions;  // 1 / variance of the targets, of the squared loss
    NormalRule rule;                 // where the last mask is integrated
};

/// Arrays are row-major, (n, ...).
template <typename T>
struct SampledEnsemble {
    std::uint64_t n_members = 0;
    std::vector<double> mean, squares;  // (n, responses): squared deviations are summed
    std::size_t extras = 0;
    std::vector<double> extra;  // (n, extras) means over the members, see LastMask and Responder
    std::size_t densities = 0;
    std::vector<double> log_density;     // (n, densities) log of the members' mean density
    std::vector<double> losses, errors;  // (n_members,) means over the rows, where y is given
    std::vector<T> members;              // (n_members, n, responses) where they are kept
};

/// How often the control is told of progress for so many rows and members.
std::size_t sampling_tasks(std::size_t n_rows, std::uint64_t n_members);

/// A stop leaves the members that all rows have; it throws Cancelled where there are none.
template <typename T>
SampledEnsemble<T> sample_ensemble(const Architecture& architecture, const T* parameters,
                                   const Examples<T>& examples, const SamplingRequest& request,
                                   const Context& context);

}  // namespace shrinkage
