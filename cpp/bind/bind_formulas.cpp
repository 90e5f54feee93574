// Losses, penalties and the objective they make: the formulas, one call each.
#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bind/choices.hpp"
#include "bind/gil.hpp"
#include "bind/numpy.hpp"
#include "shrinkage/loss/exact.hpp"
#include "shrinkage/loss/mean_loss.hpp"
#include "shrinkage/penalty/registry.hpp"
#include "shrinkage/solver/problem/penalized_loss.hpp"

namespace shrinkage::bind {

namespace {

using OptionalArray = std::optional<py::array>;
using Parameters = std::vector<double>;

void require_length(const char* name, std::size_t length, std::size_t expected, const char* of) {
    if (length == expected) return;
    throw InvalidArgument({"argument.length", name, "array of length " + std::to_string(length),
                           "give it " + std::to_string(expected) + " entries, as many as " + of});
}

template <typename L>
void require_targets(const L& loss, ConstVector y) {
    const auto bad = std::find_if(y.begin(), y.end(), [&](double v) { return !loss.valid(v); });
    if (bad == y.end()) return;
    const auto index = std::to_string(bad - y.begin());
    throw InvalidArgument(
        {"argument.target", "y[" + index + "]", py::repr(py::float_(*bad)).cast<std::string>(),
         std::string("give targets that the ") + L::name + " loss is made for: " + L::targets});
}

template <VectorLoss L>
void require_targets(const L& loss, ConstVector y, std::size_t n) {
    std::vector<double> target(loss.target_size());
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < target.size(); ++k) target[k] = y[i + k * n];
        if (loss.valid(target)) continue;
        throw InvalidArgument(
            {"argument.target", "y[" + std::to_string(i) + "]",
             py::repr(py::float_(target[0])).cast<std::string>(),
             std::string("give targets that the ") + L::name + " loss is made for: " + L::targets});
    }
}

/// Calls f with the loss once y is known to suit it and to have as many observations as eta;
/// `outputs` of 0 stands for one number per observation.
template <typename F>
auto with_loss(const std::string& name, const Parameters& parameters, std::size_t outputs,
               ConstVector y, ConstVector eta, const F& f) {
    if (outputs == 0) {
        require_length("eta", eta.size(), y.size(), "y");
        return visit_exact(
            [&](const auto& loss) {
                require_targets(loss, y);
                return f(loss);
            },
            choose_loss(name, parameters));
    }
    return std::visit(
        [&](const auto& loss) {
            const std::size_t n = y.size() / loss.target_size();
            require_length("eta", eta.size(), n * outputs, "y has observations, times the outputs");
            require_targets(loss, y, n);
            return f(loss);
        },
        choose_vector_loss(name, parameters, outputs));
}

double loss_value(const std::string& name, const Parameters& parameters, std::size_t outputs,
                  const py::array& y_, const py::array& eta_, const OptionalArray& weights_) {
    const auto y = vector_view<double>(y_, "y"), eta = vector_view<double>(eta_, "eta");
    const auto weights = optional_vector_view<double>(weights_, "sample_weight");
    return with_loss(name, parameters, outputs, y, eta, [&](const auto& loss) {
        const std::size_t n = eta.size() / std::max<std::size_t>(outputs, 1);
        if (weights_) require_length("sample_weight", weights.size(), n, "y");
        return mean_loss(loss, y, eta, weights);
    });
}

py::array_t<double> bound_loss_gradient(const std::string& name, const Parameters& parameters,
                                        std::size_t outputs, const py::array& y_,
                                        const py::array& eta_) {
    const auto y = vector_view<double>(y_, "y"), eta = vector_view<double>(eta_, "eta");
    std::vector<double> gradient(eta.size());
    with_loss(name, parameters, outputs, y, eta,
              [&](const auto& loss) { loss_gradient(loss, y, eta, gradient); });
    return to_numpy(std::move(gradient));
}

/// Value, gradient and curvature of every observation, for what draws or weighs single rows.
py::tuple loss_terms(const std::string& name, const Parameters& parameters, const py::array& y_,
                     const py::array& eta_) {
    const auto y = vector_view<double>(y_, "y"), eta = vector_view<double>(eta_, "eta");
    require_length("eta", eta.size(), y.size(), "y");
    std::vector<double> value(y.size()), gradient(y.size()), curvature(y.size());
    visit_exact(
        [&](const auto& loss) {
            require_targets(loss, y);
            for (std::size_t i = 0; i < y.size(); ++i) {
                value[i] = loss.value(y[i], eta[i]);
                gradient[i] = loss.gradient(y[i], eta[i]);
                curvature[i] = loss.curvature(y[i], eta[i]);
            }
        },
        choose_loss(name, parameters));
    return py::make_tuple(to_numpy(std::move(value)), to_numpy(std::move(gradient)),
                          to_numpy(std::move(curvature)));
}

