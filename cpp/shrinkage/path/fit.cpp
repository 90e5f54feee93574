#include "shrinkage/path/fit.hpp"

#include <utility>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/path/fit_design.hpp"

namespace shrinkage {
namespace {

std::vector<double> normalized(ConstVector weights) {
    const double total = sum(weights);
    std::vector<double> result(weights.begin(), weights.end());
    for (double& w : result) w /= total;
    return result;
}

/// Fits with a crew in the context; a stop leaves what is finished.
template <typename AnyL>
PathResult fit(const AnyL& loss, const PenaltyInput& penalty, const PathInput& input,
               const PathOptions& options, const Context& given) {
    Crew crew(given.n_threads);
    const Context context{given.n_threads, given.control, &crew};
    PathResult result;
    result.lambdas = options.lambdas;
    const std::vector<double> weights = normalized(input.weights);
    const auto columns = [&](const auto& x) {
        return describe_columns(x, weights, options.intercept, options.standardize, context);
    };
    const auto run = [&](const auto& design) {
        fit_design(design, weights, loss, penalty, input, options, context, result);
    };
    try {
        if (const auto* x = std::get_if<ConstMatrixView>(&input.x)) {
            run(DenseDesign(*x, columns(*x)));
        } else {
            const auto& view = std::get<SparseView>(input.x);
            run(SparseDesign(view, columns(view)));
        }
    } catch (const Cancelled&) {
        result.stop = context.control->should_stop();
    }
    return result;
}

template <typename AnyL>
std::vector<std::vector<double>> score_folds(const AnyL& loss, const PenaltyInput& penalty,
                                             const PathInput& input, const PathOptions& options,
                                             std::span<const std::int64_t> fold,
                                             std::size_t n_folds, const Context& context) {
    std::vector<std::vector<double>> scores(n_folds);
    parallel_for(n_folds, context.n_threads, [&](std::size_t f) {
        std::vector<double> training(input.weights.begin(), input.weights.end());
        std::vector<double> testing(training.size(), 0.0);
        for (std::size_t i = 0; i < training.size(); ++i) {
            if (fold[i] == static_cast<std::int64_t>(f)) std::swap(training[i], testing[i]);
        }
        PathInput part = input;
        part.weights = training;
        part.held_out = testing;
        // Folds are the tasks; inside one of them a single thread keeps the bits the same.
        const PathResult result = fit_path(loss, penalty, part, options, {1, context.control});
        if (result.stop != StopReason::none) throw Cancelled();
        scores[f] = result.scores;
    });
    return scores;
}

}  // namespace

PathResult fit_path(const AnyLoss& loss, const PenaltyInput& penalty, const PathInput& input,
                    const PathOptions& options, const Context& context) {
    return fit(loss, penalty, input, options, context);
}

PathResult fit_path(const AnyVectorLoss& loss, const PenaltyInput& penalty, const PathInput& input,
                    const PathOptions& options, const Context& context) {
    return fit(loss, penalty, input, options, context);
}

std::vector<std::vector<double>> cross_validate(const AnyLoss& loss, const PenaltyInput& penalty,
                                                const PathInput& input, const PathOptions& options,
                                                std::span<const std::int64_t> fold,
                                                std::size_t n_folds, const Context& context) {
    return score_folds(loss, penalty, input, options, fold, n_folds, context);
}

std::vector<std::vector<double>> cross_validate(const AnyVectorLoss& loss,
                                                const PenaltyInput& penalty, const PathInput& input,
                                                const PathOptions& options,
                                                std::span<const std::int64_t> fold,
                                                std::size_t n_folds, const Context& context) {
    return score_folds(loss, penalty, input, options, fold, n_folds, context);
}

}  // namespace shrinkage
