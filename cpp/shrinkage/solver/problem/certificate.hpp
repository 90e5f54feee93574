// What vouches for a fit: the duality gap, written so that nothing cancels near the solution.
#pragma once

#include <algorithm>
#include <cmath>

#include "shrinkage/base/views.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/loss/batch.hpp"
#include "shrinkage/loss/loss.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

/// A convex fit is vouched for by its gap, relative to the null deviance; one that is not convex by
/// its distance from stationary, relative to lambda_max.
enum class CertificateKind { gap, stationarity };

inline const char* certificate_name(CertificateKind kind) {
    return kind == CertificateKind::gap ? "gap" : "stationarity";
}

struct Certificate {
    CertificateKind kind = CertificateKind::gap;
    double value = 0.0;
    double tolerance = 0.0;

    bool holds() const { return value <= tolerance; }
};

/// sum_i w_i [l(eta_i) + l*(u_i) - u_i eta_i] at u = s l'(eta): zero for s = 1 (Fenchel & Young).
template <ScalarLoss L>
double fenchel_young(const L& loss, ConstVector y, ConstVector weights, ConstVector eta, double s) {
    if (s == 1.0) return 0.0;
    if constexpr (BatchLoss<L>) return batch::fenchel_young(loss, {y, weights, eta}, s);
    double total = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (weights[i] == 0.0) continue;
        const double slope = loss.gradient(y[i], eta[i]);
        if constexpr (L::shape == Shape::quadratic) {
            total += 0.5 * weights[i] * (1.0 - s) * (1.0 - s) * slope * slope;
        } else {
            const double u = s * slope;
            const double part = loss.value(y[i], eta[i]) + loss.conjugate(y[i], u) - u * eta[i];
            total += weights[i] * std::max(part, 0.0);
        }
    }
    return total;
}

/// A duality gap, and the s of the dual point s theta that it was measured at.
struct Gap {
    double value;
    double scale;
};

/// The smaller of two gaps: at the scaled dual point s theta with s = dual_scale, and at theta
/// itself where the penalty's conjugate is finite there. Both need an intercept and free
/// coefficients that are stationary, so that theta is orthogonal to them; else only theta = 0 is
/// known to be feasible.
///   g = X~'(w theta), theta = -l'(eta);   loss_part(s) = fenchel_young(s)
template <Penalty P, typename LossPart>
Gap best_gap(const P& penalty, ConstVector g, ConstVector beta, double lambda, bool stationary,
             const LossPart& loss_part) {
    const double value = penalty.value(beta, lambda);
    if (!stationary) return {loss_part(0.0) + value, 0.0};
    const double product = dot(g, beta);
    const double s = penalty.dual_scale(g, beta, lambda);
    const double scaled =
        loss_part(s) + value + penalty.dual_value(s, g, beta, lambda) - s * product;
    // Where theta is not the slope of the loss, as a kinked loss has many, loss_part(1) counts.
    const double whole = loss_part(1.0) + value + penalty.conjugate(g, lambda) - product;
    if (whole < scaled) return {std::max(whole, 0.0), 1.0};
    return {std::max(scaled, 0.0), s};
}

template <Penalty P, typename LossPart>
double duality_gap(const P& penalty, ConstVector g, ConstVector beta, double lambda,
                   bool stationary, const LossPart& loss_part) {
    return best_gap(penalty, g, beta, lambda, stationary, loss_part).value;
}

}  // namespace shrinkage
