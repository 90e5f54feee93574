// Random problems, a design in plain loops, and slow solvers that share nothing with the core.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/views.hpp"
#include "shrinkage/design/design.hpp"

namespace shrinkage::test {

/// Standard generator, own transformations: the same numbers with every standard library.
class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    /// In (0, 1).
    double uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
    double normal() {
        const double radius = std::sqrt(-2.0 * std::log(uniform()));
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }
    std::size_t below(std::size_t n) {
        return std::min(n - 1, static_cast<std::size_t>(uniform() * static_cast<double>(n)));
    }
    std::vector<double> normals(std::size_t n) {
        std::vector<double> v(n);
        for (double& x : v) x = normal();
        return v;
    }

private:
    std::mt19937_64 engine_;
};

/// A column-major matrix that owns its entries.
struct Matrix {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<double> data;

    Matrix() = default;
    Matrix(std::size_t r, std::size_t c, double fill = 0.0) : rows(r), cols(c), data(r * c, fill) {}
    static Matrix random(std::size_t r, std::size_t c, Random& random) {
        Matrix m(r, c);
        m.data = random.normals(r * c);
        return m;
    }

    double& operator()(std::size_t i, std::size_t j) { return data[i + j * rows]; }
    double operator()(std::size_t i, std::size_t j) const { return data[i + j * rows]; }
    Vector column(std::size_t j) { return Vector(data).subspan(j * rows, rows); }
    ConstMatrixView view() const { return {data.data(), rows, cols, rows}; }
    MatrixView mutable_view() { return {data.data(), rows, cols, rows}; }
    bool operator==(const Matrix&) const = default;
};

inline std::vector<std::size_t> all_below(std::size_t n) {
    std::vector<std::size_t> v(n);
    for (std::size_t i = 0; i < n; ++i) v[i] = i;
    return v;
}

/// Positive weights that sum to one; every zero_every-th is zero (0: none).
inline std::vector<double> random_weights(std::size_t n, Random& random,
                                          std::size_t zero_every = 0) {
    std::vector<double> w(n);
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        const bool zero = zero_every != 0 && i % zero_every == 0;
        w[i] = zero ? 0.0 : 0.2 + random.uniform();
        total += w[i];
    }
    for (double& x : w) x /= total;
    return w;
}

inline double largest_difference(ConstVector a, ConstVector b) {
    double largest = a.size() == b.size() ? 0.0 : std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const double difference = std::abs(a[i] - b[i]);
        largest = difference <= largest ? largest : difference;  // keeps a NaN
    }
    return largest;
}

inline double inner_product(ConstVector a, ConstVector b) {
    double total = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
    return total;
}

/// A design whose columns are stored as they are penalized: the concept with nothing implicit.
class PlainDesign {
public:
    explicit PlainDesign(Matrix x) : x_(std::move(x)) {}
    double product_cost(Indices columns) const {
        return static_cast<double>(rows() * columns.size());
    }
    double gram_cost(Indices columns) const {
        return product_cost(columns) * static_cast<double>(columns.size());
    }
    std::size_t rows() const { return x_.rows; }
    std::size_t cols() const { return x_.cols; }
    bool usable(std::size_t) const { return true; }
    const Matrix& matrix() const { return x_; }

    void transposed_product(ConstVector v, const Context&, Vector out) const {
        for (std::size_t j = 0; j < x_.cols; ++j) out[j] = column_product(j, v);
    }
    void transposed_products(ConstMatrixView v, const Context& context, MatrixView out) const {
        for (std::size_t k = 0; k < v.cols; ++k)
            transposed_product(v.column(k), context, out.column(k));
    }
    std::size_t row_blocks(std::size_t) const { return 1; }
    void sweep(const Steps& steps, const VisitRows& visit, const Context& context,
               MatrixView out) const {
        for (std::size_t k = 0; k < steps.eta.size(); ++k) {
            const Vector eta(steps.eta[k], rows());
            add_columns(steps.columns, steps.coefs.column(k), context, eta);
            for (double& e : eta) e += steps.shifts[k];
        }
        visit(0, 0, rows());
        for (std::size_t k = 0; k < steps.eta.size(); ++k) {
            for (std::size_t l = 0; l < steps.columns.size(); ++l)
                out(l, k) = column_product(steps.columns[l], {steps.v[k], rows()});
        }
    }
    void gram_and_products(Indices a, ConstVector d, ConstVector v, const Context& context,
                           MatrixView out, Vector g) const {
        gram(a, a, d, context, out);
        column_products(a, v, context, g);
    }
    double column_product(std::size_t j, ConstVector v) const {
        return inner_product(x_.view().column(j), v);
    }
    void column_products(Indices columns, ConstVector v, const Context&, Vector out) const {
        for (const std::size_t j : columns) out[j] = column_product(j, v);
    }
    void add_columns(Indices columns, ConstVector coefs, const Context&, Vector out) const {
        for (std::size_t k = 0; k < columns.size(); ++k) {
            for (std::size_t i = 0; i < x_.rows; ++i) out[i] += coefs[k] * x_(i, columns[k]);
        }
    }
    void gram(Indices a, Indices b, ConstVector d, const Context&, MatrixView out) const {
        for (std::size_t l = 0; l < b.size(); ++l) {
            for (std::size_t k = 0; k < a.size(); ++k) {
                double total = 0.0;
                for (std::size_t i = 0; i < x_.rows; ++i) total += d[i] * x_(i, a[k]) * x_(i, b[l]);
                out(k, l) = total;
            }
        }
    }

private:
    Matrix x_;
};

static_assert(Design<PlainDesign>);

