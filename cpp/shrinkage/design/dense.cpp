#include "shrinkage/design/dense.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/linalg/scattered.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t column_block = 128;  // columns per task of a skinny Gram matrix
constexpr std::size_t fewest_dots = 32;    // columns per task of a product with X', at least
constexpr std::size_t most_dots = 128;     // and at most
constexpr std::size_t task_rows = 2048;    // rows per task of a product with X
constexpr std::size_t widest_tile = 256;   // columns per tile of a Gram matrix, at most
constexpr std::size_t packed_rows = 512;   // rows packed at a time, so that two tiles stay in cache
constexpr std::size_t plain_rows = 2048;   // rows of a block that needs no packing
constexpr std::size_t skinny = 48;         // columns up to which they alone are packed
constexpr std::size_t skinny_rows = 8192;  // rows packed at a time then
constexpr std::size_t enough_tasks = 16;   // tiles are cut by rows until there are as many tasks

constexpr std::size_t cached_rows = 128;    // rows of a block that is swept, at least
constexpr std::size_t cached_size = 49152;  // and numbers in it: 3/8 of a second-level cache
constexpr std::size_t sweep_tasks = 32;

std::size_t blocks(std::size_t size, std::size_t block) { return (size + block - 1) / block; }

/// Columns per task of a product with X': some thirty tasks, where there are enough.
std::size_t dots_share(std::size_t columns) {
    return std::clamp(blocks(columns / 32, 4) * 4, fewest_dots, most_dots);
}

/// Columns per tile, so that all tiles but the last are alike and full registers wide.
std::size_t even_tile(std::size_t columns) {
    const std::size_t width =
        blocks(columns, std::max<std::size_t>(blocks(columns, widest_tile), 1));
    return std::max<std::size_t>(blocks(width, 8) * 8, 8);
}

/// out += x'v
void add_dots(ConstMatrixView x, ConstVector v, Vector out) {
    std::vector<const double*> columns(x.cols);
    for (std::size_t k = 0; k < x.cols; ++k) columns[k] = x.column(k).data();
    std::vector<double> products(x.cols);
    column_dots(columns, v, products);
    for (std::size_t k = 0; k < x.cols; ++k) out[k] += products[k];
}

Moments moments(ConstVector x, ConstVector weights) {
    Moments m;
    double first = 0.0;
    bool seen = false;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (weights[i] == 0.0) continue;
        if (!seen) first = x[i];
        seen = true;
        m.constant = m.constant && x[i] == first;
    }
    m.mean = dot(x, weights);
    double variance = 0.0;
    double drift = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double c = x[i] - m.mean;
        variance += weights[i] * c * c;
        drift += weights[i] * c;
    }
    m.mean += drift;
    m.deviation = std::sqrt(std::max(variance - drift * drift, 0.0));
    return m;
}

}  // namespace

Columns describe_columns(ConstMatrixView x, ConstVector weights, bool intercept, bool standardize,
                         const Context& context) {
    Columns columns = plain_columns(x.cols);
    if (!intercept && !standardize) return columns;
    const Team threads =
        context.threads_for(6.0 * static_cast<double>(x.rows) * static_cast<double>(x.cols));
    parallel_for(blocks(x.cols, fewest_dots), threads, [&](std::size_t task) {
        const std::size_t last = std::min(x.cols, (task + 1) * fewest_dots);
        for (std::size_t j = task * fewest_dots; j < last; ++j) {
            context.check();
            const Moments m = moments(x.column(j), weights);
            if (!std::isfinite(m.mean)) refuse_entries();
            columns.set(j, m, intercept, standardize);
        }
    });
    return columns;
}

void DenseDesign::transposed_product(ConstVector v, const Context& context, Vector out) const {
    const double total = sum(v);
    const Team threads =
        context.threads_for(2.0 * static_cast<double>(rows()) * static_cast<double>(cols()));
    const std::size_t share = dots_share(cols());
    parallel_for(blocks(cols(), share), threads, [&](std::size_t task) {
        const std::size_t first = task * share;
        const std::size_t count = std::min(share, cols() - first);
        const double* x[most_dots];
        for (std::size_t k = 0; k < count; ++k) x[k] = x_.data + (first + k) * x_.stride;
        column_dots({x, count}, v, out.subspan(first, count));
        if (as_they_are_) return;
        for (std::size_t j = first; j < first + count; ++j) out[j] = penalized(j, out[j], total);
    });
}

