#include "shrinkage/linalg/scattered.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "shrinkage/base/simd/lanes.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t unroll = 4;            // columns of a register block
constexpr std::size_t rows_at_a_time = 512;  // of eight columns: half of a first-level cache
constexpr std::size_t most_packed = 64;      // columns on the right of a product at a time

using Two = Registers<2>::Doubles;
using Four = Registers<4>::Doubles;
using Eight = Registers<8>::Doubles;

template <typename V>
SHRINKAGE_INLINE const Unaligned<V>& lanes(const double* p) {
    return *reinterpret_cast<const Unaligned<V>*>(p);
}

template <typename V>
constexpr std::size_t width = sizeof(V) / sizeof(double);

/// Halves are added to halves: three dependent additions for eight lanes.
template <typename V>
SHRINKAGE_INLINE double total_of(const V& sums) {
    if constexpr (width<V> == 2) {
        return sums[0] + sums[1];
    } else {
        using Half = std::conditional_t<width<V> == 8, Four, Two>;
        Half low, high;
        std::memcpy(&low, &sums, sizeof(Half));
        std::memcpy(&high, reinterpret_cast<const char*>(&sums) + sizeof(Half), sizeof(Half));
        return total_of<Half>(low + high);
    }
}

/// The unroll columns from k on; at the end the last one is repeated and its result dropped.
struct Block {
    const double* columns[unroll];
    std::size_t used;

    Block(ColumnPointers all, std::size_t k, std::size_t row)
        : used(std::min(unroll, all.size() - k)) {
        for (std::size_t i = 0; i < unroll; ++i) columns[i] = all[k + std::min(i, used - 1)] + row;
    }
};

/// The rows behind the last whole register of some columns: they are read once more, together with
/// rows that were read before, which count as zeros here.
template <typename V>
class Tails {
public:
    /// Of the rows [0, n); without a whole register there is no such reading.
    Tails(ColumnPointers columns, std::size_t n) : rest_(n < width<V> ? 0 : n % width<V>) {
        for (std::size_t l = 0; rest_ > 0 && l < columns.size(); ++l) {
            double* tail = tails_ + l * width<V>;
            std::fill_n(tail, width<V> - rest_, 0.0);
            std::copy_n(columns[l] + n - rest_, rest_, tail + width<V> - rest_);
        }
    }
    std::size_t rest() const { return rest_; }
    const double* of(std::size_t l) const { return tails_ + l * width<V>; }

private:
    std::size_t rest_;
    double tails_[most_packed * width<V>];
};

/// Adds the products of the columns a and b in the V that starts at row i of a.
template <typename V>
SHRINKAGE_INLINE void add_products(const Block& a, std::size_t i, const double* const (&b)[unroll],
                                   V (&sums)[unroll][unroll]) {
    const V left[unroll] = {lanes<V>(a.columns[0] + i).value, lanes<V>(a.columns[1] + i).value,
                            lanes<V>(a.columns[2] + i).value, lanes<V>(a.columns[3] + i).value};
// Unrolled, so that the sums stay in registers.
#pragma GCC unroll 4
    for (std::size_t l = 0; l < unroll; ++l) {
        const V right = lanes<V>(b[l]).value;
#pragma GCC unroll 4
        for (std::size_t k = 0; k < unroll; ++k) sums[k][l] += left[k] * right;
    }
}

