// The quadratic model of the multinomial loss on a working set of coefficients. Its curvature
// between classes a and b is X_a' diag(w p_a (delta_ab - p_b)) X_b, with the K intercepts projected
// out.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"
#include "shrinkage/solver/problem/vector_point.hpp"

namespace shrinkage {

/// Coefficient c stands for feature c % p and class c / p. The curvature is that of the point at
/// which the model was reset, and stays so while columns are added.
template <Design D>
class SoftmaxModel {
public:
    SoftmaxModel(const D& x, std::size_t classes)
        : x_(x), classes_(classes), set_(x.cols() * classes) {}

    /// Forgets every column and takes the curvature at the point.
    template <typename Point>
    void reset(const Point& point) {
        set_.clear();
        h_.clear();
        rows_ = point.rows();
        weights_ = point.data.weights;
        p_.resize(rows_ * classes_);
        std::vector<double> mean(classes_);
        for (std::size_t i = 0; i < rows_; ++i) {
            point.loss.mean(point.predictor(i, point.eta), mean);
            for (std::size_t k = 0; k < classes_; ++k) p_[i + k * rows_] = mean[k];
        }
        c_.clear();
        t_.clear();
        project_ = point.data.intercept;
        if (!project_) return;
        std::vector<double> s(classes_ * classes_);
        for (std::size_t a = 0; a < classes_; ++a) {
            for (std::size_t b = 0; b <= a; ++b) {
                const double total = sum(weigh(a, b));
                s[a + b * classes_] = s[b + a * classes_] = a == b ? total : -total;
            }
        }
        intercepts_ = factor_intercepts(s, classes_);
    }

    /// Appends coefficients and their part of the curvature.
    void add(Indices coordinates, const Context& context) {
        if (coordinates.empty()) return;
        const std::size_t old = size();
        for (const std::size_t c : coordinates) set_.add(c);
        reserve(size());
        h_.resize(size(), 0.0);
        std::vector<Part> before(classes_), added(classes_);
        for (std::size_t k = 0; k < size(); ++k) {
            Part& part = (k < old ? before : added)[feature(k) / x_.cols()];
            part.slots.push_back(k);
            part.features.push_back(feature(k) % x_.cols());
        }
        for (std::size_t a = 0; a < classes_; ++a) {
            for (std::size_t b = 0; b < classes_; ++b) {
                if (b <= a) fill(a, b, added[a], added[b], context);
                fill(a, b, added[a], before[b], context);
            }
        }
        if (project_) project(old);
    }

    const WorkingSet& set() const { return set_; }
    std::size_t size() const { return set_.size(); }
    std::size_t feature(std::size_t k) const { return set_.feature(k); }
    double diagonal(std::size_t k) const { return g_[k + k * stride_]; }
    double gradient(std::size_t k) const { return h_[k]; }

    /// h from the negative gradient of all coefficients.
    void set_gradient(ConstVector g) {
        for (std::size_t k = 0; k < size(); ++k) h_[k] = g[feature(k)];
    }
    void move(std::size_t k, double delta) { axpy(-delta, column(k), h_); }
    void move(Indices slots, ConstVector deltas, const Context&) {
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (deltas[i] != 0.0) move(slots[i], deltas[i]);
        }
    }
    void inner(std::size_t k, Indices slots, Vector out) const {
        const double* column = &g_[k * stride_];
        for (std::size_t i = 0; i < slots.size(); ++i) out[i] = column[slots[i]];
    }

    // The same model by rows, for sets that hold whole features, class after class.

    std::size_t outputs() const { return classes_; }
    std::size_t n_blocks() const { return size() / classes_; }
    std::size_t block(std::size_t i) const { return feature(i * classes_) % x_.cols(); }
    void gradient(std::size_t i, Vector out) const {
        std::copy_n(&h_[i * classes_], classes_, out.begin());
    }
    /// The largest absolute row sum of the K x K block.
    double bend(std::size_t i) const {
        double largest = 0.0;
        for (std::size_t k = i * classes_; k < (i + 1) * classes_; ++k) {
            double total = 0.0;
            for (std::size_t l = i * classes_; l < (i + 1) * classes_; ++l) {
                total += std::abs(g_[k + l * stride_]);
            }
            largest = std::max(largest, total);
        }
        return largest;
    }
    void move(std::size_t i, ConstVector deltas) {
        for (std::size_t k = 0; k < classes_; ++k) {
            if (deltas[k] != 0.0) move(i * classes_ + k, deltas[k]);
        }
    }
    auto curvature(Indices rows) const {
        std::vector<std::size_t> slots;
        for (const std::size_t i : rows) {
            for (std::size_t k = 0; k < classes_; ++k) slots.push_back(i * classes_ + k);
        }
        const std::size_t n = slots.size();
        std::vector<double> square(n * n);
        for (std::size_t l = 0; l < n; ++l) {
            inner(slots[l], slots, Vector(square).subspan(l * n, n));
        }
        return [square = std::move(square), n](ConstVector d, Vector out) {
            multiply_transposed({square.data(), n, n, n}, d, out);
        };
    }

