#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {

template void fit_any_loss<Kind::separable>(const AnyVectorLoss&, Setting<SparseDesign>,
                                            PathResult&);
template void fit_any_loss<Kind::joint>(const AnyVectorLoss&, Setting<SparseDesign>, PathResult&);

}  // namespace shrinkage
