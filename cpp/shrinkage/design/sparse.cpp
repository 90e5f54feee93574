#include "shrinkage/design/sparse.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/linalg/dense.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t column_block = 256;  // columns per task

std::size_t blocks(std::size_t size, std::size_t block) { return (size + block - 1) / block; }

/// Calls visit(row, value) for every stored entry of column j.
template <typename Visit>
void for_column(const SparseView& x, std::size_t j, const Visit& visit) {
    std::visit(
        [&](const auto& parts) {
            const auto begin = static_cast<std::size_t>(parts.starts[j]);
            const auto end = static_cast<std::size_t>(parts.starts[j + 1]);
            for (std::size_t k = begin; k < end; ++k) {
                visit(static_cast<std::size_t>(parts.indices[k]), x.values[k]);
            }
        },
        x.parts);
}

/// The entries of some columns, row by row: column k of the list is slot k.
class RowLists {
public:
    RowLists(const SparseView& x, Indices columns) : starts_(x.rows + 1, 0) {
        for (const std::size_t j : columns) {
            for_column(x, j, [&](std::size_t i, double) { ++starts_[i + 1]; });
        }
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        entries_.resize(starts_.back());
        std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
        for (std::size_t k = 0; k < columns.size(); ++k) {
            for_column(x, columns[k], [&](std::size_t i, double value) {
                entries_[next[i]++] = {static_cast<std::uint32_t>(k), value};
            });
        }
    }

    /// out[slot] += factor * value for the entries of row i from slot first on.
    void add(std::size_t i, double factor, std::size_t first, double* out) const {
        for (std::size_t e = starts_[i + 1]; e > starts_[i]; --e) {
            const Entry& entry = entries_[e - 1];
            if (entry.slot < first) return;
            out[entry.slot] += factor * entry.value;
        }
    }

private:
    struct Entry {
        std::uint32_t slot;
        double value;
    };
    std::vector<std::size_t> starts_;
    std::vector<Entry> entries_;
};

/// Two passes over the stored entries; rows without one count as zeros through their weight.
Moments moments(const SparseView& x, std::size_t j, ConstVector weights, std::size_t n_weighted) {
    Moments m;
    std::size_t stored = 0;
    double first = 0.0;
    double weight = 0.0;
    bool constant = true;
    for_column(x, j, [&](std::size_t i, double value) {
        if (weights[i] == 0.0) return;
        if (stored == 0) first = value;
        ++stored;
        constant = constant && value == first;
        m.mean += weights[i] * value;
        weight += weights[i];
    });
    m.constant = stored == 0 || (constant && (stored == n_weighted || first == 0.0));
    const double unstored = stored == n_weighted ? 0.0 : std::max(1.0 - weight, 0.0);
    double variance = unstored * m.mean * m.mean;
    for_column(x, j, [&](std::size_t i, double value) {
        variance += weights[i] * (value - m.mean) * (value - m.mean);
    });
    m.deviation = std::sqrt(variance);
    return m;
}

}  // namespace

Columns describe_columns(const SparseView& x, ConstVector weights, bool intercept, bool standardize,
                         const Context& context) {
    Columns columns = plain_columns(x.cols);
    if (!intercept && !standardize) return columns;
    std::size_t n_weighted = 0;
    for (const double w : weights) n_weighted += w > 0.0;
    parallel_for(blocks(x.cols, column_block),
                 context.threads_for(4.0 * static_cast<double>(x.values.size())),
                 [&](std::size_t task) {
                     context.check();
                     const std::size_t last = std::min(x.cols, (task + 1) * column_block);
                     for (std::size_t j = task * column_block; j < last; ++j) {
                         columns.set(j, moments(x, j, weights, n_weighted), intercept, standardize);
                     }
                 });
    return columns;
}

double SparseDesign::raw_product(std::size_t j, ConstVector v) const {
    double total = 0.0;
    for_column(x_, j, [&](std::size_t i, double value) { total += value * v[i]; });
    return total;
}