void DenseDesign::transposed_products(ConstMatrixView v, const Context& context,
                                      MatrixView out) const {
    std::vector<double> totals(v.cols);
    for (std::size_t l = 0; l < v.cols; ++l) totals[l] = sum(v.column(l));
    const double flops = 2.0 * static_cast<double>(rows() * v.cols) * static_cast<double>(cols());
    const std::size_t share = dots_share(cols());
    parallel_for(blocks(cols(), share), context.threads_for(flops), [&](std::size_t task) {
        context.check();
        const std::size_t first = task * share;
        const std::size_t count = std::min(share, cols() - first);
        const double* x[most_dots];
        for (std::size_t k = 0; k < count; ++k) x[k] = x_.data + (first + k) * x_.stride;
        for (std::size_t l = 0; l < v.cols; ++l) std::fill_n(&out(first, l), count, 0.0);
        add_column_dots({x, count}, v, {&out(first, 0), count, v.cols, out.stride});
        for (std::size_t l = 0; l < v.cols && !as_they_are_; ++l) {
            for (std::size_t j = first; j < first + count; ++j)
                out(j, l) = penalized(j, out(j, l), totals[l]);
        }
    });
}

std::size_t DenseDesign::row_blocks(std::size_t n_columns) const {
    const std::size_t fitting = cached_size / std::max<std::size_t>(n_columns, 1) / 8 * 8;
    return blocks(rows(), std::max(cached_rows, fitting));
}

void DenseDesign::sweep(const Steps& steps, const VisitRows& visit, const Context& context,
                        MatrixView out) const {
    const std::size_t width = steps.columns.size(), points = steps.eta.size();
    const std::size_t n_blocks = row_blocks(width);
    const std::size_t height = 8 * blocks(blocks(rows(), n_blocks), 8);
    struct Move {  // of a point: along which of the columns, how far
        std::vector<std::size_t> columns;
        std::vector<double> slopes;
        double shift;
    };
    std::vector<Move> moves(points);
    for (std::size_t k = 0; k < points; ++k) {
        moves[k].shift = steps.shifts[k];
        for (std::size_t l = 0; l < width; ++l) {
            const std::size_t j = steps.columns[l];
            if (steps.coefs(l, k) == 0.0 || !usable(j)) continue;
            moves[k].columns.push_back(j);
            moves[k].slopes.push_back(steps.coefs(l, k) / scale(j));
            moves[k].shift -= moves[k].slopes.back() * center(j);
        }
    }
    // A task has blocks of its own, one behind the other; its sums are added in the tasks' order.
    const std::size_t n_tasks = std::min(sweep_tasks, n_blocks);
    std::vector<std::vector<double>> partial(n_tasks), totals(n_tasks);
    const auto run = [&](std::size_t task) {
        partial[task].assign(width * points, 0.0);
        totals[task].assign(points, 0.0);
        std::vector<const double*> x, v(points);
        const auto point_at = [&](Indices columns, std::size_t row) {
            x.clear();
            for (const std::size_t j : columns) x.push_back(x_.data + j * x_.stride + row);
        };
        for (std::size_t b = task * n_blocks / n_tasks; b < (task + 1) * n_blocks / n_tasks; ++b) {
            context.check();
            const std::size_t first = std::min(rows(), b * height);
            const std::size_t count = std::min(height, rows() - first);
            for (std::size_t k = 0; k < points; ++k) {
                const Vector eta(steps.eta[k] + first, count);
                point_at(moves[k].columns, first);
                add_scaled_columns(x, moves[k].slopes, eta);
                for (double& e : eta) e += moves[k].shift;
                v[k] = steps.v[k] + first;
            }
            visit(b, first, count);
            point_at(steps.columns, first);
            add_column_dots(x, v, count, {partial[task].data(), width, points, width});
            for (std::size_t k = 0; k < points; ++k) totals[task][k] += sum({v[k], count});
        }
    };
    const double flops = 4.0 * static_cast<double>(rows()) * static_cast<double>(width * points);
    parallel_for(n_tasks, context.threads_for(flops), run);
    for (std::size_t k = 0; k < points; ++k) {
        double total = 0.0;
        for (const auto& part : totals) total += part[k];
        for (std::size_t l = 0; l < width; ++l) {
            double product = 0.0;
            for (const auto& part : partial) product += part[l + k * width];
            out(l, k) = penalized(steps.columns[l], product, total);
        }
    }
}