/// The columns of x as a design with centers, scales and usable columns shows them.
template <typename D>
Matrix penalized_columns(const D& design, ConstMatrixView x) {
    Matrix out(x.rows, x.cols);
    for (std::size_t j = 0; j < x.cols; ++j) {
        for (std::size_t i = 0; i < x.rows && design.usable(j); ++i) {
            out(i, j) = (x(i, j) - design.center(j)) / design.scale(j);
        }
    }
    return out;
}

/// b + offset + X beta
inline std::vector<double> linear_predictor(const Matrix& x, ConstVector beta, double intercept,
                                            ConstVector offset = {}) {
    std::vector<double> eta(x.rows, intercept);
    for (std::size_t i = 0; i < x.rows; ++i) {
        if (!offset.empty()) eta[i] += offset[i];
        for (std::size_t j = 0; j < x.cols; ++j) eta[i] += x(i, j) * beta[j];
    }
    return eta;
}

/// sum w l + lambda P, weights as given.
template <typename L, typename P>
double objective(const L& loss, const P& penalty, const Matrix& x, ConstVector y, ConstVector w,
                 ConstVector beta, double intercept, double lambda, ConstVector offset = {}) {
    const std::vector<double> eta = linear_predictor(x, beta, intercept, offset);
    double total = penalty.value(beta, lambda);
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (w[i] > 0.0) total += w[i] * loss.value(y[i], eta[i]);
    }
    return total;
}

struct Solution {
    std::vector<double> beta;
    double intercept = 0.0;
};

/// Accelerated proximal gradient with restarts (O'Donoghue & Candes 2015) and backtracking (Beck &
/// Teboulle 2009), run long: slow and simple.
template <typename L, typename P>
Solution reference_solution(const L& loss, const P& penalty, const Matrix& x, ConstVector y,
                            ConstVector w, double lambda, bool intercept, ConstVector offset = {},
                            int iterations = 20000) {
    double bound = intercept ? 1.0 : 0.0;  // trace of the Gram matrix, above its largest eigenvalue
    for (std::size_t j = 0; j < x.cols; ++j) {
        for (std::size_t i = 0; i < x.rows; ++i) bound += w[i] * x(i, j) * x(i, j);
    }
    const auto mean_loss = [&](const std::vector<double>& eta) {
        double total = 0.0;
        for (std::size_t i = 0; i < x.rows; ++i) {
            if (w[i] > 0.0) total += w[i] * loss.value(y[i], eta[i]);
        }
        return total;
    };
    double step = 1.0 / (bound * loss.curvature_scale(1.0, 1.0));
    Solution now{std::vector<double>(x.cols, 0.0), 0.0};
    Solution ahead = now;
    std::vector<double> gradient(x.cols), moved(x.cols), next(x.cols);
    double momentum = 1.0;
    for (int iteration = 0; iteration < iterations; ++iteration) {
        const std::vector<double> eta = linear_predictor(x, ahead.beta, ahead.intercept, offset);
        std::vector<double> slope(x.rows);
        double total = 0.0;
        for (std::size_t i = 0; i < x.rows; ++i) {
            slope[i] = w[i] > 0.0 ? w[i] * loss.gradient(y[i], eta[i]) : 0.0;
            total += slope[i];
        }
        for (std::size_t j = 0; j < x.cols; ++j) {
            gradient[j] = inner_product(x.view().column(j), slope);
        }
        const double here = mean_loss(eta);
        double b = 0.0;
        for (;; step *= 0.5) {  // until the quadratic bound at `ahead` holds at the new point
            for (std::size_t j = 0; j < x.cols; ++j) moved[j] = ahead.beta[j] - step * gradient[j];
            penalty.prox(moved, step, lambda, next);
            b = intercept ? ahead.intercept - step * total : 0.0;
            double model = here + total * (b - ahead.intercept) +
                           0.5 / step * (b - ahead.intercept) * (b - ahead.intercept);
            for (std::size_t j = 0; j < x.cols; ++j) {
                const double d = next[j] - ahead.beta[j];
                model += gradient[j] * d + 0.5 / step * d * d;
            }
            const double there = mean_loss(linear_predictor(x, next, b, offset));
            if (there <= model + 1e-13 * (1.0 + std::abs(here)) || step < 1e-12) break;
        }
        double along = (ahead.intercept - b) * (b - now.intercept);
        for (std::size_t j = 0; j < x.cols; ++j)
            along += (ahead.beta[j] - next[j]) * (next[j] - now.beta[j]);
        if (along > 0.0) momentum = 1.0;
        const double grown = 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * momentum * momentum));
        const double pull = along > 0.0 ? 0.0 : (momentum - 1.0) / grown;
        for (std::size_t j = 0; j < x.cols; ++j)
            ahead.beta[j] = next[j] + pull * (next[j] - now.beta[j]);
        ahead.intercept = b + pull * (b - now.intercept);
        momentum = grown;
        now.beta = next;
        now.intercept = b;
    }
    return now;
}

/// Solves A x = b by Gaussian elimination with partial pivoting.
inline std::vector<double> solve_linear(Matrix a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k + 1; i < n; ++i) {
            if (std::abs(a(i, k)) > std::abs(a(pivot, k))) pivot = i;
        }
        for (std::size_t j = 0; j < n; ++j) std::swap(a(k, j), a(pivot, j));
        std::swap(b[k], b[pivot]);
        for (std::size_t i = k + 1; i < n; ++i) {
            const double factor = a(i, k) / a(k, k);
            for (std::size_t j = k; j < n; ++j) a(i, j) -= factor * a(k, j);
            b[i] -= factor * b[k];
        }
    }
    for (std::size_t k = n; k-- > 0;) {
        for (std::size_t j = k + 1; j < n; ++j) b[k] -= a(k, j) * b[j];
        b[k] /= a(k, k);
    }
    return b;
}

}  // namespace shrinkage::test