/// The penalty on p coefficients, unweighted and unbounded.
PenaltyInput on_coefficients(PenaltyInput penalty, std::size_t p) {
    penalty.features = p;
    return penalty;
}

double penalty_value(const PenaltyInput& penalty, const py::array& beta_, double lambda) {
    const auto beta = vector_view<double>(beta_, "beta");
    double value = 0.0;
    with_penalty(on_coefficients(penalty, beta.size()),
                 [&](const auto& chosen) { value = chosen.value(beta, lambda); });
    return value;
}

py::array_t<double> prox(const PenaltyInput& penalty, const py::array& v_, double step,
                         double lambda) {
    const auto v = vector_view<double>(v_, "v");
    std::vector<double> out(v.size());
    with_penalty(on_coefficients(penalty, v.size()),
                 [&](const auto& chosen) { chosen.prox(v, step, lambda, out); });
    return to_numpy(std::move(out));
}

py::tuple bound_penalized_loss(const py::array& x_, const py::array& y_, const py::array& w_,
                               double b, const std::string& loss_name,
                               const Parameters& loss_parameters, const PenaltyInput& penalty,
                               double lambda, const OptionalArray& weights_) {
    const auto x = column_major_view<double>(x_, "X");
    const auto y = vector_view<double>(y_, "y"), w = vector_view<double>(w_, "w");
    const auto weights = optional_vector_view<double>(weights_, "sample_weight");
    require_length("y", y.size(), x.rows, "X has rows");
    require_length("w", w.size(), x.cols, "X has columns");
    if (weights_) require_length("sample_weight", weights.size(), x.rows, "X has rows");
    const AnyLoss loss = choose_loss(loss_name, loss_parameters);
    std::visit([&](const auto& l) { require_targets(l, y); }, loss);
    PenalizedLoss result;
    {
        const ReleasedGil released;
        result = penalized_loss(loss, penalty, x, y, weights, w, b, lambda);
    }
    return py::make_tuple(result.value, to_numpy(std::move(result.gradient)),
                          result.intercept_gradient);
}

}  // namespace

void bind_formulas(py::module_& m) {
    using namespace py::literals;
    m.def("loss_value", &loss_value, "loss"_a, "parameters"_a, "outputs"_a, "y"_a, "eta"_a,
          "sample_weight"_a, "Weighted mean loss.");
    m.def("loss_gradient", &bound_loss_gradient, "loss"_a, "parameters"_a, "outputs"_a, "y"_a,
          "eta"_a, "Derivative of each observation's loss by its eta.");
    m.def("loss_terms", &loss_terms, "loss"_a, "parameters"_a, "y"_a, "eta"_a,
          "Value, gradient and curvature of each observation's loss by its eta.");
    py::class_<PenaltyInput>(m, "PenaltyInput", "A penalty by name with its own data.")
        .def(py::init([](std::string name, std::vector<double> parameters,
                         std::vector<std::int64_t> groups, std::vector<double> weights) {
                 PenaltyInput input;
                 input.name = std::move(name);
                 input.parameters = std::move(parameters);
                 input.groups = std::move(groups);
                 input.weights = std::move(weights);
                 return input;
             }),
             "name"_a, py::kw_only(), "parameters"_a, "groups"_a, "weights"_a)
        .def_readonly("name", &PenaltyInput::name);
    m.def("penalty_value", &penalty_value, "penalty"_a, "beta"_a, "lam"_a,
          "lam times the penalty.");
    m.def("prox", &prox, "penalty"_a, "v"_a, "step"_a, "lam"_a,
          "Proximal operator of step * lam * penalty.");
    m.def("penalized_loss", &bound_penalized_loss, "X"_a, "y"_a, "w"_a, "b"_a, "loss"_a,
          "loss_parameters"_a, "penalty"_a, "lam"_a, "sample_weight"_a,
          "Canonical objective, its subgradient of least norm by w, its derivative by b.");
}

}  // namespace shrinkage::bind
