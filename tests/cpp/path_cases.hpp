// Data for whole paths, and what can be said of a result in plain loops on the original scale.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "loss_cases.hpp"
#include "problems.hpp"
#include "shrinkage/path/fit.hpp"

namespace shrinkage::test {

/// Columns of different means and spreads, neighbours correlated; targets for every loss.
struct PathData {
    Matrix x;
    std::vector<double> weights, response, classes, offset;
    std::vector<std::vector<double>> targets;  // by place of the loss in the variant

    PathData(std::size_t n, std::size_t p, std::uint64_t seed) {
        Random random(seed);
        x = Matrix::random(n, p, random);
        weights.resize(n);
        for (double& w : weights) w = 0.5 + random.uniform();
        offset = random.normals(n);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 1; j < p; ++j) x(i, j) += 0.5 * x(i, j - 1);
            const double signal = x(i, 0) - x(i, p / 2) + 0.5 * x(i, p - 1);
            response.push_back(10.0 + 2.0 * signal + random.normal());
            classes.push_back(signal + random.normal() > 0.2 ? 1.0 : 0.0);
        }
        targets.resize(std::variant_size_v<AnyLoss>);
        for_each_loss([&](const auto& loss, const LossCase&) {
            std::vector<double>& y = targets[AnyLoss(loss).index()];
            y.clear();
            for (const double r : response) y.push_back(target_at(loss, 0.3 * (r - 10.0)));
        });
        for (std::size_t j = 0; j < p; ++j) {
            const double spread = std::exp(random.normal()), mean = 3.0 * random.normal();
            for (double& v : x.column(j)) v = mean + spread * v;
        }
    }
    PathInput input(bool classification = false) const {
        PathInput in;
        in.x = x.view();
        in.y = classification ? classes : response;
        in.weights = weights;
        return in;
    }
    PathInput input(const AnyLoss& loss) const {
        PathInput in = input();
        in.y = targets[loss.index()];
        return in;
    }
};

/// Column l of the coefficients, dense.
inline std::vector<double> coefficients(const PathResult& result, std::size_t l, std::size_t p) {
    std::vector<double> beta(p, 0.0);
    for (std::size_t k = result.starts[l]; k < result.starts[l + 1]; ++k) {
        beta[result.features[k]] = result.values[k];
    }
    return beta;
}

inline std::size_t fitted(const PathResult& result) { return result.intercepts.size(); }

inline bool same_certificates(const PathResult& a, const PathResult& b) {
    return std::equal(a.certificates.begin(), a.certificates.end(), b.certificates.begin(),
                      b.certificates.end(), [](const Certificate& c, const Certificate& d) {
                          return c.kind == d.kind && c.value == d.value;
                      });
}

/// Every number that a fit returns, for comparisons of bits.
inline bool same_bits(const PathResult& a, const PathResult& b) {
    return a.lambdas == b.lambdas && a.starts == b.starts && a.features == b.features &&
           a.values == b.values && a.intercepts == b.intercepts && same_certificates(a, b) &&
           a.deviance_ratios == b.deviance_ratios && a.losses == b.losses && a.n_iter == b.n_iter &&
           a.n_nonzero == b.n_nonzero && a.regimes == b.regimes && a.centers == b.centers &&
           a.scales == b.scales;
}

/// What one fitted lambda amounts to.
struct Audit {
    double loss = 0.0;             // weighted mean
    double saturated = 0.0;        // the least it could be
    double intercept_slope = 0.0;  // zero where an intercept is fitted
    double kkt = 0.0;              // largest distance, on the scale in which columns are penalized
    double gap = 0.0;              // absolute, the smaller of those of two dual points
};

/// alpha |b| + (1 - alpha) b^2 / 2 with factors one, no bounds. Weights need not sum to one.
template <typename L>
Audit audit(const L& loss, const PathInput& in, const PathResult& result, std::size_t l,
            double lambda, double alpha) {
    const ConstMatrixView x = std::get<ConstMatrixView>(in.x);
    const std::size_t n = x.rows, p = x.cols;
    const std::vector<double> beta = coefficients(result, l, p);
    double total = 0.0;
    for (const double w : in.weights) total += w;
    std::vector<double> eta(n, result.intercepts[l]), slope(n);
    Audit a;
    for (std::size_t i = 0; i < n; ++i) {
        if (!in.offset.empty()) eta[i] += in.offset[i];
        for (std::size_t j = 0; j < p; ++j) eta[i] += x(i, j) * beta[j];
        slope[i] = loss.gradient(in.y[i], eta[i]);
        a.loss += in.weights[i] / total * loss.value(in.y[i], eta[i]);
        a.saturated += in.weights[i] / total * loss.saturated(in.y[i]);
        a.intercept_slope += in.weights[i] / total * slope[i];
    }
    std::vector<double> g(p, 0.0);
    double largest = 0.0, penalty = 0.0, product = 0.0, squares = 0.0;
    for (std::size_t j = 0; j < p; ++j) {
        for (std::size_t i = 0; i < n; ++i) {
            g[j] -=
                in.weights[i] / total * slope[i] * (x(i, j) - result.centers[j]) / result.scales[j];
        }
        const double b = beta[j] * result.scales[j], ridge = lambda * (1.0 - alpha);
        const double rest = g[j] - ridge * b, kink = lambda * alpha;
        const double distance = b == 0.0 ? std::max(std::abs(rest) - kink, 0.0)
                                         : std::abs(rest - (b > 0.0 ? kink : -kink));
        a.kkt = std::max(a.kkt, distance);
        largest = std::max(largest, std::abs(rest));
        penalty += kink * std::abs(b) + 0.5 * ridge * b * b;
        product += g[j] * b;
        squares += ridge * b * b;
    }
    // Primal minus dual at theta = -l', where a ridge part makes any point feasible.
    double conjugate = alpha == 1.0 && largest > lambda ? infinity : 0.0;
    for (std::size_t j = 0; j < p && alpha < 1.0; ++j) {
        const double excess = std::max(std::abs(g[j]) - lambda * alpha, 0.0);
        conjugate += 0.5 * excess * excess / (lambda * (1.0 - alpha));
    }
    a.gap = penalty + conjugate - product;
    if (alpha == 0.0) return a;
    // And at theta = -s l': sum w (l + l*(s l') - s l' eta) + P - s g'b + s^2 ridge |b|^2 / 2.
    const double s = std::min(1.0, lambda * alpha / largest);
    double scaled = penalty - s * product + 0.5 * s * s * squares;
    for (std::size_t i = 0; i < n; ++i) {
        const double u = s * slope[i];
        scaled += in.weights[i] / total *
                  (loss.value(in.y[i], eta[i]) + loss.conjugate(in.y[i], u) - u * eta[i]);
    }
    a.gap = std::min(a.gap, scaled);
    return a;
}

}  // namespace shrinkage::test