/// Sums of the products of the columns a and b, those from the l-th on, over n rows; with the
/// tails the rows behind the last register are among them.
template <typename V>
SHRINKAGE_INLINE void block_dots(const Block& a, const Block& b, std::size_t n, std::size_t l,
                                 const Tails<V>* tails, double (&out)[unroll][unroll]) {
    V sums[unroll][unroll];
// One by one, or they would be cleared in memory.
#pragma GCC unroll 4
    for (std::size_t k = 0; k < unroll; ++k) {
#pragma GCC unroll 4
        for (std::size_t c = 0; c < unroll; ++c) sums[k][c] = V{};
    }
    std::size_t i = 0;
    for (; i + width<V> <= n; i += width<V>) {
        const double* const right[unroll] = {b.columns[0] + i, b.columns[1] + i, b.columns[2] + i,
                                             b.columns[3] + i};
        add_products<V>(a, i, right, sums);
    }
    if (tails != nullptr && tails->rest() > 0) {
        const double* const right[unroll] = {
            tails->of(l), tails->of(l + std::min<std::size_t>(1, b.used - 1)),
            tails->of(l + std::min<std::size_t>(2, b.used - 1)), tails->of(l + b.used - 1)};
        // The register may start before the first of these rows: not before the column.
        Block before = a;
        for (const double*& column : before.columns) column = column + n - width<V>;
        add_products<V>(before, 0, right, sums);
        i = n;
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < unroll; ++k) {
#pragma GCC unroll 4
        for (std::size_t c = 0; c < unroll; ++c) {
            double total = total_of(sums[k][c]);
            for (std::size_t rest = i; rest < n; ++rest)
                total += a.columns[k][rest] * b.columns[c][rest];
            out[k][c] = total;
        }
    }
}

template <typename V>
SHRINKAGE_INLINE void matrix_dots(ColumnPointers columns, ColumnPointers packed, std::size_t rows,
                                  MatrixView out) {
    double sums[unroll][unroll];
    const Tails<V> tails(packed, rows);
    for (std::size_t first = 0; first < rows; first += rows_at_a_time) {
        const std::size_t n = std::min(rows_at_a_time, rows - first);
        const Tails<V>* last = first + n == rows ? &tails : nullptr;
        for (std::size_t k = 0; k < columns.size(); k += unroll) {
            const Block a(columns, k, first);
            for (std::size_t l = 0; l < packed.size(); l += unroll) {
                const Block b(packed, l, first);
                block_dots<V>(a, b, n, l, last, sums);
                for (std::size_t j = 0; j < b.used; ++j) {
                    for (std::size_t i = 0; i < a.used; ++i) out(k + i, l + j) += sums[i][j];
                }
            }
        }
    }
}

/// Where the rows are no multiple of the width, the last ones are read once more with zeros for
/// those that were read before.
template <typename V>
SHRINKAGE_INLINE void vector_dots(ColumnPointers columns, ConstVector v, Vector out) {
    const std::size_t n = v.size();
    const std::size_t rest = n % width<V>;
    const std::size_t whole = n - rest;
    const std::size_t last = n < width<V> ? 0 : n - width<V>;
    double tail[width<V>] = {};
    for (std::size_t i = 0; n >= width<V> && i < rest; ++i) {
        tail[width<V> - rest + i] = v[whole + i];
    }
    for (std::size_t k = 0; k < columns.size(); k += unroll) {
        const Block a(columns, k, 0);
        V even[unroll] = {}, odd[unroll] = {};
        std::size_t i = 0;
        for (; i + 2 * width<V> <= n; i += 2 * width<V>) {
            const V first = lanes<V>(v.data() + i).value,
                    second = lanes<V>(v.data() + i + width<V>).value;
#pragma GCC unroll 4
            for (std::size_t c = 0; c < unroll; ++c) {
                even[c] += lanes<V>(a.columns[c] + i).value * first;
                odd[c] += lanes<V>(a.columns[c] + i + width<V>).value * second;
            }
        }
        if (i < whole) {
            const V first = lanes<V>(v.data() + i).value;
#pragma GCC unroll 4
            for (std::size_t c = 0; c < unroll; ++c)
                even[c] += lanes<V>(a.columns[c] + i).value * first;
        }
        if (n < width<V>) {
            for (std::size_t c = 0; c < a.used; ++c) {
                out[k + c] = 0.0;
                for (std::size_t r = 0; r < n; ++r) out[k + c] += a.columns[c][r] * v[r];
            }
            continue;
        }
        if (rest > 0) {
            const V weights = lanes<V>(tail).value;
#pragma GCC unroll 4
            for (std::size_t c = 0; c < unroll; ++c)
                odd[c] += lanes<V>(a.columns[c] + last).value * weights;
        }
#pragma GCC unroll 4
        for (std::size_t c = 0; c < unroll; ++c) {
            if (c < a.used) out[k + c] = total_of<V>(even[c] + odd[c]);
        }
    }
}

