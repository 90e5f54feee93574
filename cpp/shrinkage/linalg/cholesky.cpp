#include "shrinkage/linalg/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/runtime.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/linalg/scattered.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t block = 96;  // columns factored at a time
constexpr std::size_t tile = 256;  // rows per task

// A factor of this order does not fit into a second-level cache: reading it is what a solve costs,
// and threads share that.
constexpr std::size_t large = 512;
constexpr std::size_t panel = 128;  // columns of it between two meetings of the threads
constexpr std::size_t dots = 32;    // columns per task of a product with its transpose

/// What the reading of a panel is worth, in operations.
double effort(std::size_t rows, std::size_t columns) {
    return 8.0 * static_cast<double>(rows * columns);
}

void solve_triangle(char trans, std::size_t size, const double* l, std::size_t stride, double* x) {
    if (size == 0) return;
    char lower = 'L';
    char plain = 'N';
    int n = static_cast<int>(size);
    int lda = static_cast<int>(stride);
    int one = 1;
    blas_table().trsv(&lower, &trans, &plain, &n, const_cast<double*>(l), &lda, x, &one);
}

}  // namespace

void Cholesky::reserve(std::size_t n) {
    if (n <= stride_) return;
    const std::size_t stride = std::max<std::size_t>(n, 2 * stride_ + 8);
    std::vector<double> grown(stride * stride);
    for (std::size_t j = 0; j < size_; ++j) {
        std::copy_n(&l_[j + j * stride_], size_ - j, &grown[j + j * stride]);
    }
    l_.swap(grown);
    stride_ = stride;
}

void Cholesky::append(ConstMatrixView rows, ConstMatrixView corner, std::vector<char>& keep,
                      const Context& context, double tolerance) {
    const std::size_t count = corner.rows;
    reserve(size_ + count);
    keep.assign(count, 0);
    const MatrixView below{l_.data() + size_, count, size_, stride_};
    for (std::size_t j = 0; j < size_; ++j) {
        std::copy_n(rows.column(j).data(), count, below.column(j).data());
    }
    solve_rows(below, context);
    // The Schur complement of the new block, then its own factor row by row.
    std::vector<double> schur(count * count);
    const MatrixView s{schur.data(), count, count, count};
    for (std::size_t j = 0; j < count; ++j) std::copy_n(&corner(j, j), count - j, &s(j, j));
    const ConstMatrixView solved{below.data, count, size_, stride_};
    subtract_outer_product(solved, solved, s);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double pivot = s(i, i);
        if (!(pivot > tolerance * corner(i, i))) continue;
        keep[i] = 1;
        const double root = std::sqrt(pivot);
        const std::size_t row = size_ + taken;
        if (taken != i) {
            for (std::size_t j = 0; j < size_; ++j) at(row, j) = at(size_ + i, j);
        }
        // Column i of the factor of s, kept in place for the rows that follow.
        for (std::size_t k = i + 1; k < count; ++k) s(k, i) /= root;
        for (std::size_t j = i + 1; j < count; ++j) {
            for (std::size_t k = j; k < count; ++k) s(k, j) -= s(k, i) * s(j, i);
        }
        std::size_t column = size_;
        for (std::size_t j = 0; j < i; ++j) {
            if (keep[j]) at(row, column++) = s(i, j);
        }
        at(row, row) = root;
        ++taken;
    }
    size_ += taken;
}

void Cholesky::remove(std::size_t k) {
    // Without row k the trailing block is L33 L33' + l l', l the part of column k below the
    // diagonal: a rank-one update by Givens rotations, written one row and column up and to the
    // left.
    std::vector<double> l(size_ - k - 1);
    for (std::size_t i = k + 1; i < size_; ++i) l[i - k - 1] = at(i, k);
    for (std::size_t j = 0; j < k; ++j) {
        std::copy(&at(k, j) + 1, &at(0, j) + size_, &at(k, j));
    }
    for (std::size_t j = k + 1; j < size_; ++j) {
        const double diagonal = at(j, j);
        const double v = l[j - k - 1];
        const double r = std::hypot(diagonal, v);
        const double c = diagonal / r;
        const double s = v / r;
        at(j - 1, j - 1) = r;
        const double* __restrict column = &at(j, j) + 1;  // none overlaps another
        double* __restrict moved = &at(j - 1, j - 1) + 1;
        double* __restrict rest = l.data() + (j - k);
        for (std::size_t i = 0; i < size_ - j - 1; ++i) {
            const double lij = column[i], vi = rest[i];
            moved[i] = c * lij + s * vi;
            rest[i] = c * vi - s * lij;
        }
    }
    --size_;
}

bool Cholesky::factor(ConstMatrixView a, const Context& context, double tolerance) {
    size_ = 0;
    const std::size_t n = a.rows;
    reserve(n);
    for (std::size_t j = 0; j < n; ++j) std::copy_n(&a(j, j), n - j, &at(j, j));
    for (std::size_t first = 0; first < n; first += block) {
        if (!factor_block(n, first, context)) return false;
    }
    for (std::size_t j = 0; j < n; ++j) {
        if (!(at(j, j) * at(j, j) > tolerance * a(j, j))) return false;
    }
    size_ = n;
    return true;
}

