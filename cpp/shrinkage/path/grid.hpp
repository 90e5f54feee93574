// Grids of lambda.
#pragma once

#include <cmath>
#include <vector>

#include "shrinkage/design/design.hpp"
#include "shrinkage/linalg/dense.hpp"

namespace shrinkage {

/// n values from largest down to smallest, equally spaced in log; both ends exact.
inline std::vector<double> log_grid(double largest, double smallest, std::size_t n) {
    std::vector<double> grid(n, largest);
    for (std::size_t i = 1; i < n; ++i) {
        const double t = static_cast<double>(i) / static_cast<double>(n - 1);
        grid[i] = largest * std::pow(smallest / largest, t);
    }
    if (n > 1) grid.back() = smallest;
    return grid;
}

/// The largest eigenvalue of X~' diag(w) X~ by Lanczos without reorthogonalization, which does not
/// harm the extreme Ritz value (Parlett 1998, chapter 13).
template <Design D>
double largest_eigenvalue(const D& x, ConstVector weights, const Context& context) {
    const std::size_t p = x.cols();
    std::vector<std::size_t> all(p);
    std::vector<double> current(p), previous(p, 0.0), next(p), image(x.rows());
    for (std::size_t j = 0; j < p; ++j) {
        all[j] = j;
        current[j] = x.usable(j) ? 1.0 + 0.5 * std::sin(static_cast<double>(j + 1)) : 0.0;
    }
    double norm = std::sqrt(dot(current, current));
    if (norm == 0.0) return 0.0;
    for (double& c : current) c /= norm;
    std::vector<double> alpha, beta;
    double largest = 0.0;
    for (int iteration = 0; iteration < 300; ++iteration) {
        context.check();
        std::fill(image.begin(), image.end(), 0.0);
        x.add_columns(all, current, context, image);
        for (std::size_t i = 0; i < image.size(); ++i) image[i] *= weights[i];
        x.transposed_product(image, context, next);
        alpha.push_back(dot(next, current));
        // The largest root of the tridiagonal matrix, by bisection on its Sturm count.
        double low = largest;
        double high = 0.0;
        for (std::size_t k = 0; k < alpha.size(); ++k) {
            const double off = (k > 0 ? beta[k - 1] : 0.0) + (k < beta.size() ? beta[k] : 0.0);
            high = std::max(high, alpha[k] + off);
        }
        for (int halving = 0; halving < 100 && high - low > 1e-16 * high; ++halving) {
            const double middle = 0.5 * (low + high);
            double pivot = 1.0;
            bool above = false;  // an eigenvalue lies above the middle
            for (std::size_t k = 0; k < alpha.size() && !above; ++k) {
                const double off = k > 0 ? beta[k - 1] : 0.0;
                pivot = middle - alpha[k] - (k > 0 ? off * off / pivot : 0.0);
                above = pivot <= 0.0;
            }
            (above ? low : high) = middle;
        }
        const double before = largest;
        largest = high;
        if (iteration > 8 && largest - before <= 1e-14 * largest) break;
        for (std::size_t j = 0; j < p; ++j) {
            next[j] -= alpha.back() * current[j] + (beta.empty() ? 0.0 : beta.back() * previous[j]);
        }
        norm = std::sqrt(dot(next, next));
        if (norm <= 1e-14 * largest) break;
        beta.push_back(norm);
        for (std::size_t j = 0; j < p; ++j) {
            previous[j] = current[j];
            current[j] = next[j] / norm;
        }
    }
    return largest;
}

}  // namespace shrinkage
