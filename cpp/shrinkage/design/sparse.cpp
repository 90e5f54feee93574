#include "shrinkage/design/sparse.hpp"

#include <algorithm>
#include <cmath>

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
    std::vector<double> shift(a.size());  // x_a'd
    double entries = 0.0;
    for (std::size_t k = 0; k < a.size(); ++k) {
        for_column(x_, a[k], [&](std::size_t i, double value) {
            shift[k] += value * d[i];
            entries += 1.0;
        });
    }
    // A task scatters one column of b at a time, so that each of a costs its own entries only.
    constexpr std::size_t share = 16;
    const auto run = [&](std::size_t task) {
        std::vector<double> scattered(rows(), 0.0);
        const std::size_t last = std::min(b.size(), (task + 1) * share);
        for (std::size_t l = task * share; l < last; ++l) {
            context.check();
            double other = 0.0;  // x_b'd
            for_column(x_, b[l], [&](std::size_t i, double value) {
                scattered[i] = value * d[i];
                other += scattered[i];
            });
            const double m = center(b[l]);
            for (std::size_t k = symmetric ? l : 0; k < a.size(); ++k) {
                const std::size_t j = a[k];
                const bool both = usable(j) && usable(b[l]);
                const double raw = both ? raw_product(j, scattered) : 0.0;
                const double centred = raw - center(j) * other - m * (shift[k] - center(j) * total);
                out(k, l) = both ? centred / (scale(j) * scale(b[l])) : 0.0;
            }
            for_column(x_, b[l], [&](std::size_t i, double) { scattered[i] = 0.0; });
        }
    };
    parallel_for(blocks(b.size(), share),
                 context.threads_for(2.0 * entries * static_cast<double>(b.size())), run);
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
