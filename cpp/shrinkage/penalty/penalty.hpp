// The concepts of a penalty lambda P(beta), from the general to the separable.
//
// A certificate needs the dual side of P. Let P = N + S with S smooth (a ridge part, possibly
// zero). For g = X'(w theta) and s in [0, 1], with r = lambda S'(beta):
//   dual_scale(g, beta, lambda)     the largest s <= 1 for which s (g - r) lies in the domain of
//                                   (lambda N)*
//   dual_value(s, g, beta, lambda)  (lambda N)*(s (g - r)) + (lambda S)*(s r), an upper bound of
//                                   (lambda P)*(s g)
//   conjugate(g, lambda)            (lambda P)*(g); +infinity outside its domain
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>

#include "shrinkage/base/views.hpp"

namespace shrinkage {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

struct Interval {
    double lo = -infinity;
    double hi = infinity;
};

/// The penalty of one coefficient around a point: slope * b + curvature * b^2 / 2 for b in range.
struct Piece {
    double slope = 0.0;
    double curvature = 0.0;
    Interval range;
};

/// Any convex penalty, separable or not: what FISTA and the certificate need.
///   prox(v, step, lambda, out)         argmin_b |b - v|^2 / (2 step) + lambda P(b)
///   kkt_distance(g, beta, lambda)      max_j dist(g_j, d_j (lambda P)(beta)), g = X'(w theta);
///                                      where coordinates do not separate, a residual that is
///                                      zero exactly when g is a subgradient
///   lambda_max(g)                      the smallest lambda at which beta = 0 is stationary
template <typename P>
concept Penalty = requires(const P penalty, ConstVector beta, Vector out, double lambda, double s) {
    { penalty.size() } -> std::same_as<std::size_t>;
    { penalty.value(beta, lambda) } -> std::same_as<double>;
    penalty.prox(beta, s, lambda, out);
    { penalty.kkt_distance(beta, beta, lambda) } -> std::same_as<double>;
    { penalty.lambda_max(beta) } -> std::same_as<double>;
    { penalty.dual_scale(beta, beta, lambda) } -> std::same_as<double>;
    { penalty.dual_value(s, beta, beta, lambda) } -> std::same_as<double>;
    { penalty.conjugate(beta, lambda) } -> std::same_as<double>;
};

/// A sum over disjoint blocks of coefficients: what block coordinate descent needs.
///   block(k)                                    the indices of block k
///   block_prox(k, v, step, lambda, out)         the prox of block k alone
///   block_kkt_distance(k, g, beta, lambda)      the distance of block k alone
template <typename P>
concept BlockPenalty =
    Penalty<P> && requires(const P penalty, std::size_t k, ConstVector v, Vector out, double s) {
        { penalty.n_blocks() } -> std::same_as<std::size_t>;
        { penalty.block(k) } -> std::convertible_to<std::span<const std::size_t>>;
        penalty.block_prox(k, v, s, s, out);
        { penalty.block_kkt_distance(k, v, v, s) } -> std::same_as<double>;
    };

/// A sum over coefficients: what coordinate descent and the active-set Newton step need.
///   value(columns, beta, lambda)
///                               the part of the listed coefficients
///   minimize(j, u, a, lambda)   argmin_b a b^2 / 2 - u b + lambda P_j(b)
///   piece(j, b, lambda)         the quadratic piece of lambda P_j that holds around b
///   kinked(j, b, lambda)        whether lambda P_j has no second derivative at b, so that b may
///                               stay there while the gradient moves (zero for L1, a bound)
///   kkt_distance(j, g, b, lambda)
///   is_free(j, lambda)          whether nothing holds b_j: neither penalty nor bounds
///   unheld(j, g, lambda)        whether nothing holds b_j on the side to which g pulls it
///   may_be_free(lambda)         whether is_free or unheld may hold of any coefficient
///   smooth(lambda)              whether no coefficient has a kink or a bound
///   all_inside(g, first, last, lambda)
///                               false unless the gradients [first, last) all lie inside the
///                               subdifferential at zero; may err on that side
template <typename P>
concept SeparablePenalty =
    Penalty<P> && requires(const P penalty, std::size_t j, double x, double lambda, ConstVector v,
                           std::span<const std::size_t> columns) {
        { penalty.value(columns, v, lambda) } -> std::same_as<double>;
        { penalty.minimize(j, x, x, lambda) } -> std::same_as<double>;
        { penalty.piece(j, x, lambda) } -> std::same_as<Piece>;
        { penalty.kinked(j, x, lambda) } -> std::same_as<bool>;
        { penalty.kkt_distance(j, x, x, lambda) } -> std::same_as<double>;
        { penalty.is_free(j, lambda) } -> std::same_as<bool>;
        { penalty.unheld(j, x, lambda) } -> std::same_as<bool>;
        { penalty.may_be_free(lambda) } -> std::same_as<bool>;
        { penalty.smooth(lambda) } -> std::same_as<bool>;
        { penalty.all_inside(v, j, j, lambda) } -> std::same_as<bool>;
    };

/// A function p of one coefficient, from which Separable builds sum_j lambda_j p(b_j).
///   prox(v, step, lambda)            argmin_b (b - v)^2 / (2 step) + lambda p(b)
///   kink(lambda)                     half the width of the subdifferential at zero
///   ridge(lambda)                    curvature of the smooth part S
///   piece(b, lambda)                 as above; at zero, that of the right-hand side
///   maximizer(g, lambda)             argmax_b g b - lambda p(b); infinite outside the domain
template <typename P>
concept ScalarPenalty = requires(const P penalty, double x, double lambda) {
    { P::name } -> std::convertible_to<const char*>;
    { penalty.value(x, lambda) } -> std::same_as<double>;
    { penalty.prox(x, x, lambda) } -> std::same_as<double>;
    { penalty.kink(lambda) } -> std::same_as<double>;
    { penalty.ridge(lambda) } -> std::same_as<double>;
    { penalty.piece(x, lambda) } -> std::same_as<Piece>;
    { penalty.maximizer(x, lambda) } -> std::same_as<double>;
};

}  // namespace shrinkage
