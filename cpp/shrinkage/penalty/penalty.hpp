// What the parts of the core ask of a penalty lambda P(beta): each concept holds what its callers
// call, and nothing else.
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
#include <span>

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

/// Any penalty: what the walk down a path and the certificate ask.
///   value(beta, lambda)      lambda P(beta)
///   lambda_max(g)            the smallest lambda at which beta = 0 is stationary; infinite if none
///   smooth(lambda)           whether no coefficient has a kink or a bound
///   is_free(j, lambda)       whether nothing holds coefficient j: neither penalty nor bounds
template <typename P>
concept Penalty = requires(const P penalty, ConstVector v, std::size_t j, double lambda, double s) {
    { penalty.value(v, lambda) } -> std::same_as<double>;
    { penalty.lambda_max(v) } -> std::same_as<double>;
    { penalty.smooth(lambda) } -> std::same_as<bool>;
    { penalty.is_free(j, lambda) } -> std::same_as<bool>;
    { penalty.dual_scale(v, v, lambda) } -> std::same_as<double>;
    { penalty.dual_value(s, v, v, lambda) } -> std::same_as<double>;
    { penalty.conjugate(v, lambda) } -> std::same_as<double>;
};

/// A sum over coefficients: what the active set, its Newton steps and the interior point ask.
///   size()                      of beta
///   value(columns, beta, lambda)
///                               the part of the listed coefficients
///   minimize(j, u, a, lambda)   argmin_b a b^2 / 2 - u b + lambda P_j(b)
///   piece(j, b, lambda)         the quadratic piece of lambda P_j that holds around b
///   kink(j, lambda)             half the width of the subdifferential at zero, bounds apart
///   ridge(j, lambda)            curvature of the smooth part S
///   bounds(j)                   between which b_j may lie
///   kinked(j, b, lambda)        whether lambda P_j has no second derivative at b, so that b may
///                               stay there while the gradient moves (zero for L1, a bound)
///   kkt_distance(j, g, b, lambda)
///                               dist(g_j, d(lambda P_j)(b)), g = X'(w theta)
///   unheld(j, g, lambda)        whether nothing holds b_j on the side to which g pulls it
///   may_be_free(lambda)         whether is_free or unheld may hold of any coefficient
///   all_inside(g, first, last, lambda)
///                               false unless the gradients [first, last) all lie inside the
///                               subdifferential at zero; may err on that side
template <typename P>
concept SeparablePenalty =
    Penalty<P> && requires(const P penalty, std::size_t j, double x, double lambda, ConstVector v,
                           std::span<const std::size_t> columns) {
        { penalty.size() } -> std::same_as<std::size_t>;
        { penalty.value(columns, v, lambda) } -> std::same_as<double>;
        { penalty.minimize(j, x, x, lambda) } -> std::same_as<double>;
        { penalty.piece(j, x, lambda) } -> std::same_as<Piece>;
        { penalty.kink(j, lambda) } -> std::same_as<double>;
        { penalty.ridge(j, lambda) } -> std::same_as<double>;
        { penalty.bounds(j) } -> std::same_as<Interval>;
        { penalty.kinked(j, x, lambda) } -> std::same_as<bool>;
        { penalty.kkt_distance(j, x, x, lambda) } -> std::same_as<double>;
        { penalty.unheld(j, x, lambda) } -> std::same_as<bool>;
        { penalty.may_be_free(lambda) } -> std::same_as<bool>;
        { penalty.all_inside(v, j, j, lambda) } -> std::same_as<bool>;
    };