void DenseDesign::column_products(Indices columns, ConstVector v, const Context& context,
                                  Vector out) const {
    const double total = sum(v);
    const Team threads = context.threads_for(2.0 * static_cast<double>(rows()) *
                                             static_cast<double>(columns.size()));
    const std::size_t share = dots_share(columns.size());
    parallel_for(blocks(columns.size(), share), threads, [&](std::size_t task) {
        const std::size_t first = task * share;
        const std::size_t count = std::min(share, columns.size() - first);
        const double* x[most_dots];
        double products[most_dots];
        for (std::size_t k = 0; k < count; ++k) x[k] = x_.data + columns[first + k] * x_.stride;
        column_dots({x, count}, v, {products, count});
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t j = columns[first + k];
            out[j] = penalized(j, products[k], total);
        }
    });
}

double DenseDesign::column_product(std::size_t j, ConstVector v) const {
    if (!usable(j)) return 0.0;
    return penalized(j, dot(x_.column(j), v), center(j) == 0.0 ? 0.0 : sum(v));
}

void DenseDesign::add_columns(Indices columns, ConstVector coefs, const Context& context,
                              Vector out) const {
    double shift = 0.0;
    std::vector<const double*> x;
    std::vector<double> slopes;
    for (std::size_t k = 0; k < columns.size(); ++k) {
        const std::size_t j = columns[k];
        if (coefs[k] == 0.0 || !usable(j)) continue;
        x.push_back(x_.data + j * x_.stride);
        slopes.push_back(coefs[k] / scale(j));
        shift += slopes.back() * center(j);
    }
    const double flops = 2.0 * static_cast<double>(rows()) * static_cast<double>(x.size());
    parallel_for(blocks(rows(), task_rows), context.threads_for(flops), [&](std::size_t task) {
        const std::size_t first = task * task_rows;
        const Vector part = out.subspan(first, std::min(task_rows, rows() - first));
        std::vector<const double*> rows_of(x);
        for (const double*& column : rows_of) column += first;
        add_scaled_columns(rows_of, slopes, part);
        if (shift != 0.0) {
            for (double& o : part) o -= shift;
        }
    });
}

/// Some rows of columns times a factor; without a list the factor's rows are all rows.
void DenseDesign::pack(Indices columns, ConstVector factor, Indices listed, std::size_t first,
                       std::size_t count, double* out) const {
    for (const std::size_t j : columns) {
        const double* x = x_.data + j * x_.stride;
        const double* r = factor.data() + first;
        const double m = center(j);
        const double inverse = usable(j) ? 1.0 / scale(j) : 0.0;
        if (listed.empty()) {
            for (std::size_t i = 0; i < count; ++i) out[i] = (x[first + i] - m) * inverse * r[i];
        } else {
            const std::size_t* row = listed.data() + first;
            for (std::size_t i = 0; i < count; ++i) out[i] = (x[row[i]] - m) * inverse * r[i];
        }
        out += count;
    }
}

/// Few columns b against many columns a: b is packed with its weights, a is read where it lies.
void DenseDesign::skinny_gram(Indices a, Indices b, ConstVector d, const Context& context,
                              MatrixView out) const {
    std::vector<double> packed(std::min(rows(), skinny_rows) * b.size());
    std::vector<double> totals(b.size(), 0.0);
    const std::size_t tasks = blocks(a.size(), column_block);
    for (std::size_t l = 0; l < b.size(); ++l) std::fill_n(&out(0, l), a.size(), 0.0);
    for (std::size_t first = 0; first < rows(); first += skinny_rows) {
        context.check();
        const std::size_t count = std::min(skinny_rows, rows() - first);
        pack(b, d, {}, first, count, packed.data());
        const ConstMatrixView right{packed.data(), count, b.size(), count};
        for (std::size_t l = 0; l < b.size(); ++l) totals[l] += sum(right.column(l));
        const double flops =
            2.0 * static_cast<double>(count * b.size()) * static_cast<double>(a.size());
        parallel_for(tasks, context.threads_for(flops), [&](std::size_t task) {
            const std::size_t begin = task * column_block;
            const std::size_t size = std::min(column_block, a.size() - begin);
            const double* left[column_block];
            for (std::size_t k = 0; k < size; ++k)
                left[k] = x_.data + a[begin + k] * x_.stride + first;
            add_column_dots({left, size}, right, {&out(begin, 0), size, b.size(), out.stride});
        });
    }
    for (std::size_t l = 0; l < b.size(); ++l) {
        for (std::size_t k = 0; k < a.size(); ++k) {
            const std::size_t j = a[k];
            out(k, l) = penalized(j, out(k, l), totals[l]);
        }
    }
}

