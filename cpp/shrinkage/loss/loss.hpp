// The concept of a loss: l(y, eta), convex in eta, where eta has outputs() entries per observation.
//
// Written for one observation; theta = -l'(eta) is the generalized residual, and the dual objective
// of  sum w l(eta) + lambda P(beta)  is
//     sum w [theta * offset - l*(-theta)] - (lambda P)*(X'(w theta)).
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/base/views.hpp"

namespace shrinkage {

/// How a loss bends, which decides the algorithm:
///   quadratic   l'' is the same everywhere
///   piecewise   l'' takes two values: only observations that change sides change the curvature
///   curved      l'' varies with eta
///   kinked      l' jumps
enum class Shape { quadratic, piecewise, curved, kinked };

/// One number per observation: eta is a double, and every formula is a scalar function of it.
///   value(y, eta)       l(y, eta)
///   gradient(y, eta)    d l / d eta
///   curvature(y, eta)   d2 l / d eta2 (a generalized one where l' has a kink)
///   conjugate(y, u)     l*(u) = sup_eta u eta - l(y, eta); +infinity outside its domain
///   saturated(y)        min over eta of l(y, eta)
///   mean(eta)           the inverse link: the response predicted at eta
///   valid(y)            whether y may stand as a target; targets says in words which ones may
///   curvature_scale(mean_target, null_deviance)
///                       typical curvature, kappa of the lambda grid of the ridge penalty
template <typename L>
concept ScalarLoss = requires(const L loss, double y, double eta) {
    { L::name } -> std::convertible_to<const char*>;
    { L::targets } -> std::convertible_to<const char*>;
    { L::shape } -> std::convertible_to<Shape>;
    { loss.value(y, eta) } -> std::same_as<double>;
    { loss.gradient(y, eta) } -> std::same_as<double>;
    { loss.curvature(y, eta) } -> std::same_as<double>;
    { loss.conjugate(y, eta) } -> std::same_as<double>;
    { loss.saturated(y) } -> std::same_as<double>;
    { loss.mean(eta) } -> std::same_as<double>;
    { loss.valid(y) } -> std::same_as<bool>;
    { loss.curvature_scale(y, y) } -> std::same_as<double>;
};

/// The value of a loss and its two derivatives by eta.
template <typename T>
struct Expansion {
    T value, gradient, curvature;
};

/// The dual point s l'(eta), 0 <= s <= 1.
template <typename T>
struct DualScale {
    T kept;     // s
    T lost;     // 1 - s
    T entropy;  // s log s + 1 - s
};

/// A scalar loss may offer its formulas for several observations at once (T: Lanes<N>), which must
/// agree with the others up to rounding. Then no exponential is computed twice, and the engines
/// take these (loss/batch.hpp).
///   expansion(y, eta)         value, gradient and curvature
///   fenchel_young(y, eta, s)  l(eta) + l*(u) - u eta at u = s l'(eta), written so that nothing
///                             cancels near s = 1
template <typename L>
concept BatchLoss = ScalarLoss<L> && requires(const L loss, Lanes<2> t, DualScale<Lanes<2>> s) {
    { loss.expansion(t, t) } -> std::same_as<Expansion<Lanes<2>>>;
    { loss.fenchel_young(t, t, s) } -> std::same_as<Lanes<2>>;
};

/// K numbers per observation (classes, several targets): the same formulas on spans of length K.
/// y has target_size() entries: one class index, or K targets.
///   curvature fills the K x K matrix d2 l / d eta2, column by column.
template <typename L>
concept VectorLoss = requires(const L loss, ConstVector y, ConstVector eta, Vector out, double s) {
    { L::name } -> std::convertible_to<const char*>;
    { L::shape } -> std::convertible_to<Shape>;
    { loss.outputs() } -> std::same_as<std::size_t>;
    { loss.target_size() } -> std::same_as<std::size_t>;
    { loss.value(y, eta) } -> std::same_as<double>;
    loss.gradient(y, eta, out);
    loss.curvature(y, eta, out);
    { loss.conjugate(y, eta) } -> std::same_as<double>;
    { loss.saturated(y) } -> std::same_as<double>;
    loss.mean(eta, out);
    { loss.valid(y) } -> std::same_as<bool>;
    { loss.curvature_scale(s, s) } -> std::same_as<double>;
};

template <typename L>
concept Loss = ScalarLoss<L> || VectorLoss<L>;

}  // namespace shrinkage
