// Ensembles inside a dropout network: sampled members, and all of them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bind/gil.hpp"
#include "bind/network.hpp"
#include "shrinkage/nn/ensemble/enumeration.hpp"
#include "shrinkage/nn/ensemble/sampled.hpp"

namespace shrinkage::bind {
namespace {

/// The kind and groups that the network trains with, and the rates that are asked for.
template <typename T>
EnsemblePlan plan_of(BoundNetwork<T>& network, std::uint64_t seed, std::vector<double> rates) {
    const Regularization& regularization = network.trainer().regularization();
    if (rates.size() != network.trainer().layout().depth()) {
        throw InvalidArgument({"argument.length", "rates", "of another length",
                               "give one rate per layer of weights"});
    }
    EnsemblePlan plan;
    plan.seed = seed;
    plan.rates = std::move(rates);
    plan.kind = regularization.kind;
    plan.input_groups = regularization.input_groups;
    plan.temperature = regularization.concrete.temperature;
    plan.members = network.trainer().members();
    return plan;
}

template <typename T>
py::dict sample(BoundNetwork<T>& network, const py::object& x, const py::object& y,
                std::uint64_t seed, std::vector<double> rates, bool per_row, bool integrate_last,
                std::uint64_t n_members, double wanted_error, bool keep_members,
                std::vector<double> precisions, std::vector<double> points,
                std::vector<double> weights, std::size_t n_threads, Control& control) {
    const auto lock = network.reading();
    const auto examples = network.held(x, y, py::none());
    SamplingRequest request{plan_of(network, seed, std::move(rates)),
                            n_members,
                            wanted_error,
                            keep_members,
                            std::move(precisions),
                            {std::move(points), std::move(weights)}};
    request.plan.per_row = per_row;
    if (integrate_last) std::swap(request.plan.integrated_rate, request.plan.rates.back());
    Trainer<T>& trainer = network.trainer();
    SampledEnsemble<T> found;
    {
        const ReleasedGil released;
        found = sample_ensemble(trainer.architecture(), trainer.state().parameters.data(),
                                examples.view, request, {n_threads, &control});
    }
    const std::size_t n = examples.view.n, responses = n > 0 ? found.mean.size() / n : 0;
    const auto rows = [n](std::vector<double>&& values, std::size_t cols) {
        return to_numpy_rows(std::move(values), n, cols);
    };
    return py::dict("n_members"_a = found.n_members,
                    "mean"_a = rows(std::move(found.mean), responses),
                    "squares"_a = rows(std::move(found.squares), responses),
                    "extra"_a = rows(std::move(found.extra), found.extras),
                    "log_density"_a = rows(std::move(found.log_density), found.densities),
                    "losses"_a = to_numpy(std::move(found.losses)),
                    "errors"_a = to_numpy(std::move(found.errors)),
                    "members"_a = to_numpy_rows(std::move(found.members),
                                                keep_members ? found.n_members : 0, n * responses));
}

template <typename T>
py::dict enumerate(BoundNetwork<T>& network, const py::object& x, const py::object& y,
                   std::vector<double> rates, const std::vector<double>& precisions,
                   std::size_t n_threads, Control& control) {
    const auto lock = network.reading();
    const auto examples = network.held(x, y, py::none());
    const EnsemblePlan plan = plan_of(network, 0, std::move(rates));
    Trainer<T>& trainer = network.trainer();
    EnumeratedEnsemble found;
    {
        const ReleasedGil released;
        found = enumerate_ensemble(trainer.architecture(), trainer.state().parameters.data(),
                                   examples.view, plan, precisions, {n_threads, &control});
    }
    const std::size_t n = examples.view.n, outputs = trainer.layout().outputs();
    const std::size_t responses = n > 0 ? found.mean.size() / n : 0;
    const auto rows = [n](std::vector<double>&& values, std::size_t cols) {
        return to_numpy_rows(std::move(values), n, cols);
    };
    return py::dict("n_members"_a = found.n_members,
                    "mean"_a = rows(std::move(found.mean), responses),
                    "variance"_a = rows(std::move(found.variance), responses),
                    "output"_a = rows(std::move(found.output), outputs),
                    "extra"_a = rows(std::move(found.extra), found.extras),
                    "log_density"_a = rows(std::move(found.log_density), found.densities),
                    "losses"_a = to_numpy(std::move(found.losses)),
                    "errors"_a = to_numpy(std::move(found.errors)));
}

template <typename T>
void bind_ensemble_of(py::module_& m) {
    m.def("sample_ensemble", &sample<T>, "network"_a, "x"_a, "y"_a, py::kw_only(), "seed"_a,
          "rates"_a, "per_row"_a, "integrate_last"_a, "n_members"_a, "wanted_error"_a,
          "keep_members"_a, "precisions"_a, "points"_a, "weights"_a, "n_threads"_a, "control"_a,
          "Mean, summed squared deviations and scores of sampled members.");
    m.def("enumerate_ensemble", &enumerate<T>, "network"_a, "x"_a, "y"_a, py::kw_only(), "rates"_a,
          "precisions"_a, "n_threads"_a, "control"_a,
          "The same of all sub-networks, weighted by probability.");
}

}  // namespace

void bind_ensemble(py::module_& m) {
    bind_ensemble_of<float>(m);
    bind_ensemble_of<double>(m);
    m.def("sampling_tasks", &sampling_tasks, "n_rows"_a, "n_members"_a,
          "How far progress counts for so many rows and members.");
    m.def("enumeration_tasks", &enumeration_tasks, "n_rows"_a, "n_decisions"_a);
    m.attr("most_enumerated_units") = most_enumerated_units;
}

}  // namespace shrinkage::bind