/// Whether the columns lie side by side with nothing to be centred, scaled or weighted.
bool DenseDesign::plain(Indices columns, ConstVector d) const {
    if (!as_they_are_) return false;
    for (std::size_t k = 0; k < columns.size(); ++k) {
        if (columns[k] != columns[0] + k) return false;
    }
    return std::all_of(d.begin(), d.end(), [&](double weight) { return weight == d[0]; });
}

void DenseDesign::gram(Indices a, Indices b, ConstVector d, const Context& context,
                       MatrixView out) const {
    const bool symmetric = a.data() == b.data() && a.size() == b.size();
    if (!symmetric && b.size() <= skinny) return skinny_gram(a, b, d, context, out);
    if (a.empty() || b.empty() || d.empty()) return;
    const auto used =
        std::count_if(d.begin(), d.end(), [](double weight) { return weight != 0.0; });
    const bool some = 2 * static_cast<std::size_t>(used) < d.size() ||
                      std::any_of(d.begin(), d.end(), [](double weight) { return weight < 0.0; });
    if (symmetric && some) return gram_of_some(a, d, context, out);
    full_gram(a, b, d, {}, context, out, nullptr);
}

/// Only rows of a weight that is not zero are read: those above it, and, taken off, those below.
void DenseDesign::gram_of_some(Indices a, ConstVector d, const Context& context,
                               MatrixView out) const {
    std::vector<std::size_t> above, below;
    for (std::size_t i = 0; i < d.size(); ++i) {
        if (d[i] != 0.0) (d[i] > 0.0 ? above : below).push_back(i);
    }
    for (std::size_t l = 0; l < a.size(); ++l) std::fill_n(&out(l, l), a.size() - l, 0.0);
    if (!above.empty()) full_gram(a, a, d, above, context, out, nullptr);
    if (below.empty()) return;
    std::vector<double> off(a.size() * a.size());
    full_gram(a, a, d, below, context, {off.data(), a.size(), a.size(), a.size()}, nullptr);
    for (std::size_t l = 0; l < a.size(); ++l) {
        for (std::size_t k = l; k < a.size(); ++k) out(k, l) -= off[k + l * a.size()];
    }
}

void DenseDesign::gram_and_products(Indices a, ConstVector d, ConstVector v, const Context& context,
                                    MatrixView out, Vector g) const {
    const Along along{v, g};
    const bool together = !a.empty() && plain(a, d);
    if (together) return full_gram(a, a, d, {}, context, out, &along);
    gram(a, a, d, context, out);
    column_products(a, v, context, g);
}

