// Paths and cross-validation. Every call is free of the GIL while it computes.
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bind/choices.hpp"
#include "bind/gil.hpp"
#include "bind/numpy.hpp"
#include "shrinkage/path/fit.hpp"

namespace shrinkage::bind {
namespace {

using namespace py::literals;
using OptionalArray = std::optional<py::array>;

py::dict progress(const Control& control) {
    return py::dict("done"_a = control.done(), "lam"_a = control.lambda(), "gap"_a = control.gap(),
                    "n_nonzero"_a = control.n_nonzero(), "seconds"_a = control.seconds());
}

const char* stop_name(StopReason reason) {
    switch (reason) {
        case StopReason::cancelled: return "cancelled";
        case StopReason::time_limit: return "time_limit";
        case StopReason::none: break;
    }
    return "none";
}

template <typename Index>
SparseView::Parts<Index> sparse_parts(const py::array& indices, const py::array& starts) {
    return {vector_view<Index>(indices, "X.indices"), vector_view<Index>(starts, "X.indptr")};
}

/// X as an array, or as the CSC parts (data, indices, indptr, shape).
std::variant<ConstMatrixView, SparseView> design_view(const py::object& x) {
    if (!py::isinstance<py::tuple>(x)) {
        return column_major_view<double>(x.cast<py::array>(), "X");
    }
    const auto [data, indices, starts, shape] =
        x.cast<std::tuple<py::array, py::array, py::array, std::pair<std::size_t, std::size_t>>>();
    SparseView view;
    view.rows = shape.first;
    view.cols = shape.second;
    view.values = vector_view<double>(data, "X.data");
    if (indices.itemsize() == sizeof(std::int32_t)) {
        view.parts = sparse_parts<std::int32_t>(indices, starts);
    } else {
        view.parts = sparse_parts<std::int64_t>(indices, starts);
    }
    return view;
}

PathInput make_input(const py::object& x, const py::array& y, const py::array& weights,
                     const OptionalArray& offset, const OptionalArray& factors,
                     const OptionalArray& lower, const OptionalArray& upper,
                     const OptionalArray& start, const OptionalArray& start_intercept) {
    PathInput input;
    input.x = design_view(x);
    input.y = vector_view<double>(y, "y");
    input.weights = vector_view<double>(weights, "sample_weight");
    input.offset = optional_vector_view<double>(offset, "offset");
    input.factors = optional_vector_view<double>(factors, "penalty_factor");
    input.lower = optional_vector_view<double>(lower, "lower");
    input.upper = optional_vector_view<double>(upper, "upper");
    input.start = optional_vector_view<double>(start, "warm_start");
    input.start_intercepts = optional_vector_view<double>(start_intercept, "warm_start intercept");
    return input;
}

PathOptions make_options(std::vector<double> lambdas, std::size_t n_lambdas,
                         double lambda_min_ratio, double tol, std::size_t max_iter,
                         bool fit_intercept, bool standardize, std::size_t gram_bytes,
                         bool allow_full_gram) {
    PathOptions options;
    options.lambdas = std::move(lambdas);
    options.n_lambdas = n_lambdas;
    options.lambda_min_ratio = lambda_min_ratio;
    options.tolerance = tol;
    options.intercept = fit_intercept;
    options.standardize = standardize;
    options.limits = {max_iter, gram_bytes, allow_full_gram};
    return options;
}

/// Calls f with the loss; `outputs` of 0 stands for one number per observation.
template <typename F>
void with_loss(std::size_t outputs, const std::string& loss,
               const std::vector<double>& loss_parameters, const F& f) {
    if (outputs == 0) {
        f(choose_loss(loss, loss_parameters));
    } else {
        f(choose_vector_loss(loss, loss_parameters, outputs));
    }
}

template <typename T, typename U>
std::vector<T> cast(const std::vector<U>& values) {
    return std::vector<T>(values.begin(), values.end());
}

/// One value a lambda, all of one kind.
void add_certificates(const std::vector<Certificate>& certificates, py::dict& d) {
    std::vector<double> values;
    for (const Certificate& certificate : certificates) values.push_back(certificate.value);
    const bool none = certificates.empty();
    d["certificate_kind"] =
        certificate_name(none ? CertificateKind::gap : certificates.front().kind);
    d["certificates"] = to_numpy(std::move(values));
}

py::dict to_dict(PathResult&& result) {
    std::vector<std::string> regimes;
    for (const Regime regime : result.regimes) regimes.emplace_back(regime_name(regime));
    py::dict d("lambdas"_a = to_numpy(std::move(result.lambdas)),
               "starts"_a = to_numpy(cast<std::int64_t>(result.starts)),
               "features"_a = to_numpy(cast<std::int64_t>(result.features)),
               "values"_a = to_numpy(std::move(result.values)),
               "intercepts"_a = to_numpy(std::move(result.intercepts)),
               "deviance_ratio"_a = to_numpy(std::move(result.deviance_ratios)),
               "loss"_a = to_numpy(std::move(result.losses)));
    d["n_nonzero"] = to_numpy(cast<std::int64_t>(result.n_nonzero));
    d["n_iter"] = to_numpy(cast<std::int64_t>(result.n_iter));
    add_certificates(result.certificates, d);
    d["regime"] = regimes;
    d["centers"] = to_numpy(std::move(result.centers));
    d["scales"] = to_numpy(std::move(result.scales));
    d["dual_starts"] = to_numpy(cast<std::int64_t>(result.duals.starts));
    d["dual_rows"] = to_numpy(cast<std::int32_t>(result.duals.rows));
    d["dual_values"] = to_numpy(std::move(result.duals.values));
    d["dual_scales"] = to_numpy(std::move(result.duals.scales));
    d["null_deviance"] = result.null_deviance;
    d["stop"] = stop_name(result.stop);
    return d;
}

}  // namespace

void bind_path(py::module_& m) {
    py::class_<Control>(m, "Control", "Progress and cancellation of one call.")
        .def(py::init<>())
        .def("stop", &Control::stop)
        .def("set_time_limit", &Control::set_time_limit, "seconds"_a)
        .def("progress", &progress);

    m.def(
        "fit_path",
        [](const py::object& x, const py::array& y, const py::array& weights,
           const OptionalArray& offset, const OptionalArray& factors, const OptionalArray& lower,
           const OptionalArray& upper, const OptionalArray& start,
           const OptionalArray& start_intercept, std::size_t outputs, const std::string& loss,
           const std::vector<double>& loss_parameters, const PenaltyInput& penalty,
           std::vector<double> lambdas, std::size_t n_lambdas, double lambda_min_ratio, double tol,
           std::size_t max_iter, bool fit_intercept, bool standardize, std::size_t gram_bytes,
           bool allow_full_gram, std::size_t n_threads, Control& control) {
            const PathInput input =
                make_input(x, y, weights, offset, factors, lower, upper, start, start_intercept);
            const PathOptions options =
                make_options(std::move(lambdas), n_lambdas, lambda_min_ratio, tol, max_iter,
                             fit_intercept, standardize, gram_bytes, allow_full_gram);
            PathResult result;
            with_loss(outputs, loss, loss_parameters, [&](const auto& chosen) {
                const ReleasedGil released;
                result = fit_path(chosen, penalty, input, options, {n_threads, &control});
            });
            return to_dict(std::move(result));
        },
        py::kw_only(), "x"_a, "y"_a, "weights"_a, "offset"_a, "factors"_a, "lower"_a, "upper"_a,
        "start"_a, "start_intercept"_a, "outputs"_a, "loss"_a, "loss_parameters"_a, "penalty"_a,
        "lambdas"_a, "n_lambdas"_a, "lambda_min_ratio"_a, "tol"_a, "max_iter"_a, "fit_intercept"_a,
        "standardize"_a, "gram_bytes"_a, "allow_full_gram"_a, "n_threads"_a, "control"_a,
        "Fits a path; a stop through control ends it early and returns what is finished.");

    m.def(
        "cross_validate",
        [](const py::object& x, const py::array& y, const py::array& weights,
           const OptionalArray& offset, const OptionalArray& factors, const OptionalArray& lower,
           const OptionalArray& upper, const py::array& fold, std::size_t n_folds,
           std::size_t outputs, const std::string& loss, const std::vector<double>& loss_parameters,
           const PenaltyInput& penalty, std::vector<double> lambdas, double tol,
           std::size_t max_iter, bool fit_intercept, bool standardize, std::size_t gram_bytes,
           std::size_t n_threads, Control& control) {
            const PathInput input = make_input(x, y, weights, offset, factors, lower, upper,
                                               std::nullopt, std::nullopt);
            const auto folds = vector_view<std::int64_t>(fold, "fold");
            const PathOptions options = make_options(std::move(lambdas), 0, 0.0, tol, max_iter,
                                                     fit_intercept, standardize, gram_bytes, true);
            const std::size_t n_lambdas = options.lambdas.size();
            std::vector<double> flat;
            with_loss(outputs, loss, loss_parameters, [&](const auto& chosen) {
                const ReleasedGil released;
                for (const auto& scores : cross_validate(chosen, penalty, input, options, folds,
                                                         n_folds, {n_threads, &control})) {
                    flat.insert(flat.end(), scores.begin(), scores.end());
                }
            });
            return to_numpy_rows(std::move(flat), n_folds, n_lambdas);
        },
        py::kw_only(), "x"_a, "y"_a, "weights"_a, "offset"_a, "factors"_a, "lower"_a, "upper"_a,
        "fold"_a, "n_folds"_a, "outputs"_a, "loss"_a, "loss_parameters"_a, "penalty"_a, "lambdas"_a,
        "tol"_a, "max_iter"_a, "fit_intercept"_a, "standardize"_a, "gram_bytes"_a, "n_threads"_a,
        "control"_a, "Held-out scores, shape (folds, lambdas); raises Cancelled when stopped.");
}

}  // namespace shrinkage::bind
