#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {

template void fit_loss<Kind::separable>(const QuantileLoss&, const Setting<DenseDesign>&,
                                        PathResult&);
template void fit_loss<Kind::separable>(const QuantileLoss&, const Setting<SparseDesign>&,
                                        PathResult&);

}  // namespace shrinkage
