#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {

void fit_sparse(const SparseDesign& x, ConstVector weights, const AnyLoss& loss,
                const AnyScalarPenalty& penalty, const PathInput& input, const PathOptions& options,
                const Context& context, PathResult& result) {
    fit_design(x, weights, loss, penalty, input, options, context, result);
}

}  // namespace shrinkage