template <typename V>
SHRINKAGE_INLINE void scaled_columns(ColumnPointers columns, ConstVector coefs, Vector y) {
    std::size_t k = 0;
    for (; k + unroll <= columns.size(); k += unroll) {
        const Block a(columns, k, 0);
        const double c[unroll] = {coefs[k], coefs[k + 1], coefs[k + 2], coefs[k + 3]};
        std::size_t i = 0;
        for (; i + width<V> <= y.size(); i += width<V>) {
            Unaligned<V>& target = *reinterpret_cast<Unaligned<V>*>(y.data() + i);
            target.value = ((target.value + c[0] * lanes<V>(a.columns[0] + i).value) +
                            (c[1] * lanes<V>(a.columns[1] + i).value +
                             c[2] * lanes<V>(a.columns[2] + i).value)) +
                           c[3] * lanes<V>(a.columns[3] + i).value;
        }
        for (; i < y.size(); ++i) {
            y[i] = ((y[i] + c[0] * a.columns[0][i]) +
                    (c[1] * a.columns[1][i] + c[2] * a.columns[2][i])) +
                   c[3] * a.columns[3][i];
        }
    }
    for (; k < columns.size(); ++k) {
        for (std::size_t i = 0; i < y.size(); ++i) y[i] += coefs[k] * columns[k][i];
    }
}

constexpr std::size_t gram_height = 6;  // with gram_width columns 24 sums and 7 factors: 31 of the
constexpr std::size_t gram_width = 4;   // 32 registers of AVX-512
constexpr std::size_t gram_rows = 1024;

/// Adds the products of gram_height columns a with gram_width columns b, n rows of each, n a
/// multiple of the lanes; only where k + i >= l + j.
template <typename V>
SHRINKAGE_INLINE void add_gram_block(const double* const* a, const double* const* b, std::size_t n,
                                     std::size_t k, std::size_t l, MatrixView out) {
    V sums[gram_height][gram_width];
#pragma GCC unroll 6
    for (std::size_t i = 0; i < gram_height; ++i) {
#pragma GCC unroll 4
        for (std::size_t j = 0; j < gram_width; ++j) sums[i][j] = V{};
    }
    for (std::size_t row = 0; row < n; row += width<V>) {
        const V left[gram_height] = {lanes<V>(a[0] + row).value, lanes<V>(a[1] + row).value,
                                     lanes<V>(a[2] + row).value, lanes<V>(a[3] + row).value,
                                     lanes<V>(a[4] + row).value, lanes<V>(a[5] + row).value};
#pragma GCC unroll 4
        for (std::size_t j = 0; j < gram_width; ++j) {
            const V right = lanes<V>(b[j] + row).value;
#pragma GCC unroll 6
            for (std::size_t i = 0; i < gram_height; ++i) sums[i][j] += left[i] * right;
        }
    }
#pragma GCC unroll 4
    for (std::size_t j = 0; j < gram_width; ++j) {
#pragma GCC unroll 6
        for (std::size_t i = 0; i < gram_height; ++i) {
            const double total = total_of(sums[i][j]);
            if (k + i < out.rows && l + j <= k + i) out(k + i, l + j) += total;
        }
    }
}

/// Of columns with some at the end repeated, so that any block of them is whole.
template <typename V>
SHRINKAGE_INLINE void add_gram_of(const std::vector<const double*>& columns, std::size_t n,
                                  MatrixView out) {
    for (std::size_t l = 0; l < out.cols; l += gram_width) {
        for (std::size_t k = l / gram_height * gram_height; k < out.rows; k += gram_height)
            add_gram_block<V>(&columns[k], &columns[l], n, k, l, out);
    }
}

