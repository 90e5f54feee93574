#include "shrinkage/path/fit_vector.hpp"

namespace shrinkage {

void fit_vector_sparse(const SparseDesign& x, ConstVector weights, const AnyVectorLoss& loss,
                       const AnyVectorPenalty& penalty, const PathInput& input,
                       const PathOptions& options, const Context& context, PathResult& result) {
    fit_vector_design(x, weights, loss, penalty, input, options, context, result);
}

}  // namespace shrinkage
