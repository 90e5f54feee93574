// What every fit promises, whatever its data: libFuzzer looks for bytes that break it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fit_case.hpp"
#include "reference_blas.hpp"

namespace {

using namespace shrinkage;
using shrinkage::fuzz::Bytes;
using shrinkage::fuzz::FitCase;

void print(const char* name, ConstVector values) {
    std::fprintf(stderr, "%s:", name);
    for (const double v : values) std::fprintf(stderr, " %.17g", v);
    std::fprintf(stderr, "\n");
}

/// The problem in numbers, for a regression test.
void print(const FitCase& c) {
    const PathOptions& o = c.options;
    std::visit([](const auto& loss) { std::fprintf(stderr, "loss: %s", loss.name); }, c.loss);
    if (const auto* huber = std::get_if<HuberLoss>(&c.loss)) {
        std::fprintf(stderr, " delta %g", huber->delta);
    }
    std::visit([](const auto& p) { std::fprintf(stderr, ", penalty: %s", p.name); }, c.penalty);
    if (const auto* net = std::get_if<ElasticNet>(&c.penalty)) {
        std::fprintf(stderr, " l1_ratio %g", net->l1_ratio);
    }
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
    print("start_intercept", {&c.start_intercept, 1});
    print("held_out", c.held_out);
}

[[noreturn]] void fail(const FitCase& c, const std::string& broken, std::size_t l) {
    std::fprintf(stderr, "broken at lambda %zu: %s\n", l, broken.c_str());
    print(c);
    std::abort();
}

bool respects_bounds(const FitCase& c, std::size_t j, double b) {
    constexpr double rounding = 1e-15;  // of the way to the original scale and back
    const double room = rounding * std::abs(b);
    return (c.lower.empty() || b >= c.lower[j] - room) &&
           (c.upper.empty() || b <= c.upper[j] + room);
}

void check(const FitCase& c, const PathResult& r) {
    const std::size_t size = r.lambdas.size();
    const auto need = [&](bool holds, const std::string& promise, std::size_t l) {
        if (!holds) fail(c, promise, l);
    };
    need(r.null_deviance >= 0.0 && std::isfinite(r.null_deviance), "null deviance", 0);
    need(size == (c.options.lambdas.empty() ? c.options.n_lambdas : c.options.lambdas.size()) &&
             r.intercepts.size() == size && r.gaps.size() == size && r.converged.size() == size &&
             r.starts.size() == size + 1 && r.scores.size() == (c.held_out.empty() ? 0 : size),
         "one entry per lambda", 0);
    for (std::size_t l = 0; l < size; ++l) {
        const auto text = [](const char* name, double value) {
            return std::string(name) + " " + std::to_string(value);
        };
        need(r.lambdas[l] >= 0.0 && std::isfinite(r.lambdas[l]), text("lambda", r.lambdas[l]), l);
        need(!std::isnan(r.intercepts[l]), text("intercept", r.intercepts[l]), l);
        need(r.gaps[l] >= 0.0, text("gap", r.gaps[l]), l);
        need((r.converged[l] != 0) == (r.gaps[l] <= c.options.tolerance),
             text("converged and gap", r.gaps[l]), l);
        need(!std::isnan(r.losses[l]), text("loss", r.losses[l]), l);
        need(c.held_out.empty() || !std::isnan(r.scores[l]), "score", l);
        need(r.n_nonzero[l] == r.starts[l + 1] - r.starts[l], "n_nonzero", l);
        for (std::size_t k = r.starts[l]; k < r.starts[l + 1]; ++k) {
            need(!std::isnan(r.values[k]), text("coefficient", r.values[k]), l);
            need(r.features[k] < c.p, "feature", l);
            need(respects_bounds(c, r.features[k], r.values[k]), text("bounds", r.values[k]), l);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    install_blas(test::reference_blas());
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FitCase c(Bytes({data, size}));
    if (std::getenv("SHRINKAGE_FUZZ_PRINT") != nullptr) print(c);
    try {
        check(c, fit_path(c.loss, c.penalty, c.input(), c.options, {}));
    } catch (const InvalidArgument&) {
    } catch (const NumericalError&) {
    }
    return 0;
}
