#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {

template void fit_any_loss<Kind::separable>(const AnyLoss&, Setting<DenseDesign>, PathResult&);

}  // namespace shrinkage
