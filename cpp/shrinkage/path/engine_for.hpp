// Which engine fits a loss with a penalty: it follows from the shape of the loss and from the
// concept that the penalty satisfies.
#pragma once

#include <type_traits>

#include "shrinkage/loss/loss.hpp"
#include "shrinkage/path/walk.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/newton/composite_engine.hpp"
#include "shrinkage/solver/newton/newton_engine.hpp"
#include "shrinkage/solver/newton/softmax_engine.hpp"
#include "shrinkage/solver/pinball/quantile_engine.hpp"
#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/vector_point.hpp"
#include "shrinkage/solver/quadratic/quadratic_engine.hpp"
#include "shrinkage/solver/quadratic/targets_engine.hpp"

namespace shrinkage {

/// No engine fits the pair.
struct NoEngine {};

template <typename L, Penalty P, Design D>
auto engine_for() {
    constexpr bool quadratic = L::shape == Shape::quadratic;
    constexpr bool kinked = L::shape == Shape::kinked;
    if constexpr (VectorLoss<L>) {
        if constexpr (!SeparablePenalty<P> && !RowPenalty<P>) {
            return std::type_identity<NoEngine>{};
        } else if constexpr (quadratic) {
            return std::type_identity<TargetsEngine<L, P, D>>{};
        } else {
            return std::type_identity<SoftmaxEngine<L, P, D>>{};
        }
    } else if constexpr (SeparablePenalty<P>) {
        if constexpr (quadratic) {
            return std::type_identity<QuadraticEngine<L, P, D>>{};
        } else if constexpr (kinked) {
            return std::type_identity<QuantileEngine<L, P, D>>{};
        } else {
            return std::type_identity<NewtonEngine<L, P, D>>{};
        }
    } else if constexpr (kinked || RowPenalty<P>) {
        return std::type_identity<NoEngine>{};
    } else {
        return std::type_identity<CompositeEngine<L, P, D>>{};
    }
}

template <typename L, Penalty P, Design D>
using EngineOf = typename decltype(engine_for<L, P, D>())::type;

template <typename L, Penalty P, Design D>
inline constexpr bool has_engine = !std::is_same_v<EngineOf<L, P, D>, NoEngine>;

template <typename L, Design D>
auto point_for() {
    if constexpr (VectorLoss<L>) {
        return std::type_identity<VectorPoint<L, D>>{};
    } else {
        return std::type_identity<Point<L, D>>{};
    }
}

template <typename L, Design D>
using PointOf = typename decltype(point_for<L, D>())::type;

template <typename L, Penalty P, Design D>
using WalkOf = Walk<PointOf<L, D>, EngineOf<L, P, D>, P>;

}  // namespace shrinkage
