// A quadratic b'Gb / 2 - q'b restricted to a working set of columns, seen through its negative
// gradient h = q - G b: once with the Gram matrix in memory, once through the residual.
#pragma once

#include <algorithm>
#include <concepts>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/linalg/scattered.hpp"

namespace shrinkage {

///   size()                  columns in the working set; slot k holds column feature(k)
///   diagonal(k)             G_kk
///   gradient(k)             h_k at the current point
///   move(k, delta)          b_k += delta
///   move(slots, deltas, context)
///                           the same for many at once
///   inner(k, slots, out)    G(k, slots)
template <typename M>
concept QuadraticModel = requires(M m, std::size_t k, double x, Indices slots, ConstVector v,
                                  Vector out, const Context context) {
    { m.size() } -> std::same_as<std::size_t>;
    { m.feature(k) } -> std::same_as<std::size_t>;
    { m.diagonal(k) } -> std::same_as<double>;
    { m.gradient(k) } -> std::same_as<double>;
    m.move(k, x);
    m.move(slots, v, context);
    m.inner(k, slots, out);
};

/// Which columns are in the working set, and where.
class WorkingSet {
public:
    static constexpr std::size_t absent = static_cast<std::size_t>(-1);

    explicit WorkingSet(std::size_t n_features) : slot_(n_features, absent) {}

    std::size_t size() const { return features_.size(); }
    bool contains(std::size_t feature) const { return slot_[feature] != absent; }
    std::size_t slot(std::size_t feature) const { return slot_[feature]; }
    std::size_t feature(std::size_t k) const { return features_[k]; }
    Indices features() const { return features_; }
    void add(std::size_t feature) {
        slot_[feature] = features_.size();
        features_.push_back(feature);
    }
    void clear() {
        for (const std::size_t j : features_) slot_[j] = absent;
        features_.clear();
    }

private:
    std::vector<std::size_t> slot_;
    std::vector<std::size_t> features_;
};

/// G = X~' diag(d) X~ on the working set, with the intercept projected out when asked:
/// G -= c c' / sum(d), c = X~'d.
template <Design D>
class GramModel {
public:
    explicit GramModel(const D& x) : x_(x), set_(x.cols()) {}

    /// Forgets every column; d must outlive the model's use.
    void reset(ConstVector d, bool project) {
        set_.clear();
        h_.clear();
        c_.clear();
        d_ = d;
        total_ = project ? sum(d) : 0.0;
    }

    /// Gives the memory back.
    void release() {
        set_.clear();
        stride_ = 0;
        std::vector<double>().swap(g_);
        std::vector<double>().swap(h_);
    }

    /// The first columns, and their products with v.
    void begin(Indices features, ConstVector v, const Context& context, Vector products) {
        for (const std::size_t j : features) set_.add(j);
        reserve(size());
        h_.resize(size(), 0.0);
        x_.gram_and_products(set_.features(), d_, v, context, {g_.data(), size(), size(), stride_},
                             products);
        complete(0);
    }

    /// Appends columns and their part of the Gram matrix.
    void add(Indices features, const Context& context) {
        if (features.empty()) return;
        const std::size_t old = size();
        const std::vector<std::size_t> added(features.begin(), features.end());
        for (const std::size_t j : added) set_.add(j);
        reserve(size());
        h_.resize(size(), 0.0);
        const std::size_t count = added.size();
        x_.gram(added, added, d_, context, {&g_[old + old * stride_], count, count, stride_});
        const Indices before = set_.features().first(old);
        if (old > 0) {
            x_.gram(before, added, d_, context, {&g_[old * stride_], old, count, stride_});
            for (std::size_t l = 0; l < old; ++l) {
                for (std::size_t k = old; k < size(); ++k) {
                    g_[k + l * stride_] = g_[l + k * stride_];
                }
            }
        }
        complete(old);
    }

    /// Keeps these of its columns; the weights, where they lie, have changed by so much. Rows
    /// without a change are not read.
    void renew(Indices kept, ConstVector change, const Context& context) {
        const std::size_t n = kept.size();
        std::vector<double> g(n * n);
        x_.gram(kept, kept, change, context, {g.data(), n, n, n});
        for (std::size_t l = 0; l < n; ++l) {
            const std::size_t at = set_.slot(kept[l]);
            for (std::size_t k = l; k < n; ++k) {
                const std::size_t row = set_.slot(kept[k]);
                g[k + l * n] += g_[row + at * stride_];
                if (total_ > 0.0) g[k + l * n] += c_[row] * c_[at] / total_;
            }
        }
        reset(d_, total_ > 0.0);
        for (const std::size_t j : kept) set_.add(j);
        for (std::size_t l = 0; l < n; ++l)
            std::copy(&g[l + l * n], g.data() + (l + 1) * n, &g_[l + l * stride_]);
        h_.resize(n, 0.0);
        complete(0);
    }

