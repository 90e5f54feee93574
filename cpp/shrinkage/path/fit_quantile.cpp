#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {

template void fit_loss(const QuantileLoss&, const AnyScalarPenalty&, const Setting<DenseDesign>&,
                       PathResult&);
template void fit_loss(const QuantileLoss&, const AnyScalarPenalty&, const Setting<SparseDesign>&,
                       PathResult&);

}  // namespace shrinkage
