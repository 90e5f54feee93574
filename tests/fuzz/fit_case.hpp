// A path problem made from bytes: every string of bytes is a valid call of fit_path.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "shrinkage/path/fit.hpp"

namespace shrinkage::fuzz {

/// Reads decisions and numbers; zeros after the end.
class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    std::uint8_t next() {
        if (rest_.empty()) return 0;
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }
    bool flag() { return next() % 2 == 1; }
    std::size_t between(std::size_t low, std::size_t high) {
        return low + next() % (high - low + 1);
    }
    template <typename T, std::size_t N>
    T one_of(const std::array<T, N>& choices) {
        return choices[next() % N];
    }
    /// Zeros, the extremes and plain numbers of both signs.
    double number() {
        static constexpr std::array special{0.0, 1e-12, -1e-12, 1e12, -1e12, 1.0, -1.0};
        const std::uint8_t kind = next() % 16;
        if (kind < special.size()) return special[kind];
        const int high = next();
        const int low = next();
        return (256 * high + low - 32768) / 4096.0;
    }
    std::vector<double> numbers(std::size_t n) {
        std::vector<double> result(n);
        for (double& value : result) value = number();
        return result;
    }

private:
    std::span<const std::uint8_t> rest_;
};

/// Columns next to which others are copies, constants, or the same in other units.
inline std::vector<double> design(Bytes& bytes, std::size_t n, std::size_t p) {
    enum Kind { plain, copy, opposite, nearly, constant, large, small, kinds };
    std::vector<double> x(n * p);
    for (std::size_t j = 0; j < p; ++j) {
        const auto kind = static_cast<Kind>(bytes.next() % kinds);
        double* const column = x.data() + j * n;
        const double* const earlier = x.data() + (j > 0 ? bytes.between(0, j - 1) : 0) * n;
        const double level = kind == constant ? bytes.number() : 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            switch (j == 0 && (kind == copy || kind == opposite || kind == nearly) ? plain : kind) {
                case copy: column[i] = earlier[i]; break;
                case opposite: column[i] = -earlier[i]; break;
                case nearly: column[i] = earlier[i] + 1e-12 * bytes.number(); break;
                case constant: column[i] = level; break;
                case large: column[i] = 1e6 * bytes.number(); break;
                case small: column[i] = 1e-6 * bytes.number(); break;
                default: column[i] = bytes.number();
            }
        }
    }
    return x;
}

/// A target that the loss takes.
template <typename L>
double target(const L& loss, double t) {
    for (const double y : {t, std::abs(t), t > 0.0 ? 1.0 : 0.0, t > 0.0 ? 1.0 : -1.0}) {
        if (loss.valid(y)) return y;
    }
    return 1.0;
}

inline AnyLoss chosen_loss(Bytes& bytes) {
    static constexpr std::array names{"squared", "logistic", "poisson",
                                      "gamma",   "huber",    "squared_hinge"};
    static constexpr std::array deltas{1.35, 1e-6, 1e6, 1e-12, 1e12};
    const std::string name = bytes.one_of(names);
    const double delta = bytes.one_of(deltas);
    return *(name == "huber" ? loss_named(name, {&delta, 1}) : loss_named(name));
}

inline AnyScalarPenalty chosen_penalty(Bytes& bytes) {
    static constexpr std::array names{"l1", "l2", "elasticnet"};
    static constexpr std::array ratios{0.5, 0.9, 1e-3, 0.0, 1.0};
    const std::string name = bytes.one_of(names);
    const double ratio = bytes.one_of(ratios);
    return *penalty_named(name, name == "elasticnet" ? ConstVector(&ratio, 1) : ConstVector());
}

/// Owns what the views of a PathInput look at.
struct FitCase {
    std::size_t n, p;
    AnyLoss loss;
    AnyScalarPenalty penalty;
    bool sparse, wide_indices;
    PathOptions options;
    std::vector<double> x, y, weights, offset, factors, lower, upper, start, held_out;
    double start_intercept = 0.0;
    std::vector<double> stored;
    std::vector<std::int32_t> indices, starts;
    std::vector<std::int64_t> indices64, starts64;

    explicit FitCase(Bytes bytes)
        : n(bytes.between(1, 12)),
          p(bytes.between(1, 12)),
          loss(chosen_loss(bytes)),
          penalty(chosen_penalty(bytes)) {
        const std::uint8_t parts = bytes.next();
        sparse = parts & 1;
        wide_indices = parts & 2;
        read_options(bytes);
        x = design(bytes, n, p);
        std::visit(
            [&](const auto& of) {
                for (std::size_t i = 0; i < n; ++i) y.push_back(target(of, bytes.number()));
            },
            loss);
        weights = read_weights(bytes);
        if (parts & 4) offset = bytes.numbers(n);
        if (parts & 8) factors = read_sizes<0, 1>(bytes, p);
        if (parts & 16) lower = read_bounds(bytes, -1.0);
        if (parts & 32) upper = read_bounds(bytes, 1.0);
        if (parts & 64) start = read_start(bytes);
        if (parts & 128) held_out = read_weights(bytes);
        if (sparse) compress(bytes);
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
        in.start_intercept = start_intercept;
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
        start_intercept = bytes.number();
        std::vector<double> result = bytes.numbers(p);
        for (std::size_t j = 0; j < p; ++j) {
            if (!lower.empty()) result[j] = std::max(result[j], lower[j]);
            if (!upper.empty()) result[j] = std::min(result[j], upper[j]);
        }
        return result;
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
