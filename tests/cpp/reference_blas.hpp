// BLAS and LAPACK as plain loops: what the C++ tests hand to the core in place of a tuned library.
#pragma once

#include <cmath>
#include <cstddef>

#include "shrinkage/base/runtime.hpp"

namespace shrinkage::test {

/// Entry (i, j) of op(A), A column-major with leading dimension lda.
inline double entry(char trans, const double* a, int lda, int i, int j) {
    const auto row = static_cast<std::size_t>(trans == 'N' ? i : j);
    const auto column = static_cast<std::size_t>(trans == 'N' ? j : i);
    return a[row + column * static_cast<std::size_t>(lda)];
}

inline double& element(double* a, int lda, int i, int j) {
    return a[static_cast<std::size_t>(i) +
             static_cast<std::size_t>(j) * static_cast<std::size_t>(lda)];
}

inline double reference_dot(int* n, double* x, int* incx, double* y, int* incy) {
    double total = 0.0;
    for (int i = 0; i < *n; ++i) total += x[i * *incx] * y[i * *incy];
    return total;
}

inline void reference_axpy(int* n, double* a, double* x, int* incx, double* y, int* incy) {
    for (int i = 0; i < *n; ++i) y[i * *incy] += *a * x[i * *incx];
}

/// beta = 0 means that y is written, not read: it may hold anything.
inline void reference_gemv(char* trans, int* m, int* n, double* alpha, double* a, int* lda,
                           double* x, int* incx, double* beta, double* y, int* incy) {
    const int rows = *trans == 'N' ? *m : *n;
    const int cols = *trans == 'N' ? *n : *m;
    for (int i = 0; i < rows; ++i) {
        double total = 0.0;
        for (int j = 0; j < cols; ++j) total += entry(*trans, a, *lda, i, j) * x[j * *incx];
        double& out = y[i * *incy];
        out = *alpha * total + (*beta == 0.0 ? 0.0 : *beta * out);
    }
}

inline void reference_gemm(char* transa, char* transb, int* m, int* n, int* k, double* alpha,
                           double* a, int* lda, double* b, int* ldb, double* beta, double* c,
                           int* ldc) {
    for (int j = 0; j < *n; ++j) {
        for (int i = 0; i < *m; ++i) {
            double total = 0.0;
            for (int l = 0; l < *k; ++l) {
                total += entry(*transa, a, *lda, i, l) * entry(*transb, b, *ldb, l, j);
            }
            double& out = element(c, *ldc, i, j);
            out = *alpha * total + (*beta == 0.0 ? 0.0 : *beta * out);
        }
    }
}

/// C = alpha op(A) op(A)' + beta C, one triangle.
inline void reference_syrk(char* uplo, char* trans, int* n, int* k, double* alpha, double* a,
                           int* lda, double* beta, double* c, int* ldc) {
    for (int j = 0; j < *n; ++j) {
        const int first = *uplo == 'L' ? j : 0;
        const int last = *uplo == 'L' ? *n : j + 1;
        for (int i = first; i < last; ++i) {
            double total = 0.0;
            for (int l = 0; l < *k; ++l) {
                total += entry(*trans, a, *lda, i, l) * entry(*trans, a, *lda, j, l);
            }
            double& out = element(c, *ldc, i, j);
            out = *alpha * total + (*beta == 0.0 ? 0.0 : *beta * out);
        }
    }
}

/// x = op(A)^-1 x, A triangular.
inline void reference_trsv(char* uplo, char* trans, char* diag, int* n, double* a, int* lda,
                           double* x, int* incx) {
    const bool forward = (*uplo == 'L') == (*trans == 'N');
    for (int step = 0; step < *n; ++step) {
        const int i = forward ? step : *n - 1 - step;
        double rest = x[i * *incx];
        for (int before = 0; before < step; ++before) {
            const int j = forward ? before : *n - 1 - before;
            rest -= entry(*trans, a, *lda, i, j) * x[j * *incx];
        }
        x[i * *incx] = *diag == 'U' ? rest : rest / entry(*trans, a, *lda, i, i);
    }
}

/// B := alpha B op(A)^-1 from the right, or alpha op(A)^-1 B from the left, A triangular.
inline void reference_trsm(char* side, char* uplo, char* trans, char* diag, int* m, int* n,
                           double* alpha, double* a, int* lda, double* b, int* ldb) {
    for (int j = 0; j < *n; ++j) {
        for (int i = 0; i < *m; ++i) element(b, *ldb, i, j) *= *alpha;
    }
    if (*side == 'L') {
        int one = 1;
        for (int j = 0; j < *n; ++j) {
            reference_trsv(uplo, trans, diag, m, a, lda, &element(b, *ldb, 0, j), &one);
        }
        return;
    }
    // A row x of B solves x op(A) = b, that is op(A)' x' = b'.
    char flipped = *trans == 'N' ? 'T' : 'N';
    for (int i = 0; i < *m; ++i) {
        reference_trsv(uplo, &flipped, diag, n, a, lda, &element(b, *ldb, i, 0), ldb);
    }
}

/// A = L L' in the lower triangle (uplo = 'L' only); info = the order of the first minor that is
/// not positive, or -1 for the triangle that is not offered.
inline void reference_potrf(char* uplo, int* n, double* a, int* lda, int* info) {
    *info = *uplo == 'L' ? 0 : -1;
    for (int j = 0; j < *n && *info == 0; ++j) {
        double pivot = element(a, *lda, j, j);
        for (int l = 0; l < j; ++l) pivot -= element(a, *lda, j, l) * element(a, *lda, j, l);
        if (!(pivot > 0.0)) {
            *info = j + 1;
            return;
        }
        const double root = std::sqrt(pivot);
        element(a, *lda, j, j) = root;
        for (int i = j + 1; i < *n; ++i) {
            double rest = element(a, *lda, i, j);
            for (int l = 0; l < j; ++l) rest -= element(a, *lda, i, l) * element(a, *lda, j, l);
            element(a, *lda, i, j) = rest / root;
        }
    }
}

inline BlasTable reference_blas() {
    BlasTable table;
    table.dot = reference_dot;
    table.axpy = reference_axpy;
    table.gemv = reference_gemv;
    table.gemm = reference_gemm;
    table.syrk = reference_syrk;
    table.trsv = reference_trsv;
    table.trsm = reference_trsm;
    table.potrf = reference_potrf;
    return table;
}

}  // namespace shrinkage::test
