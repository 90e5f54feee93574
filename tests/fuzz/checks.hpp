// What every fit promises, whatever its data; a broken promise prints the case and aborts.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fit_case.hpp"

namespace shrinkage::fuzz {

inline void print(const char* name, ConstVector values) {
    std::fprintf(stderr, "%s:", name);
    for (const double v : values) std::fprintf(stderr, " %.17g", v);
    std::fprintf(stderr, "\n");
}

inline void print(const PenaltyInput& penalty) {
    std::fprintf(stderr, ", penalty: %s", penalty.name.c_str());
    for (const double value : penalty.parameters) std::fprintf(stderr, " %g", value);
}

inline void print(const ScalarModel& m) {
    std::visit([](const auto& loss) { std::fprintf(stderr, "loss: %s", loss.name); }, m.loss);
    if (const auto* huber = std::get_if<HuberLoss>(&m.loss)) {
        std::fprintf(stderr, " delta %g", huber->delta);
    }
    if (const auto* quantile = std::get_if<QuantileLoss>(&m.loss)) {
        std::fprintf(stderr, " q %g", quantile->q);
    }
    print(m.penalty);
}

inline void print(const VectorModel& m) {
    std::fprintf(stderr, "loss: %s, outputs %zu", m.classes ? "multinomial" : "squared", m.outputs);
    print(m.penalty);
}

/// The problem in numbers, for a regression test.
inline void print(const FitCase& c) {
    const PathOptions& o = c.options;
    std::visit([](const auto& model) { print(model); }, c.model);
    std::fprintf(stderr,
                 "\nn %zu, p %zu, sparse %d, intercept %d, standardize %d, tolerance %g, max_iter "
                 "%zu, gram_bytes %zu, allow_full_gram %d, n_lambdas %zu, lambda_min_ratio %g\n",
                 c.n, c.p, c.sparse, o.intercept, o.standardize, o.tolerance, o.limits.max_iter,
                 o.limits.gram_bytes, o.limits.allow_full_gram, o.n_lambdas, o.lambda_min_ratio);
    print("lambdas", o.lambdas);
    for (std::size_t j = 0; j < c.p; ++j) print("column", ConstVector(&c.x[j * c.n], c.n));
    print("y", c.y);
    print("weights", c.weights);
    print("offset", c.offset);
    print("factors", c.factors);
    print("lower", c.lower);
    print("upper", c.upper);
    print("start", c.start);
    print("start_intercepts", c.start_intercepts);
    print("held_out", c.held_out);
    print("fold", std::vector<double>(c.fold.begin(), c.fold.end()));
}

/// Aborts with the case unless a promise holds.
class Promises {
public:
    explicit Promises(const FitCase& c) : c_(c) {}

    void need(bool holds, const std::string& promise, std::size_t l) const {
        if (holds) return;
        std::fprintf(stderr, "broken at lambda %zu: %s\n", l, promise.c_str());
        print(c_);
        std::abort();
    }
    void need(bool holds, const char* name, double value, std::size_t l) const {
        if (holds) return;
        std::array<char, 40> digits{};
        std::snprintf(digits.data(), digits.size(), " %.17g", value);
        need(false, std::string(name) + digits.data(), l);
    }

    void check(const PathResult& r) const {
        const std::size_t size = r.lambdas.size();
        const PathOptions& o = c_.options;
        need(r.null_deviance >= 0.0 && std::isfinite(r.null_deviance), "null deviance", 0);
        need(size == (o.lambdas.empty() ? o.n_lambdas : o.lambdas.size()) &&
                 r.intercepts.size() == size * c_.outputs && r.certificates.size() == size &&
                 r.starts.size() == size + 1 && r.scores.size() == (c_.held_out.empty() ? 0 : size),
             "one entry per lambda", 0);
        for (const double b : r.intercepts) need(!std::isnan(b), "intercept", b, 0);
        for (std::size_t l = 0; l < size; ++l) {
            need(r.lambdas[l] >= 0.0 && std::isfinite(r.lambdas[l]), "lambda", r.lambdas[l], l);
            need(r.certificates[l].value >= 0.0, "gap", r.certificates[l].value, l);
            need(r.certificates[l].tolerance == o.tolerance, "tolerance", l);
            need(!std::isnan(r.losses[l]), "loss", r.losses[l], l);
            need(c_.held_out.empty() || !std::isnan(r.scores[l]), "score", l);
            check_coefficients(r, l);
        }
        check_dual_points(r);
    }

    /// One number for each fold and lambda.
    void check(const std::vector<std::vector<double>>& scores) const {
        need(scores.size() == c_.n_folds, "one row per fold", 0);
        for (const auto& row : scores) {
            need(row.size() == c_.options.lambdas.size(), "one score per lambda", 0);
            for (std::size_t l = 0; l < row.size(); ++l) {
                need(!std::isnan(row[l]), "score of a fold", row[l], l);
            }
        }
    }

private:
    void check_coefficients(const PathResult& r, std::size_t l) const {
        std::vector<char> kept(c_.p, 0);
        for (std::size_t k = r.starts[l]; k < r.starts[l + 1]; ++k) {
            need(!std::isnan(r.values[k]), "coefficient", r.values[k], l);
            need(r.features[k] < c_.p * c_.outputs, "feature", l);
            need(respects_bounds(r.features[k] % c_.p, r.values[k]), "bounds", r.values[k], l);
            kept[r.features[k] % c_.p] = 1;
        }
        need(r.n_nonzero[l] == static_cast<std::size_t>(std::count(kept.begin(), kept.end(), 1)),
             "n_nonzero", l);
    }

    bool respects_bounds(std::size_t j, double b) const {
        constexpr double rounding = 1e-15;  // of the way to the original scale and back
        const double room = rounding * std::abs(b);
        return (c_.lower.empty() || b >= c_.lower[j] - room) &&
               (c_.upper.empty() || b <= c_.upper[j] + room);
    }

    /// Slopes of the pinball loss, for every lambda unless rows are held out.
    void check_dual_points(const PathResult& r) const {
        const auto* scalar = std::get_if<ScalarModel>(&c_.model);
        const auto* loss = scalar == nullptr ? nullptr : std::get_if<QuantileLoss>(&scalar->loss);
        const bool kept = loss != nullptr && c_.held_out.empty();
        need(r.duals.scales.size() == (kept ? r.lambdas.size() : 0), "dual points", 0);
        if (!kept) return;
        for (const double s : r.duals.scales) need(s >= 0.0 && s <= 1.0, "dual scale", s, 0);
        for (const double theta : r.duals.values) {
            need(theta >= loss->q - 1.0 && theta <= loss->q, "dual point", theta, 0);
        }
    }

    const FitCase& c_;
};

}  // namespace shrinkage::fuzz
