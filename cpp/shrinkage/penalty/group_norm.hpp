// The Euclidean norm of a group of coefficients, t |b|_2: the one place of its formulas. Penalties
// on groups and networks, whose weights lie apart in memory, read entries by a function of their
// place.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "shrinkage/base/views.hpp"

namespace shrinkage::group_norm {

/// |b|_2^2 of the n entries b(0) ... b(n - 1).
template <typename Entry>
double squared_norm(std::size_t n, const Entry& b) {
    double square = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        const double entry = b(i);
        square += entry * entry;
    }
    return square;
}

/// |b|_2.
template <typename Entry>
double norm(std::size_t n, const Entry& b) {
    return std::sqrt(squared_norm(n, b));
}
inline double norm(ConstVector b) {
    return norm(b.size(), [&](std::size_t i) { return b[i]; });
}

/// The prox of t |b|_2 at v is shrink(|v|_2, t) v.
inline double shrink(double length, double t) { return length > t ? 1.0 - t / length : 0.0; }

/// An entry of g - t b / |b|_2, the residual of a group of this length; at zero there is no
/// gradient of the norm, and it is g.
inline double residual(double g, double b, double length, double t) {
    return length == 0.0 ? g : g - t * b / length;
}

/// dist_2(g, d(t |b|_2)) from the norm of the residual; at zero the subdifferential is a ball.
inline double distance(double residual_norm, double length, double t) {
    return length == 0.0 ? std::max(residual_norm - t, 0.0) : residual_norm;
}

/// The same of the entries g(0) ... and b(0) ....
template <typename Gradient, typename Entry>
double distance(std::size_t n, const Gradient& g, const Entry& b, double t) {
    const double length = norm(n, b);
    return distance(norm(n, [&](std::size_t i) { return residual(g(i), b(i), length, t); }), length,
                    t);
}

/// argmin_b sum_i d_i (b_i - v_i)^2 / 2 + t |b|_2 in place of v, d > 0. The norm r of the solution
/// is the root of sum_i (d_i v_i / (d_i r + t))^2 = 1, and the power -1/2 of that sum is concave in
/// r: Newton's method from the left never overshoots, and with equal d it takes one step (Yun,
/// Lozano & Yang 2021). What is not a number stays so.
void metric_prox(Vector v, ConstVector d, double t);

/// The same of l1 |b|_1 + t |b|_2: the soft threshold l1 / d_i of each entry, then the group's
/// root.
void metric_prox(Vector v, ConstVector d, double l1, double t);

/// The nearest point of norm <= bound in the metric d, in place of v; also by a concave root.
void metric_project(Vector v, ConstVector d, double bound);

}  // namespace shrinkage::group_norm