std::size_t SparseDesign::entries(Indices columns) const {
    return std::visit(
        [&](const auto& parts) {
            std::size_t total = 0;
            for (const std::size_t j : columns) {
                total += static_cast<std::size_t>(parts.starts[j + 1] - parts.starts[j]);
            }
            return total;
        },
        x_.parts);
}

void SparseDesign::transposed_product(ConstVector v, const Context& context, Vector out) const {
    const double total = sum(v);
    parallel_for(blocks(cols(), column_block),
                 context.threads_for(2.0 * static_cast<double>(x_.values.size())),
                 [&](std::size_t task) {
                     const std::size_t last = std::min(cols(), (task + 1) * column_block);
                     for (std::size_t j = task * column_block; j < last; ++j) {
                         out[j] = penalized(j, raw_product(j, v), total);
                     }
                 });
}

void SparseDesign::transposed_products(ConstMatrixView v, const Context& context,
                                       MatrixView out) const {
    constexpr std::size_t group =
        4;  // vectors that lie side by side: a row of them is read at once
    std::vector<double> side_by_side(rows() * group);
    for (std::size_t l = 0; l < v.cols; l += group) {
        const std::size_t width = std::min(group, v.cols - l);
        double totals[group];
        for (std::size_t k = 0; k < group; ++k) {
            const ConstVector one = v.column(l + std::min(k, width - 1));
            for (std::size_t i = 0; i < rows(); ++i) side_by_side[i * group + k] = one[i];
            totals[k] = sum(one);
        }
        const auto run = [&](std::size_t task) {
            context.check();
            const std::size_t last = std::min(cols(), (task + 1) * column_block);
            for (std::size_t j = task * column_block; j < last; ++j) {
                double products[group] = {};
                for_column(x_, j, [&](std::size_t i, double value) {
                    const double* row = &side_by_side[i * group];
                    for (std::size_t k = 0; k < group; ++k) products[k] += value * row[k];
                });
                for (std::size_t k = 0; k < width; ++k)
                    out(j, l + k) = penalized(j, products[k], totals[k]);
            }
        };
        parallel_for(blocks(cols(), column_block),
                     context.threads_for(4.0 * static_cast<double>(x_.values.size())), run);
    }
}

/// Its columns do not lie row by row: one thing is done after the other.
void SparseDesign::sweep(const Steps& steps, const VisitRows& visit, const Context& context,
                         MatrixView out) const {
    for (std::size_t k = 0; k < steps.eta.size(); ++k) {
        const Vector eta(steps.eta[k], rows());
        add_columns(steps.columns, steps.coefs.column(k), context, eta);
        for (double& e : eta) e += steps.shifts[k];
    }
    parallel_for(row_blocks(0), context.threads_for(20.0 * static_cast<double>(rows())),
                 [&](std::size_t b) {
                     const std::size_t first = b * sweep_rows;
                     visit(b, first, std::min(sweep_rows, rows() - first));
                 });
    for (std::size_t k = 0; k < steps.eta.size(); ++k) {
        const ConstVector v(steps.v[k], rows());
        const double total = sum(v);
        for (std::size_t l = 0; l < steps.columns.size(); ++l) {
            const std::size_t j = steps.columns[l];
            out(l, k) = penalized(j, raw_product(j, v), total);
        }
    }
}

void SparseDesign::column_products(Indices columns, ConstVector v, const Context& context,
                                   Vector out) const {
    const double total = sum(v);
    const double entries = 2.0 * static_cast<double>(x_.values.size()) *
                           static_cast<double>(columns.size()) / static_cast<double>(cols());
    parallel_for(blocks(columns.size(), column_block), context.threads_for(entries),
                 [&](std::size_t task) {
                     const std::size_t last = std::min(columns.size(), (task + 1) * column_block);
                     for (std::size_t k = task * column_block; k < last; ++k) {
                         const std::size_t j = columns[k];
                         out[j] = penalized(j, raw_product(j, v), total);
                     }
                 });
}