template <typename V>
SHRINKAGE_INLINE void gram(ConstMatrixView a, MatrixView out) {
    std::vector<const double*> columns(a.cols + gram_height);
    const auto point_at = [&](const double* from, std::size_t stride) SHRINKAGE_INLINED {
        for (std::size_t k = 0; k < columns.size(); ++k)
            columns[k] = from + std::min(k, a.cols - 1) * stride;
    };
    const std::size_t whole = a.rows / width<V> * width<V>, rest = a.rows - whole;
    for (std::size_t first = 0; first < whole; first += gram_rows) {
        point_at(a.data + first, a.stride);
        add_gram_of<V>(columns, std::min(gram_rows, whole - first), out);
    }
    if (rest == 0) return;
    std::vector<double> tail(a.cols * width<V>, 0.0);
    for (std::size_t k = 0; k < a.cols; ++k)
        std::copy_n(a.data + k * a.stride + whole, rest, &tail[k * width<V>]);
    point_at(tail.data(), width<V>);
    add_gram_of<V>(columns, width<V>, out);
}

// One function for each kernel and instruction set.
#define SHRINKAGE_KERNELS(suffix, target_attribute, V)                                        \
    target_attribute void matrix_dots_##suffix(ColumnPointers columns, ColumnPointers packed, \
                                               std::size_t rows, MatrixView out) {            \
        matrix_dots<V>(columns, packed, rows, out);                                           \
    }                                                                                         \
    target_attribute void vector_dots_##suffix(ColumnPointers columns, ConstVector v,         \
                                               Vector out) {                                  \
        vector_dots<V>(columns, v, out);                                                      \
    }                                                                                         \
    target_attribute void scaled_columns_##suffix(ColumnPointers columns, ConstVector coefs,  \
                                                  Vector y) {                                 \
        scaled_columns<V>(columns, coefs, y);                                                 \
    }

SHRINKAGE_KERNELS(plain, , Two)
#if SHRINKAGE_X86
SHRINKAGE_KERNELS(avx2, SHRINKAGE_AVX2, Four)
SHRINKAGE_KERNELS(avx512, SHRINKAGE_AVX512, Eight)

SHRINKAGE_AVX512 void gram_avx512(ConstMatrixView a, MatrixView out) { gram<Eight>(a, out); }
#endif

}  // namespace

void column_dots(ColumnPointers columns, ConstVector v, Vector out) {
    SHRINKAGE_DISPATCH(simd(), vector_dots, columns, v, out);
}

void add_column_dots(ColumnPointers columns, ColumnPointers packed, std::size_t rows,
                     MatrixView out) {
    for (std::size_t first = 0; first < packed.size(); first += most_packed) {
        const ColumnPointers right =
            packed.subspan(first, std::min(most_packed, packed.size() - first));
        const MatrixView part{&out(0, first), out.rows, right.size(), out.stride};
        const auto run = [&] {
            SHRINKAGE_DISPATCH(simd(), matrix_dots, columns, right, rows, part);
        };
        run();
    }
}

void add_column_dots(ColumnPointers columns, ConstMatrixView packed, MatrixView out) {
    std::vector<const double*> right(packed.cols);
    for (std::size_t l = 0; l < packed.cols; ++l) right[l] = packed.column(l).data();
    add_column_dots(columns, right, packed.rows, out);
}

bool add_unpacked_gram(ConstMatrixView a, MatrixView out) {
#if SHRINKAGE_X86
    if (simd() == Simd::avx512 && a.cols > 0) {
        gram_avx512(a, out);
        return true;
    }
#endif
    return false;
}

void add_scaled_columns(ColumnPointers columns, ConstVector coefs, Vector y) {
    SHRINKAGE_DISPATCH(simd(), scaled_columns, columns, coefs, y);
}

}  // namespace shrinkage