void DenseDesign::full_gram(Indices a, Indices b, ConstVector d, Indices listed,
                            const Context& context, MatrixView out, const Along* along) const {
    const bool symmetric = a.data() == b.data() && a.size() == b.size();
    const bool as_it_lies = listed.empty() && plain(a, d) && (symmetric || plain(b, d));
    const double factor = as_it_lies ? d[0] : 1.0;
    const std::size_t n_rows = listed.empty() ? rows() : listed.size();
    std::vector<double> root(as_it_lies ? 0 : n_rows);
    for (std::size_t i = 0; i < root.size(); ++i)
        root[i] = std::sqrt(std::abs(d[listed.empty() ? i : listed[i]]));
    struct Tile {
        std::size_t a, b;
    };
    const std::size_t tallest = even_tile(a.size()), widest = even_tile(b.size());
    std::vector<Tile> tiles;
    for (std::size_t l = 0; l < b.size(); l += widest) {
        for (std::size_t k = symmetric ? l : 0; k < a.size(); k += tallest) tiles.push_back({k, l});
    }
    // Tasks are (tile, block of rows); partial sums are added in order, whatever thread made them.
    const std::size_t chunk = as_it_lies ? plain_rows : packed_rows;
    const std::size_t n_blocks =
        std::clamp<std::size_t>(blocks(enough_tasks, tiles.size()), 1, blocks(n_rows, chunk));
    const std::size_t row_block = 64 * blocks(blocks(n_rows, n_blocks), 64);
    std::vector<std::vector<double>> partial(tiles.size() * n_blocks), dots(partial.size());
    const auto run = [&](std::size_t task) {
        const Tile t = tiles[task / n_blocks];
        const std::size_t begin = std::min(n_rows, (task % n_blocks) * row_block);
        const std::size_t end = std::min(n_rows, begin + row_block);
        const Indices left = a.subspan(t.a, std::min(tallest, a.size() - t.a));
        const Indices right = b.subspan(t.b, std::min(widest, b.size() - t.b));
        const bool diagonal = symmetric && t.a == t.b;
        if (along != nullptr && diagonal) dots[task].assign(left.size(), 0.0);
        std::vector<double>& total = partial[task];
        total.assign(left.size() * right.size(), 0.0);
        const MatrixView c{total.data(), left.size(), right.size(), left.size()};
        std::vector<double> lhs(as_it_lies ? 0 : left.size() * chunk);
        std::vector<double> rhs(as_it_lies || diagonal ? 0 : right.size() * chunk);
        const auto part = [&](Indices columns, std::size_t first, std::size_t count,
                              std::vector<double>& packed) -> ConstMatrixView {
            if (as_it_lies) return x_.block(first, count, columns[0], columns.size());
            pack(columns, root, listed, first, count, packed.data());
            return {packed.data(), count, columns.size(), count};
        };
        for (std::size_t i = begin; i < end; i += chunk) {
            context.check();
            const std::size_t count = std::min(chunk, end - i);
            const ConstMatrixView l = part(left, i, count, lhs);
            if (diagonal) {
                add_gram(l, c);
                if (along != nullptr) add_dots(l, along->v.subspan(i, count), dots[task]);
            } else {
                add_cross_product(l, part(right, i, count, rhs), c);
            }
        }
    };
    const double flops = 2.0 * static_cast<double>(n_rows) * static_cast<double>(a.size()) *
                         static_cast<double>(b.size());
    parallel_for(partial.size(), context.threads_for(flops), run);
    for (std::size_t task = 0; task < dots.size(); ++task) {
        const std::size_t first = tiles[task / n_blocks].a;
        for (std::size_t k = 0; k < dots[task].size(); ++k) {
            double& o = along->out[a[first + k]];
            o = (task % n_blocks == 0 ? 0.0 : o) + dots[task][k];
        }
    }
    for (std::size_t t = 0; t < tiles.size(); ++t) {
        const std::size_t height = std::min(tallest, a.size() - tiles[t].a);
        const std::size_t width = std::min(widest, b.size() - tiles[t].b);
        const bool diagonal = symmetric && tiles[t].a == tiles[t].b;
        for (std::size_t l = 0; l < width; ++l) {
            for (std::size_t k = diagonal ? l : 0; k < height; ++k) {
                double total = 0.0;
                for (std::size_t block = 0; block < n_blocks; ++block) {
                    total += partial[t * n_blocks + block][k + l * height];
                }
                out(tiles[t].a + k, tiles[t].b + l) = factor * total;
            }
        }
    }
}

void DenseDesign::kernel(ConstVector factors, const Context& context, MatrixView out) const {
    constexpr std::size_t parts = 4;  // partial sums, added in order
    const std::size_t n = rows();
    std::vector<std::vector<double>> partial(parts);
    const std::size_t share = blocks(cols(), parts);
    parallel_for(
        parts, context.threads_for(static_cast<double>(n * n) * static_cast<double>(cols())),
        [&](std::size_t part) {
            partial[part].assign(n * n, 0.0);
            std::vector<double> rows_of(column_block * n);
            const std::size_t end = std::min(cols(), (part + 1) * share);
            for (std::size_t first = part * share; first < end; first += column_block) {
                context.check();
                const std::size_t count = std::min(column_block, end - first);
                for (std::size_t k = 0; k < count; ++k) {
                    const std::size_t j = first + k;
                    const double unit = usable(j) ? 1.0 / (scale(j) * std::sqrt(factors[j])) : 0.0;
                    for (std::size_t i = 0; i < n; ++i) {
                        rows_of[k + i * count] = (x_(i, j) - center(j)) * unit;
                    }
                }
                add_gram({rows_of.data(), count, n, count}, {partial[part].data(), n, n, n});
            }
        });
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = j; i < n; ++i) {
            double total = 0.0;
            for (const auto& p : partial) total += p[i + j * n];
            out(i, j) = out(j, i) = total;
        }
    }
}

}  // namespace shrinkage