double SparseDesign::column_product(std::size_t j, ConstVector v) const {
    if (!usable(j)) return 0.0;
    return penalized(j, raw_product(j, v), center(j) == 0.0 ? 0.0 : sum(v));
}

void SparseDesign::add_columns(Indices columns, ConstVector coefs, const Context&,
                               Vector out) const {
    double shift = 0.0;
    for (std::size_t k = 0; k < columns.size(); ++k) {
        const std::size_t j = columns[k];
        if (coefs[k] == 0.0 || !usable(j)) continue;
        const double slope = coefs[k] / scale(j);
        for_column(x_, j, [&](std::size_t i, double value) { out[i] += slope * value; });
        shift += slope * center(j);
    }
    if (shift != 0.0) {
        for (double& o : out) o -= shift;
    }
}

void SparseDesign::gram(Indices a, Indices b, ConstVector d, const Context& context,
                        MatrixView out) const {
    const bool symmetric = a.data() == b.data() && a.size() == b.size();
    const double total = sum(d);
    const RowLists rows_of_a(x_, a);
    std::vector<double> shift(a.size());  // x_a'd
    for (std::size_t k = 0; k < a.size(); ++k) shift[k] = raw_product(a[k], d);
    // A row adds the product of its entries: what it costs are the entries, not the columns.
    constexpr std::size_t share = 16;
    const auto run = [&](std::size_t task) {
        const std::size_t last = std::min(b.size(), (task + 1) * share);
        for (std::size_t l = task * share; l < last; ++l) {
            context.check();
            const std::size_t first = symmetric ? l : 0;
            double* column = &out(0, l);
            std::fill(column + first, column + a.size(), 0.0);
            double other = 0.0;  // x_b'd
            for_column(x_, b[l], [&](std::size_t i, double value) {
                const double weighted = value * d[i];
                if (weighted == 0.0) return;
                other += weighted;
                rows_of_a.add(i, weighted, first, column);
            });
            const double m = center(b[l]);
            const double unit = usable(b[l]) ? 1.0 / scale(b[l]) : 0.0;
            for (std::size_t k = first; k < a.size(); ++k) {
                const std::size_t j = a[k];
                const double centred =
                    column[k] - center(j) * other - m * (shift[k] - center(j) * total);
                column[k] = usable(j) ? centred * unit / scale(j) : 0.0;
            }
        }
    };
    parallel_for(blocks(b.size(), share), context.threads_for(gram_cost(a, b)), run);
}

/// A row that has e of the entries of a set of columns costs e^2; rows are not alike, so twice the
/// mean.
double SparseDesign::gram_cost(Indices a, Indices b) const {
    const double ea = static_cast<double>(entries(a)), eb = static_cast<double>(entries(b));
    return 2.0 * ea * eb / static_cast<double>(rows()) + 4.0 * (ea + eb) +
           static_cast<double>(a.size() * b.size());
}

void SparseDesign::kernel(ConstVector factors, const Context& context, MatrixView out) const {
    for (std::size_t j = 0; j < out.cols; ++j) std::fill_n(&out(0, j), out.rows, 0.0);
    std::vector<double> shift(rows(), 0.0);
    double constant = 0.0;
    for (std::size_t j = 0; j < cols(); ++j) {
        if (!usable(j)) continue;
        context.check();
        const double unit = 1.0 / (scale(j) * scale(j) * factors[j]);
        const double m = center(j);
        for_column(x_, j, [&](std::size_t i, double value) {
            shift[i] += unit * m * value;
            for_column(x_, j, [&](std::size_t k, double other) {
                if (k >= i) out(k, i) += unit * value * other;
            });
        });
        constant += unit * m * m;
    }
    for (std::size_t j = 0; j < rows(); ++j) {
        for (std::size_t i = j; i < rows(); ++i) {
            out(i, j) += constant - shift[i] - shift[j];
            out(j, i) = out(i, j);
        }
    }
}

}  // namespace shrinkage
