#include "shrinkage/linalg/dense.hpp"

#include "shrinkage/base/runtime.hpp"
#include "shrinkage/linalg/scattered.hpp"

namespace shrinkage {
namespace {

// BLAS takes non-const pointers but writes only to its outputs.
double* mutable_pointer(const double* p) { return const_cast<double*>(p); }

constexpr std::size_t short_length = 24;       // below it a call costs more than the loop
constexpr std::size_t unpacked_columns = 320;  // from here on packing them pays

}  // namespace

double dot(ConstVector x, ConstVector y) {
    if (x.size() < short_length) {
        double total = 0.0;
        for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * y[i];
        return total;
    }
    int n = static_cast<int>(x.size());
    int one = 1;
    return blas_table().dot(&n, mutable_pointer(x.data()), &one, mutable_pointer(y.data()), &one);
}

void axpy(double a, ConstVector x, Vector y) {
    if (x.size() < short_length) {
        for (std::size_t i = 0; i < x.size(); ++i) y[i] += a * x[i];
        return;
    }
    int n = static_cast<int>(x.size());
    int one = 1;
    blas_table().axpy(&n, &a, mutable_pointer(x.data()), &one, y.data(), &one);
}

void multiply_transposed(ConstMatrixView a, ConstVector v, Vector out) {
    if (a.rows == 0 || a.cols == 0) {
        for (double& o : out) o = 0.0;
        return;
    }
    char trans = 'T';
    int m = static_cast<int>(a.rows);
    int n = static_cast<int>(a.cols);
    int lda = static_cast<int>(a.stride);
    int one = 1;
    double alpha = 1.0;
    double beta = 0.0;
    blas_table().gemv(&trans, &m, &n, &alpha, mutable_pointer(a.data), &lda,
                      mutable_pointer(v.data()), &one, &beta, out.data(), &one);
}

void add_cross_product(ConstMatrixView a, ConstMatrixView b, MatrixView c) {
    char trans = 'T';
    char plain = 'N';
    int m = static_cast<int>(a.cols);
    int n = static_cast<int>(b.cols);
    int k = static_cast<int>(a.rows);
    int lda = static_cast<int>(a.stride);
    int ldb = static_cast<int>(b.stride);
    int ldc = static_cast<int>(c.stride);
    double one = 1.0;
    blas_table().gemm(&trans, &plain, &m, &n, &k, &one, mutable_pointer(a.data), &lda,
                      mutable_pointer(b.data), &ldb, &one, c.data, &ldc);
}

void add_gram(ConstMatrixView a, MatrixView c) {
    if (a.cols <= unpacked_columns && add_unpacked_gram(a, c)) return;
    char lower = 'L';
    char trans = 'T';
    int n = static_cast<int>(a.cols);
    int k = static_cast<int>(a.rows);
    int lda = static_cast<int>(a.stride);
    int ldc = static_cast<int>(c.stride);
    double one = 1.0;
    blas_table().syrk(&lower, &trans, &n, &k, &one, mutable_pointer(a.data), &lda, &one, c.data,
                      &ldc);
}

void subtract_outer_product(ConstMatrixView a, ConstMatrixView b, MatrixView c) {
    if (a.rows == 0 || b.rows == 0 || a.cols == 0) return;
    char plain = 'N';
    char trans = 'T';
    int m = static_cast<int>(a.rows);
    int n = static_cast<int>(b.rows);
    int k = static_cast<int>(a.cols);
    int lda = static_cast<int>(a.stride);
    int ldb = static_cast<int>(b.stride);
    int ldc = static_cast<int>(c.stride);
    double minus = -1.0;
    double one = 1.0;
    blas_table().gemm(&plain, &trans, &m, &n, &k, &minus, mutable_pointer(a.data), &lda,
                      mutable_pointer(b.data), &ldb, &one, c.data, &ldc);
}

void solve_right_transposed(ConstMatrixView l, MatrixView b) {
    if (b.rows == 0) return;
    char right = 'R';
    char lower = 'L';
    char trans = 'T';
    char plain = 'N';
    int m = static_cast<int>(b.rows);
    int n = static_cast<int>(b.cols);
    int lda = static_cast<int>(l.stride);
    int ldb = static_cast<int>(b.stride);
    double one = 1.0;
    blas_table().trsm(&right, &lower, &trans, &plain, &m, &n, &one, mutable_pointer(l.data), &lda,
                      b.data, &ldb);
}

void mirror_lower(MatrixView a) {
    for (std::size_t j = 0; j < a.cols; ++j) {
        for (std::size_t i = j + 1; i < a.rows; ++i) a(j, i) = a(i, j);
    }
}

double sum(ConstVector x) {
    if (x.size() <= 512) {
        // Eight sums at once: an addition does not wait for the last.
        double parts[8] = {};
        std::size_t i = 0;
        for (; i + 8 <= x.size(); i += 8) {
            for (std::size_t k = 0; k < 8; ++k) parts[k] += x[i + k];
        }
        for (std::size_t k = 0; i + k < x.size(); ++k) parts[k] += x[i + k];
        return ((parts[0] + parts[1]) + (parts[2] + parts[3])) +
               ((parts[4] + parts[5]) + (parts[6] + parts[7]));
    }
    const std::size_t half = x.size() / 2;
    return sum(x.first(half)) + sum(x.subspan(half));
}

}  // namespace shrinkage
