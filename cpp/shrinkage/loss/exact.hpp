// The log links by their formula alone, without the tangent that keeps solvers from infinities.
#pragma once

#include <cmath>
#include <type_traits>
#include <variant>

#include "shrinkage/loss/any_loss.hpp"

namespace shrinkage {

struct ExactPoisson : PoissonLoss {
    double value(double y, double eta) const { return std::exp(eta) - y * eta; }
    double gradient(double y, double eta) const { return std::exp(eta) - y; }
    double curvature(double, double eta) const { return std::exp(eta); }
    double mean(double eta) const { return std::exp(eta); }
};

struct ExactGamma : GammaLoss {
    double value(double y, double eta) const { return y * std::exp(-eta) + eta; }
    double gradient(double y, double eta) const { return 1.0 - y * std::exp(-eta); }
    double curvature(double y, double eta) const { return y * std::exp(-eta); }
    double mean(double eta) const { return std::exp(eta); }
};

static_assert(ScalarLoss<ExactPoisson> && ScalarLoss<ExactGamma>);

/// f(loss), with the exact formulas where a solver's are continued.
template <typename F>
auto visit_exact(const F& f, const AnyLoss& any) {
    return std::visit(
        [&](const auto& loss) {
            using L = std::remove_cvref_t<decltype(loss)>;
            if constexpr (std::is_same_v<L, PoissonLoss>) {
                return f(ExactPoisson{});
            } else if constexpr (std::is_same_v<L, GammaLoss>) {
                return f(ExactGamma{});
            } else {
                return f(loss);
            }
        },
        any);
}

}  // namespace shrinkage
