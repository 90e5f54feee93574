// A path problem made from bytes: every string of bytes is a valid call of fit_path, and most of
// one of cross_validate.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "model.hpp"

namespace shrinkage::fuzz {

/// Owns what the views of a PathInput look at.
struct FitCase {
    Model model;
    std::size_t outputs;  // 1 where an observation has one number
    std::size_t n, p;
    bool sparse, wide_indices;
    PathOptions options;
    std::vector<double> x, y, weights, offset, factors, lower, upper, start, held_out;
    std::vector<double> start_intercepts;
    std::vector<double> stored;
    std::vector<std::int32_t> indices, starts;
    std::vector<std::int64_t> indices64, starts64;
    std::vector<std::int64_t> fold;  // empty: a path, no cross-validation
    std::size_t n_folds;

    explicit FitCase(Bytes bytes) : model(chosen_model(bytes)) {
        const auto* vector = std::get_if<VectorModel>(&model);
        outputs = vector == nullptr ? 1 : vector->outputs;
        const std::size_t classes = vector != nullptr && vector->classes ? outputs : 1;
        n = std::max(bytes.between(1, 12), classes);
        p = bytes.between(1, 12);
        n_folds = bytes.next() % 4;  // below two: none
        const std::uint8_t parts = bytes.next();
        sparse = parts & 1;
        wide_indices = parts & 2;
        read_options(bytes);
        x = design(bytes, n, p);
        y = targets(model, bytes, n);
        weights = read_weights(bytes);
        // Every class needs an observation that counts.
        for (std::size_t i = 0; i < classes && classes > 1; ++i) {
            if (weights[i] == 0.0) weights[i] = 1.0;
        }
        const bool may_be_bounded = vector == nullptr || !vector->rows;
        if (parts & 4) offset = bytes.numbers(n * outputs);
        if (parts & 8) factors = read_sizes<0, 1>(bytes, p);
        if (parts & 16 && may_be_bounded) lower = read_bounds(bytes, -1.0);
        if (parts & 32 && may_be_bounded) upper = read_bounds(bytes, 1.0);
        if (parts & 64) start = read_start(bytes);
        if (parts & 128) held_out = read_weights(bytes);
        if (sparse) compress(bytes);
        if (n_folds >= 2) read_folds(bytes, classes);
    }

    PathInput input() const {
        PathInput in;
        if (!sparse) {
            in.x = ConstMatrixView{x.data(), n, p, n};
        } else if (wide_indices) {
            in.x = SparseView{n, p, stored, SparseView::Parts<std::int64_t>{indices64, starts64}};
        } else {
            in.x = SparseView{n, p, stored, SparseView::Parts<std::int32_t>{indices, starts}};
        }
        in.y = y;
        in.weights = weights;
        in.offset = offset;
        in.factors = factors;
        in.lower = lower;
        in.upper = upper;
        in.start = start;
        in.start_intercepts = start_intercepts;
        in.held_out = held_out;
        return in;
    }

private:
    void read_options(Bytes& bytes) {
        static constexpr std::array tolerances{1e-6, 1e-3, 1e-9, 1e-12, 1e-15};
        static constexpr std::array ratios{1e-3, 1e-2, 0.5, 1e-9};
        static constexpr std::array budgets{std::size_t{1} << 28, std::size_t{0}, std::size_t{200}};
        const std::uint8_t parts = bytes.next();
        options.intercept = parts & 1;
        options.standardize = parts & 2;
        options.limits.allow_full_gram = parts & 4;
        options.limits.gram_bytes = bytes.one_of(budgets);
        options.limits.max_iter = bytes.between(50, 200);
        options.tolerance = bytes.one_of(tolerances);
        options.n_lambdas = bytes.between(1, 6);
        options.lambda_min_ratio = bytes.one_of(ratios);
        if (!(parts & 8)) return;
        for (std::size_t l = 0; l < options.n_lambdas; ++l) {
            options.lambdas.push_back(std::abs(bytes.number()));
        }
        std::sort(options.lambdas.rbegin(), options.lambdas.rend());
        const auto same = std::unique(options.lambdas.begin(), options.lambdas.end());
        options.lambdas.erase(same, options.lambdas.end());
    }

    /// Weights, or penalty factors: zeros, ones and other sizes.
    template <int... common>
    static std::vector<double> read_sizes(Bytes& bytes, std::size_t size) {
        std::vector<double> result(size);
        for (double& value : result) {
            static constexpr std::array plain{static_cast<double>(common)...};
            const std::uint8_t kind = bytes.next() % 4;
            value = kind < plain.size() ? plain[kind] : std::abs(bytes.number());
        }
        return result;
    }
    std::vector<double> read_weights(Bytes& bytes) const {
        std::vector<double> result = read_sizes<1, 0, 1>(bytes, n);
        const bool none =
            std::all_of(result.begin(), result.end(), [](double w) { return w == 0; });
        if (none) result.back() = 1.0;
        return result;
    }

    std::vector<double> read_bounds(Bytes& bytes, double sign) const {
        static constexpr double none = std::numeric_limits<double>::infinity();
        static constexpr std::array reaches{none, 0.0, 1.0, 0.1, 1e-12, 1e12};
        std::vector<double> result(p);
        for (double& bound : result) bound = sign * bytes.one_of(reaches);
        return result;
    }
    /// A start that respects the bounds.
    std::vector<double> read_start(Bytes& bytes) {
        start_intercepts = bytes.numbers(outputs);
        if (!options.intercept) start_intercepts.assign(outputs, 0.0);
        std::vector<double> result = bytes.numbers(p * outputs);
        for (std::size_t c = 0; c < result.size(); ++c) {
            if (!lower.empty()) result[c] = std::max(result[c], lower[c % p]);
            if (!upper.empty()) result[c] = std::min(result[c], upper[c % p]);
        }
        return result;
    }

    /// Folds with rows that count on both sides, and every class outside each; else none.
    void read_folds(Bytes& bytes, std::size_t classes) {
        fold.resize(n);
        for (auto& f : fold) f = bytes.next() % n_folds;
        for (std::size_t f = 0; f < n_folds; ++f) {
            double inside = 0.0, outside = 0.0;
            std::vector<double> counts(classes, 0.0);
            for (std::size_t i = 0; i < n; ++i) {
                const bool held = fold[i] == static_cast<std::int64_t>(f);
                (held ? inside : outside) += weights[i];
                if (!held && classes > 1) counts[static_cast<std::size_t>(y[i])] += weights[i];
            }
            const bool complete =
                classes == 1 || *std::min_element(counts.begin(), counts.end()) > 0;
            if (!(inside > 0.0 && outside > 0.0 && complete)) fold.clear();
            if (fold.empty()) return;
        }
    }

    /// The columns of x without their zeros; some zeros may be stored all the same.
    void compress(Bytes& bytes) {
        const bool keep_some = bytes.flag();
        starts.push_back(0);
        for (std::size_t j = 0; j < p; ++j) {
            for (std::size_t i = 0; i < n; ++i) {
                if (x[i + j * n] == 0.0 && !(keep_some && (i + j) % 3 == 0)) continue;
                stored.push_back(x[i + j * n]);
                indices.push_back(static_cast<std::int32_t>(i));
            }
            starts.push_back(static_cast<std::int32_t>(stored.size()));
        }
        indices64.assign(indices.begin(), indices.end());
        starts64.assign(starts.begin(), starts.end());
    }
};

}  // namespace shrinkage::fuzz