    const WorkingSet& set() const { return set_; }
    std::size_t size() const { return set_.size(); }
    std::size_t feature(std::size_t k) const { return set_.feature(k); }
    double diagonal(std::size_t k) const { return g_[k + k * stride_]; }
    double gradient(std::size_t k) const { return h_[k]; }
    /// x~_k'd, where the intercept is projected out.
    ConstVector shifts() const { return c_; }
    /// Column k of G on the working set.
    ConstVector column(std::size_t k) const { return {&g_[k * stride_], size()}; }

    /// h from the negative gradient of all features, times a factor.
    void set_gradient(ConstVector g, double factor = 1.0) {
        for (std::size_t k = 0; k < size(); ++k) h_[k] = factor * g[feature(k)];
    }
    void move(std::size_t k, double delta) { axpy(-delta, column(k), h_); }
    void move(Indices slots, ConstVector deltas, const Context& context) {
        columns_.clear();
        minus_.clear();
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (deltas[i] == 0.0) continue;
            columns_.push_back(&g_[slots[i] * stride_]);
            minus_.push_back(-deltas[i]);
        }
        constexpr std::size_t block = 512;
        const double flops =
            4.0 * static_cast<double>(size()) * static_cast<double>(columns_.size());
        parallel_for(
            (size() + block - 1) / block, context.threads_for(flops), [&](std::size_t task) {
                const std::size_t first = task * block;
                std::vector<const double*> part(columns_);
                for (const double*& column : part) column += first;
                add_scaled_columns(part, minus_,
                                   Vector(h_).subspan(first, std::min(block, size() - first)));
            });
    }
    void inner(std::size_t k, Indices slots, Vector out) const {
        const double* column = &g_[k * stride_];
        for (std::size_t i = 0; i < slots.size(); ++i) out[i] = column[slots[i]];
    }

    /// out = G(slots, slots) d.
    void product(Indices slots, ConstVector d, const Context&, Vector out) const {
        std::fill(out.begin(), out.end(), 0.0);
        for (std::size_t l = 0; l < slots.size(); ++l) {
            if (d[l] == 0.0) continue;
            const double* column = &g_[slots[l] * stride_];
            for (std::size_t i = 0; i < slots.size(); ++i) out[i] += d[l] * column[slots[i]];
        }
    }

private:
    /// What follows from the lower triangle of the columns from the old ones on.
    void complete(std::size_t old) {
        if (total_ > 0.0) project(old);
        mirror(old);
    }

    /// The upper triangle of the columns from the old ones on, by tiles that stay in cache.
    void mirror(std::size_t old) {
        constexpr std::size_t tile = 32;
        for (std::size_t top = old / tile * tile; top < size(); top += tile) {
            for (std::size_t left = 0; left <= top; left += tile) {
                for (std::size_t k = std::max(old, top); k < std::min(top + tile, size()); ++k) {
                    for (std::size_t l = left; l < std::min(left + tile, k); ++l)
                        g_[l + k * stride_] = g_[k + l * stride_];
                }
            }
        }
    }

    void project(std::size_t old) {
        for (std::size_t k = old; k < size(); ++k) c_.push_back(x_.column_product(feature(k), d_));
        for (std::size_t l = 0; l < size(); ++l) {
            for (std::size_t k = std::max(old, l); k < size(); ++k) {
                g_[k + l * stride_] -= c_[k] * c_[l] / total_;
            }
        }
    }

    void reserve(std::size_t n) {
        if (n <= stride_) return;
        const std::size_t stride = std::min(x_.cols(), std::max(n, stride_ + stride_ / 2 + 16));
        std::vector<double> grown(stride * stride);
        const std::size_t old = std::min(stride_, size());
        for (std::size_t l = 0; l < old; ++l) {
            std::copy_n(&g_[l * stride_], old, &grown[l * stride]);
        }
        g_.swap(grown);
        stride_ = stride;
    }

