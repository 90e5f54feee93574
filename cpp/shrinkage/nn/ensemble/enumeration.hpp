// All 2^H sub-networks of H units that may be dropped, each weighted by its probability.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/ensemble/plan.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/step/pass.hpp"

namespace shrinkage {

inline constexpr std::size_t most_enumerated_units = 22;

/// Arrays are row-major, (n, ...); `weight` is the sum of all probabilities, 1 but for rounding.
struct EnumeratedEnsemble {
    std::uint64_t n_members = 0;
    std::vector<double> mean, variance;  // (n, responses) of members' responses
    std::vector<double> output;          // (n, outputs) means of eta
    std::size_t extras = 0;
    std::vector<double> extra;  // (n, extras), see Responder
    std::size_t densities = 0;
    std::vector<double> log_density;     // (n, densities) of the weighted mean, where y is given
    std::vector<double> losses, errors;  // (n_members,) means over the rows, where y is given
};

/// Decisions of each layer: its units, or the groups of its inputs; 0 where nothing is dropped.
template <typename T>
std::vector<std::size_t> decisions_of(const Layout<T>& layout, const EnsemblePlan& plan);

/// How often the control is told of progress.
std::size_t enumeration_tasks(std::size_t n_rows, std::size_t n_decisions);

/// Bit i of a member's number says whether decision i, layer after layer, keeps. The plan's
/// kind must be enumerable (see DropoutTraits). `precisions` as n_densities takes them. Throws
/// Cancelled on a stop.
template <typename T>
EnumeratedEnsemble enumerate_ensemble(const Architecture& architecture, const T* parameters,
                                      const Examples<T>& examples, const EnsemblePlan& plan,
                                      std::span<const double> precisions, const Context& context);

}  // namespace shrinkage
