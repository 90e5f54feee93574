// The door of paths: a grid of lambdas, warm starts, a certificate for each fit.
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/views.hpp"
#include "shrinkage/design/sparse.hpp"
#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/loss/any_vector_loss.hpp"
#include "shrinkage/path/dual_points.hpp"
#include "shrinkage/penalty/input.hpp"
#include "shrinkage/solver/problem/certificate.hpp"
#include "shrinkage/solver/problem/problem.hpp"

namespace shrinkage {

/// The data of a path, on their original scale. With K outputs y (unless it holds classes), offset
/// and start are matrices stored output by output. Empty vectors mean: no offset, factors of one,
/// no bounds, a start at zero.
struct PathInput {
    std::variant<ConstMatrixView, SparseView> x;
    ConstVector y;
    ConstVector weights;  // >= 0, any scale
    ConstVector offset;
    ConstVector factors;
    ConstVector lower, upper;
    ConstVector start;
    ConstVector start_intercepts;  // one an output
    ConstVector held_out;          // weights of the rows on which every fit is scored
};

struct PathOptions {
    std::vector<double> lambdas;  // decreasing; empty: a grid of n_lambdas
    std::size_t n_lambdas = 100;
    double lambda_min_ratio = 1e-3;
    double tolerance = 1e-6;  // of the gap, relative to the null deviance
    bool intercept = true;
    bool standardize = true;
    Limits limits;
};

/// One entry per fitted lambda; coefficients are stored by columns of a sparse p x L matrix.
struct PathResult {
    std::vector<double> lambdas;  // the whole grid, also where the fit was stopped early
    std::vector<std::size_t> starts{0};
    std::vector<std::size_t> features;
    std::vector<double> values;
    std::vector<double> intercepts, deviance_ratios, losses, scores;
    std::vector<Certificate> certificates;
    std::vector<std::size_t> n_nonzero, n_iter;
    std::vector<Regime> regimes;
    std::vector<double> centers, scales;
    DualPoints duals;            // of a kinked loss, whose coefficients do not determine them
    double null_deviance = 0.0;  // D_0: loss of the null model minus that of the saturated one
    StopReason stop = StopReason::none;
};

/// Fits the path with the penalty that the input chooses; factors, bounds and outputs are filled in
/// here. A stop asked for through the context ends it early; what is finished is returned.
PathResult fit_path(const AnyLoss& loss, const PenaltyInput& penalty, const PathInput& input,
                    const PathOptions& options, const Context& context);

/// The same with K outputs. Coefficients are the columns of a sparse p K x L matrix, feature j of
/// output k in row j + k p; intercepts are stored K by K.
PathResult fit_path(const AnyVectorLoss& loss, const PenaltyInput& penalty, const PathInput& input,
                    const PathOptions& options, const Context& context);

/// Scores of fold f at every lambda: 2 sum w (l - saturated) / sum w over the rows with fold[i] =
/// f, of the path fitted to the other rows. Held-out rows get weight zero; nothing of X is copied.
/// Returns n_folds vectors; throws Cancelled when stopped.
std::vector<std::vector<double>> cross_validate(const AnyLoss& loss, const PenaltyInput& penalty,
                                                const PathInput& input, const PathOptions& options,
                                                std::span<const std::int64_t> fold,
                                                std::size_t n_folds, const Context& context);
std::vector<std::vector<double>> cross_validate(const AnyVectorLoss& loss,
                                                const PenaltyInput& penalty, const PathInput& input,
                                                const PathOptions& options,
                                                std::span<const std::int64_t> fold,
                                                std::size_t n_folds, const Context& context);

}  // namespace shrinkage