/// The block column that starts at first: what the columns before it contribute, then its own
/// factor.
bool Cholesky::factor_block(std::size_t n, std::size_t first, const Context& context) {
    const std::size_t width = std::min(block, n - first);
    const std::size_t tiles = (n - first + tile - 1) / tile;
    const double rows = static_cast<double>(n - first);
    const Team threads =
        context.threads_for(2.0 * rows * static_cast<double>(width) * static_cast<double>(first));
    const ConstMatrixView before{&l_[first], width, first, stride_};
    parallel_for(tiles, threads, [&](std::size_t t) {
        context.check();
        const std::size_t row = first + t * tile;
        const std::size_t count = std::min(tile, n - row);
        subtract_outer_product({&l_[row], count, first, stride_}, before,
                               {&at(row, first), count, width, stride_});
    });
    char lower = 'L';
    int order = static_cast<int>(width);
    int lda = static_cast<int>(stride_);
    int info = 0;
    blas_table().potrf(&lower, &order, &at(first, first), &lda, &info);
    if (info != 0) return false;
    const std::size_t below = first + width;
    const ConstMatrixView corner{&at(first, first), width, width, stride_};
    parallel_for((n - below + tile - 1) / tile, threads, [&](std::size_t t) {
        const std::size_t row = below + t * tile;
        solve_right_transposed(corner, {&at(row, first), std::min(tile, n - row), width, stride_});
    });
    return true;
}

void Cholesky::solve(Vector b, const Context& context) const {
    if (size_ < large) {
        solve_triangle('N', size_, l_.data(), stride_, b.data());
        solve_triangle('T', size_, l_.data(), stride_, b.data());
    } else {
        forward(b, context);
        backward(b, context);
    }
}

/// L x = b by panels of columns: what a panel found is taken out of the rows below it.
void Cholesky::forward(Vector b, const Context& context) const {
    const double* columns[panel];
    double minus[panel];
    for (std::size_t first = 0; first < size_; first += panel) {
        const std::size_t width = std::min(panel, size_ - first), below = first + width;
        const double* corner = &l_[first + first * stride_];
        solve_triangle('N', width, corner, stride_, &b[first]);
        for (std::size_t k = 0; k < width; ++k) {
            columns[k] = corner + k * stride_ - first;
            minus[k] = -b[first + k];
        }
        const std::size_t rows = size_ - below;
        parallel_for((rows + tile - 1) / tile, context.threads_for(effort(rows, width)),
                     [&](std::size_t task) {
                         const std::size_t row = below + task * tile;
                         const double* part[panel];
                         for (std::size_t k = 0; k < width; ++k) part[k] = columns[k] + row;
                         add_scaled_columns({part, width}, {minus, width},
                                            b.subspan(row, std::min(tile, size_ - row)));
                     });
    }
}

/// L'x = b by panels of columns, the last first: what the rows below found is taken out of it.
void Cholesky::backward(Vector b, const Context& context) const {
    for (std::size_t end = size_; end > 0;) {
        const std::size_t width = (end - 1) % panel + 1, first = end - width;
        const double* corner = &l_[first + first * stride_];
        const ConstVector found = ConstVector(b).subspan(end, size_ - end);
        parallel_for((width + dots - 1) / dots, context.threads_for(effort(found.size(), width)),
                     [&](std::size_t task) {
                         const std::size_t begin = task * dots;
                         const std::size_t count = std::min(dots, width - begin);
                         const double* columns[dots];
                         double products[dots];
                         for (std::size_t k = 0; k < count; ++k)
                             columns[k] = corner + (begin + k) * stride_ + width;
                         column_dots({columns, count}, found, {products, count});
                         for (std::size_t k = 0; k < count; ++k)
                             b[first + begin + k] -= products[k];
                     });
        solve_triangle('T', width, corner, stride_, &b[first]);
        end = first;
    }
}

/// x L' = b for each of some rows, in place.
void Cholesky::solve_rows(MatrixView rows, const Context& context) const {
    if (size_ < large) return solve_right_transposed({l_.data(), size_, size_, stride_}, rows);
    for (std::size_t first = 0; first < size_; first += panel) {
        const std::size_t width = std::min(panel, size_ - first), below = first + width;
        const MatrixView found{&rows(0, first), rows.rows, width, rows.stride};
        solve_right_transposed({&l_[first + first * stride_], width, width, stride_}, found);
        const std::size_t left = size_ - below;
        parallel_for(
            (left + tile - 1) / tile,
            context.threads_for(effort(left, width * std::max<std::size_t>(rows.rows / 4, 1))),
            [&](std::size_t task) {
                const std::size_t row = below + task * tile;
                const std::size_t count = std::min(tile, size_ - row);
                subtract_outer_product({found.data, found.rows, width, found.stride},
                                       {&l_[row + first * stride_], count, width, stride_},
                                       {&rows(0, row), rows.rows, count, rows.stride});
            });
    }
}

}  // namespace shrinkage
