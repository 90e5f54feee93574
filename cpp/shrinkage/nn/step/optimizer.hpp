// Optimizers whose step ends with the proximal step of the penalty in their own metric, so that a
// point where they rest is a stationary point of the penalized objective (Yun, Lozano & Yang,
// "Adaptive proximal gradient methods for structured neural networks", NeurIPS 2021).
//
//   sgd        w <- prox_s(w - r g)                                      s = r
//   momentum   u <- mu u + g;  w <- prox_s(w - r u)                       s = r / (1 - mu)
//   adam       m, v moments;   w <- prox_s(w - s m^)  per coordinate      s = r / (sqrt(v^) +
//   epsilon) adamw      as adam, but the ridge part is w <- (1 - r ridge) w first (Loshchilov &
//   Hutter 2019)
//
// with m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t) (Kingma & Ba 2015, algorithm 1) and r the
// learning rate. Where momentum rests, u = g / (1 - mu): a threshold of r kink, the common recipe,
// would be too small by that factor; where Adam rests, its step has lost the gradient's scale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "shrinkage/nn/step/group_step.hpp"

namespace shrinkage {

enum class OptimizerKind { sgd, momentum, adam, adamw };

struct OptimizerOptions {
    OptimizerKind kind = OptimizerKind::adam;
    double momentum = 0.9;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;

    /// Sets a parameter of this kind by its name; throws InvalidArgument where it has none such.
    void set(std::string_view name, double value);
    bool keeps_first() const;
    bool keeps_second() const;
};

/// A parameter by its name; the default is that of OptimizerOptions.
struct OptimizerParameter {
    std::string_view name;
    double OptimizerOptions::* member;
};

inline constexpr std::array<OptimizerParameter, 1> momentum_parameters{
    {{"momentum", &OptimizerOptions::momentum}}};
inline constexpr std::array<OptimizerParameter, 3> adam_parameters{
    {{"beta_1", &OptimizerOptions::beta1},
     {"beta_2", &OptimizerOptions::beta2},
     {"epsilon", &OptimizerOptions::epsilon}}};

/// What is known of an optimizer beside its rule; Python reads the same table.
struct OptimizerRow {
    std::string_view name;
    OptimizerKind kind;
    int moments;  // numbers kept of each weight
    std::span<const OptimizerParameter> parameters;
};

inline constexpr std::array<OptimizerRow, 4> optimizers{
    {{"sgd", OptimizerKind::sgd, 0, {}},
     {"momentum", OptimizerKind::momentum, 1, momentum_parameters},
     {"adam", OptimizerKind::adam, 2, adam_parameters},
     {"adamw", OptimizerKind::adamw, 2, adam_parameters}}};

/// Null where there is no such optimizer.
const OptimizerRow* optimizer_named(std::string_view name);

/// One optimizer step, its numbers fixed: `update` counts from 1, `rate` is this step's own.
template <typename T>
struct StepRule {
    StepRule(const OptimizerOptions& options, double rate, std::uint64_t update);

    OptimizerKind kind;
    T rate, momentum, beta1, beta2, epsilon;
    T first_scale;  // 1 / (1 - beta1^t)
    T root_scale;   // 1 / sqrt(1 - beta2^t)

    /// The metric of the step, for what is not separable; `second` starts where the weights do.
    Metric<T> metric(const T* second) const;
};

/// Weights that a step updates: `rows` times `cols` numbers, rows `stride` apart, and those of
/// their gradient `gradient_stride`. cols is a multiple of lanes_of<T>.
struct StepShape {
    std::size_t rows = 1;
    std::size_t cols = 0;
    std::size_t stride = 0;
    std::size_t gradient_stride = 0;
};

/// Updates weights, moments and separable prox in one pass, the gradient times `factor`. `first`
/// and `second` lie as the weights do; null where the optimizer keeps none.
template <typename T>
void optimizer_step(const StepRule<T>& rule, double kink, double ridge, const StepShape& shape,
                    double factor, const T* gradient, T* weights, T* first, T* second);

}  // namespace shrinkage
