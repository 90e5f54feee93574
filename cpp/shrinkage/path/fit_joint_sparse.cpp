#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {

template void fit_any_loss<Kind::joint>(const AnyLoss&, Setting<SparseDesign>, PathResult&);

}  // namespace shrinkage