    /// How the K intercepts follow a step: -S^-1 sum_i D_i direction_i.
    std::vector<double> intercept_step(ConstVector direction) const {
        std::vector<double> step(classes_, 0.0);
        if (!project_) return step;
        for (std::size_t i = 0; i < rows_; ++i) {
            double mean = 0.0;
            for (std::size_t k = 0; k < classes_; ++k) {
                mean += p_[i + k * rows_] * direction[i + k * rows_];
            }
            for (std::size_t k = 0; k < classes_; ++k) {
                step[k] -= weights_[i] * p_[i + k * rows_] * (direction[i + k * rows_] - mean);
            }
        }
        intercepts_.solve(step);
        return step;
    }

private:
    struct Part {
        std::vector<std::size_t> slots, features;
    };

    ConstVector column(std::size_t k) const { return {&g_[k * stride_], size()}; }

    /// |w p_a (delta_ab - p_b)|; a saturated observation keeps a trace of curvature.
    ConstVector weigh(std::size_t a, std::size_t b) {
        d_.resize(rows_);
        const double* p = &p_[a * rows_];
        const double* q = &p_[b * rows_];
        for (std::size_t i = 0; i < rows_; ++i) {
            const double product = a == b ? std::max(p[i] * (1.0 - p[i]), 1e-10) : p[i] * q[i];
            d_[i] = weights_[i] * product;
        }
        return d_;
    }

    /// The block of classes a and b, and its mirror image.
    void fill(std::size_t a, std::size_t b, const Part& left, const Part& right,
              const Context& context) {
        const std::size_t m = left.slots.size();
        const std::size_t n = right.slots.size();
        if (m == 0 || n == 0) return;
        const bool same = &left == &right;
        block_.resize(m * n);
        x_.gram(left.features, right.features, weigh(a, b), context, {block_.data(), m, n, m});
        const double sign = a == b ? 1.0 : -1.0;
        for (std::size_t l = 0; l < n; ++l) {
            for (std::size_t k = same ? l : 0; k < m; ++k) {
                const std::size_t s = left.slots[k];
                const std::size_t t = right.slots[l];
                g_[s + t * stride_] = g_[t + s * stride_] = sign * block_[k + l * m];
            }
        }
    }

    /// H -= C S^-1 C', C the curvature between coefficients and intercepts.
    void project(std::size_t old) {
        std::vector<std::size_t> one(1);
        c_.resize(size() * classes_);
        t_.resize(size() * classes_);
        for (std::size_t a = 0; a < classes_; ++a) {
            for (std::size_t b = 0; b < classes_; ++b) {
                const ConstVector d = weigh(a, b);
                for (std::size_t k = old; k < size(); ++k) {
                    if (feature(k) / x_.cols() != a) continue;
                    const double product = x_.column_product(feature(k) % x_.cols(), d);
                    c_[b + k * classes_] = t_[b + k * classes_] = a == b ? product : -product;
                }
            }
        }
        for (std::size_t k = old; k < size(); ++k) {
            intercepts_.solve(Vector(t_).subspan(k * classes_, classes_));
        }
        for (std::size_t k = old; k < size(); ++k) {
            const ConstVector t = ConstVector(t_).subspan(k * classes_, classes_);
            for (std::size_t l = 0; l <= k; ++l) {
                double product = 0.0;
                for (std::size_t b = 0; b < classes_; ++b) product += c_[b + l * classes_] * t[b];
                g_[l + k * stride_] -= product;
                g_[k + l * stride_] = g_[l + k * stride_];
            }
        }
    }

    void reserve(std::size_t n) {
        if (n <= stride_) return;
        const std::size_t most = x_.cols() * classes_;
        const std::size_t stride = std::min(most, std::max(n, stride_ + stride_ / 2 + 16));
        std::vector<double> grown(stride * stride);
        const std::size_t old = std::min(stride_, size());
        for (std::size_t l = 0; l < old; ++l) {
            std::copy_n(&g_[l * stride_], old, &grown[l * stride]);
        }
        g_.swap(grown);
        stride_ = stride;
    }

    const D& x_;
    std::size_t classes_;
    WorkingSet set_;
    std::size_t rows_ = 0;
    ConstVector weights_;
    bool project_ = false;
    Cholesky intercepts_;
    std::size_t stride_ = 0;
    std::vector<double> p_, g_, h_;
    std::vector<double> c_, t_;      // C' and S^-1 C', K entries a coefficient
    std::vector<double> d_, block_;  // of one pair of classes
};

}  // namespace shrinkage