/// A sum over disjoint blocks of coefficients: what block descent and Newton on the active blocks
/// ask. Vectors hold the entries of block k alone, in its order; coefficients in no block are zero.
///   n_blocks(), block(k)                the coefficients of block k
///   block_is_free(k, lambda)            whether nothing holds the block
///   block_prox(k, v, step, lambda, out) argmin_b |b - v|^2 / (2 step) + lambda P_k(b); with a step
///                                       of zero the nearest point of its domain
///   block_kkt_distance(k, g, b, lambda) dist(g, d(lambda P_k)(b))
///   block_unheld(k, g, lambda)          the length of what no penalty holds back of the gradient g
///   block_kinked(k, i, b, lambda)       whether lambda P_k has no second derivative along entry i
///   block_change(k, b, d, lambda)       lambda P_k(b + d) - lambda P_k(b), without cancellation
///   block_reach(k, b, d)                the largest t <= 1 with b + t d in the domain
///   add_block_slope(k, b, lambda, a, out)
///                                       out += a times the gradient of lambda P_k at b
///   add_block_curvature(k, b, d, lambda, out)
///                                       out += its second derivative times d
///   block_bend(k, b, lambda)            the largest curvature at b; zero at a kink
template <typename P>
concept BlockPenalty = Penalty<P> && requires(const P penalty, std::size_t k, std::size_t i,
                                              ConstVector v, Vector out, double s, double lambda) {
    { penalty.n_blocks() } -> std::same_as<std::size_t>;
    { penalty.block(k) } -> std::convertible_to<std::span<const std::size_t>>;
    { penalty.block_is_free(k, lambda) } -> std::same_as<bool>;
    penalty.block_prox(k, v, s, lambda, out);
    { penalty.block_kkt_distance(k, v, v, lambda) } -> std::same_as<double>;
    { penalty.block_unheld(k, v, lambda) } -> std::same_as<double>;
    { penalty.block_kinked(k, i, v, lambda) } -> std::same_as<bool>;
    { penalty.block_change(k, v, v, lambda) } -> std::same_as<double>;
    { penalty.block_reach(k, v, v) } -> std::same_as<double>;
    penalty.add_block_slope(k, v, lambda, s, out);
    penalty.add_block_curvature(k, v, v, lambda, out);
    { penalty.block_bend(k, v, lambda) } -> std::same_as<double>;
};

/// Blocks that are rows: block j holds the coefficients of feature j, one an output. What engines
/// of several outputs ask where coefficients do not separate.
template <typename P>
concept RowPenalty = BlockPenalty<P> && requires(const P penalty) {
    { penalty.outputs() } -> std::same_as<std::size_t>;
};

/// A penalty of all coefficients together: what proximal steps on a working set ask.
///   metric(j)            m_j > 0, in which the prox is closed
///   prox(columns, v, step, lambda, out)
///                        argmin_b sum_j m_j (b_j - v_j)^2 / (2 step) + lambda P(b) over these
///                        columns, the others at zero; v and out hold theirs alone
///   keeps_zeros()        whether the prox of a vector is zero where the vector is; without it the
///                        working set is all columns
template <typename P>
concept WholePenalty =
    Penalty<P> && requires(const P penalty, std::size_t j, std::span<const std::size_t> columns,
                           ConstVector v, Vector out, double s, double lambda) {
        { penalty.metric(j) } -> std::same_as<double>;
        penalty.prox(columns, v, s, lambda, out);
        { penalty.keeps_zeros() } -> std::same_as<bool>;
    };

/// A closed prox in any diagonal metric, as optimizers with a step for each weight have it.
///   metric_prox(v, d, lambda, out)   argmin_b sum_j d_j (b_j - v_j)^2 / 2 + lambda P(b)
template <typename P>
concept MetricProx = requires(const P penalty, ConstVector v, ConstVector d, double lambda,
                              Vector out) { penalty.metric_prox(v, d, lambda, out); };

/// The formulas that a user may call by themselves.
///   prox(v, step, lambda, out)            argmin_b |b - v|^2 / (2 step) + lambda P(b)
///   least_residual(g, beta, lambda, out)  the element of least norm of d(lambda P)(beta) - g
template <typename P>
concept PenaltyFormulas =
    requires(const P penalty, ConstVector v, Vector out, double s, double lambda) {
        { penalty.value(v, lambda) } -> std::same_as<double>;
        penalty.prox(v, s, lambda, out);
        penalty.least_residual(v, v, lambda, out);
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
