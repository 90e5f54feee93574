// A Cholesky factor that grows and shrinks by columns (Golub & Van Loan 2013, section 6.5.4).
#pragma once

#include <cstddef>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/views.hpp"

namespace shrinkage {

/// A = L L' of a symmetric positive definite matrix whose last row is added and whose any row is
/// removed in O(size^2).
class Cholesky {
public:
    std::size_t size() const { return size_; }
    void clear() { size_ = 0; }

    /// Appends rows of A: the left part of each, count x size(), and the lower triangle of their
    /// own block. keep[i] says whether row i was taken; one that depends on what is before it, its
    /// pivot at most tolerance times its diagonal, is not.
    void append(ConstMatrixView rows, ConstMatrixView corner, std::vector<char>& keep,
                const Context& context = {}, double tolerance = 1e-11);

    /// Removes row and column k.
    void remove(std::size_t k);

    /// Factors the lower triangle of a at once, by blocks of columns. Returns false when it is not
    /// positive definite to the tolerance of append; the factor is then empty.
    bool factor(ConstMatrixView a, const Context& context, double tolerance = 1e-11);

    /// Solves A x = b in place.
    void solve(Vector b, const Context& context = {}) const;

private:
    void reserve(std::size_t n);
    void forward(Vector b, const Context& context) const;
    void backward(Vector b, const Context& context) const;
    void solve_rows(MatrixView rows, const Context& context) const;
    bool factor_block(std::size_t n, std::size_t first, const Context& context);
    double& at(std::size_t i, std::size_t j) { return l_[i + j * stride_]; }

    std::size_t size_ = 0;
    std::size_t stride_ = 0;
    std::vector<double> l_;  // lower triangle, column-major
};

}  // namespace shrinkage
