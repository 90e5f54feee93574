// Ridge with more columns than rows, in as many dimensions as X has rank: with K = X F^-1 X' = Z Z'
// the problem in X and sum f_j b_j^2 is the problem in Z and |c|^2 (the representer theorem).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/linalg/dense.hpp"

namespace shrinkage {

template <ScaledDesign D>
class RidgeReduction {
public:
    /// Z is the pivoted Cholesky factor of K; pivots below 1e-11 of the largest count as zero.
    RidgeReduction(const D& x, ConstVector factors, const Context& context)
        : x_(x), factors_(factors.begin(), factors.end()), rows_(x.rows()) {
        std::vector<double> k(rows_ * rows_);
        x.kernel(factors, context, {k.data(), rows_, rows_, rows_});
        std::vector<double> rest(rows_);
        for (std::size_t i = 0; i < rows_; ++i) rest[i] = k[i + i * rows_];
        const double largest = *std::max_element(rest.begin(), rest.end());
        while (pivots_.size() < rows_) {
            context.check();
            const auto at = std::max_element(rest.begin(), rest.end());
            if (*at <= 1e-11 * largest) break;
            const auto pivot = static_cast<std::size_t>(at - rest.begin());
            append(k, pivot, rest);
        }
    }

    /// Z, rows x rank.
    ConstMatrixView z() const { return {z_.data(), rows_, pivots_.size(), rows_}; }

    /// The coefficients of X~ that belong to those of Z: b = F^-1 X~' a with a on the pivot rows.
    void expand(ConstVector c, const Context& context, Vector out) const {
        const std::size_t rank = pivots_.size();
        std::vector<double> a(rows_, 0.0);
        for (std::size_t k = rank; k-- > 0;) {
            double rest = c[k];
            for (std::size_t l = k + 1; l < rank; ++l)
                rest -= z_[pivots_[l] + k * rows_] * a[pivots_[l]];
            a[pivots_[k]] = rest / z_[pivots_[k] + k * rows_];
        }
        x_.transposed_product(a, context, out);
        for (std::size_t j = 0; j < out.size(); ++j) out[j] /= factors_[j];
    }

private:
    void append(const std::vector<double>& k, std::size_t pivot, std::vector<double>& rest) {
        const std::size_t rank = pivots_.size();
        z_.resize((rank + 1) * rows_);
        double* column = &z_[rank * rows_];
        std::copy_n(&k[pivot * rows_], rows_, column);
        for (std::size_t l = 0; l < rank; ++l) {
            axpy(-z_[pivot + l * rows_], {&z_[l * rows_], rows_}, {column, rows_});
        }
        const double root = std::sqrt(column[pivot]);
        for (const std::size_t done : pivots_) column[done] = 0.0;
        for (std::size_t i = 0; i < rows_; ++i) {
            column[i] /= root;
            rest[i] -= column[i] * column[i];
        }
        rest[pivot] = 0.0;
        for (const std::size_t done : pivots_) rest[done] = 0.0;
        pivots_.push_back(pivot);
    }

    const D& x_;
    std::vector<double> factors_;
    std::size_t rows_;
    std::vector<double> z_;
    std::vector<std::size_t> pivots_;
};

}  // namespace shrinkage