    const D& x_;
    WorkingSet set_;
    ConstVector d_;
    double total_ = 0.0;  // sum of d when the intercept is projected out, else 0
    std::size_t stride_ = 0;
    std::vector<double> g_, h_, c_;
    std::vector<const double*> columns_;  // of the move under way
    std::vector<double> minus_;
};

/// The same quadratic without its Gram matrix: the residual r of the weighted least-squares problem
/// with weights d stands for h, h_k = x~_k'(d r). Needs O(n) memory whatever the working set.
template <Design D>
class ResidualModel {
public:
    explicit ResidualModel(const D& x) : x_(x), set_(x.cols()) {}

    void reset(ConstVector d, bool project) {
        set_.clear();
        c_.clear();
        diagonal_.clear();
        d_ = d;
        total_ = project ? sum(d) : 0.0;
        v_.assign(d.size(), 0.0);
        r_.assign(d.size(), 0.0);
    }

    void add(Indices features, const Context& context) {
        for (const std::size_t j : features) {
            context.check();
            set_.add(j);
            const std::size_t one[] = {j};
            double value = 0.0;
            x_.gram(one, one, d_, {}, {&value, 1, 1, 1});
            c_.push_back(total_ > 0.0 ? x_.column_product(j, d_) : 0.0);
            diagonal_.push_back(total_ > 0.0 ? value - c_.back() * c_.back() / total_ : value);
        }
    }

    /// The residual at the current point: v = d r, times a factor.
    void set_residual(ConstVector v, double factor = 1.0) {
        for (std::size_t i = 0; i < v.size(); ++i) {
            v_[i] = factor * v[i];
            r_[i] = d_[i] > 0.0 ? v_[i] / d_[i] : 0.0;
        }
        stale_ = false;
    }

    const WorkingSet& set() const { return set_; }
    std::size_t size() const { return set_.size(); }
    std::size_t feature(std::size_t k) const { return set_.feature(k); }
    double diagonal(std::size_t k) const { return diagonal_[k]; }
    double gradient(std::size_t k) {
        refresh();
        return x_.column_product(feature(k), v_);
    }
    void move(std::size_t k, double delta) {
        const std::size_t j[] = {feature(k)};
        const double minus[] = {-delta};
        x_.add_columns(j, minus, {}, r_);
        stale_ = true;
    }
    void move(Indices slots, ConstVector deltas, const Context&) {
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (deltas[i] != 0.0) move(slots[i], deltas[i]);
        }
    }
    void inner(std::size_t k, Indices slots, Vector out) const {
        const std::size_t one[] = {feature(k)};
        std::vector<std::size_t> others(slots.size());
        for (std::size_t i = 0; i < slots.size(); ++i) others[i] = feature(slots[i]);
        x_.gram(one, others, d_, {}, {out.data(), 1, slots.size(), 1});
        if (total_ > 0.0) {
            for (std::size_t i = 0; i < slots.size(); ++i) out[i] -= c_[k] * c_[slots[i]] / total_;
        }
    }

    void product(Indices slots, ConstVector d, const Context& context, Vector out) const {
        std::vector<std::size_t> columns(slots.size());
        for (std::size_t i = 0; i < slots.size(); ++i) columns[i] = feature(slots[i]);
        std::vector<double> image(d_.size(), 0.0), products(x_.cols(), 0.0);
        x_.add_columns(columns, d, context, image);
        const double mean = total_ > 0.0 ? dot(d_, image) / total_ : 0.0;
        for (std::size_t i = 0; i < image.size(); ++i) image[i] = d_[i] * (image[i] - mean);
        x_.column_products(columns, image, context, products);
        for (std::size_t i = 0; i < slots.size(); ++i) out[i] = products[columns[i]];
    }

private:
    void refresh() {
        if (!stale_) return;
        double mean = 0.0;
        if (total_ > 0.0) mean = dot(d_, r_) / total_;  // the intercept follows every move
        for (std::size_t i = 0; i < r_.size(); ++i) {
            r_[i] -= mean;
            v_[i] = d_[i] * r_[i];
        }
        stale_ = false;
    }

    const D& x_;
    WorkingSet set_;
    ConstVector d_;
    double total_ = 0.0;
    std::vector<double> c_, diagonal_;
    std::vector<double> r_, v_;
    bool stale_ = false;
};

}  // namespace shrinkage
