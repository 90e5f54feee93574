#include "shrinkage/penalty/group_norm.hpp"

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/penalty/scalar/elastic_net.hpp"

namespace shrinkage::group_norm {
namespace {

constexpr int newton_steps = 60;
constexpr double newton_tolerance = 1e-9;  // of a change, whose square is what remains

/// A sum of squares and minus half its derivative.
struct Sums {
    double total, slope;
};

/// The sums of term(0) ... term(n - 1): eight partial sums in a fixed order.
template <typename Term>
SHRINKAGE_INLINE Sums summed(std::size_t n, const Term& term) {
    constexpr std::size_t lanes = 8;
    double totals[lanes] = {}, slopes[lanes] = {};
    std::size_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        for (std::size_t k = 0; k < lanes; ++k) {
            const Sums one = term(j + k);
            totals[k] += one.total;
            slopes[k] += one.slope;
        }
    }
    for (; j < n; ++j) {
        const Sums one = term(j);
        totals[j % lanes] += one.total;
        slopes[j % lanes] += one.slope;
    }
    for (std::size_t half = lanes / 2; half > 0; half /= 2) {
        for (std::size_t k = 0; k < half; ++k) {
            totals[k] += totals[k + half];
            slopes[k] += slopes[k + half];
        }
    }
    return {totals[0], slopes[0]};
}

/// Root of f = 1 where f(x) = (sum_j (a_j / (d_j x + c_j))^2)^(-1/2), from the left.
/// `terms(x)` gives the sum and minus half its derivative.
template <typename Terms>
double concave_root(double x, const Terms& terms) {
    for (int step = 0; step < newton_steps; ++step) {
        const auto [total, slope] = terms(x);
        // f = total^(-1/2), f' = slope total^(-3/2)
        const double root = std::sqrt(total);
        const double change = (1.0 - 1.0 / root) * total * root / slope;
        if (!(change > newton_tolerance * x)) return x + std::max(change, 0.0);
        x += change;
    }
    return x;
}

SHRINKAGE_INLINE double squared(double x) { return x * x; }

}  // namespace

void metric_prox(Vector v, ConstVector d, double t) {
    if (t == 0.0) return;
    double pull = 0.0, steepest = 0.0;
    vectorized([&]() SHRINKAGE_INLINED {
        const double *value = v.data(), *metric = d.data();
        const std::size_t n = v.size();
        pull = summed(n, [=](std::size_t j) SHRINKAGE_INLINED {
                   return Sums{squared(metric[j] * value[j]), 0.0};
               }).total;
        double most = 0.0;
        for (std::size_t j = 0; j < n; ++j) most = metric[j] > most ? metric[j] : most;
        steepest = most;
    });
    pull = std::sqrt(pull);
    if (pull <= t) {
        std::fill(v.begin(), v.end(), 0.0);
        return;
    }
    const double *values = v.data(), *metric = d.data();
    const double length = concave_root((pull - t) / steepest, [&](double x) {
        Sums sums{};
        vectorized([&]() SHRINKAGE_INLINED {
            sums = summed(v.size(), [=](std::size_t j) SHRINKAGE_INLINED {
                const double share = metric[j] / (metric[j] * x + t);
                const double q = squared(share * values[j]);
                return Sums{q, q * share};
            });
        });
        return sums;
    });
    vectorized([&]() SHRINKAGE_INLINED {
        double* __restrict value = v.data();
        const double* __restrict curvature = d.data();
        const std::size_t n = v.size();
        const double r = length, pull_back = t;
        for (std::size_t j = 0; j < n; ++j) {
            value[j] *= curvature[j] * r / (curvature[j] * r + pull_back);
        }
    });
}

void metric_prox(Vector v, ConstVector d, double l1, double t) {
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = soft_threshold(v[i], l1 / d[i], v[i] - v[i]);
    metric_prox(v, d, t);
}

void metric_project(Vector v, ConstVector d, double bound) {
    double square = 0.0;
    for (const double x : v) square += x * x;
    if (square <= bound * bound) return;
    if (bound == 0.0 && !std::isnan(square)) {
        std::fill(v.begin(), v.end(), 0.0);
        return;
    }
    const double *values = v.data(), *metric = d.data();
    const double multiplier = concave_root(0.0, [&](double x) {
        Sums sums{};
        vectorized([&]() SHRINKAGE_INLINED {
            sums = summed(v.size(), [=](std::size_t j) SHRINKAGE_INLINED {
                const double share = 1.0 / (metric[j] + x);
                const double q = squared(share * metric[j] * values[j] / bound);
                return Sums{q, q * share};
            });
        });
        return sums;
    });
    for (std::size_t j = 0; j < v.size(); ++j) v[j] *= d[j] / (d[j] + multiplier);
}

}  // namespace shrinkage::group_norm
