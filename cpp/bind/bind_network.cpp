// Networks: the classes of both precisions, and many networks at once.
#include <cstddef>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bind/gil.hpp"
#include "bind/network.hpp"
#include "shrinkage/base/threads.hpp"

namespace shrinkage::bind {
namespace {

template <typename T>
void bind_network_of(py::module_& m, const char* name) {
    using Net = BoundNetwork<T>;
    py::class_<Net>(m, name, "A network and its optimizer; arrays have the type of the name.")
        .def(py::init<std::vector<std::size_t>, const std::string&, const std::string&,
                      const std::vector<double>&, std::size_t, const std::string&,
                      const OptimizerNumbers&, double, std::size_t, std::uint64_t, std::size_t,
                      bool, std::size_t, double>(),
             py::kw_only(), "sizes"_a, "activation"_a, "loss"_a, "loss_parameters"_a, "loss_size"_a,
             "optimizer"_a, "optimizer_parameters"_a, "learning_rate"_a, "batch_size"_a, "seed"_a,
             "kkt_every"_a, "early_stopping"_a, "patience"_a, "improvement"_a)
        .def("set_regularization", &Net::set_regularization, py::kw_only(), "penalties"_a,
             "rates"_a, "kind"_a, "input_groups"_a, "concrete"_a, "n_members"_a,
             "Penalties and dropout rates, one a layer; by what rates are learned; how many fixed "
             "masks.")
        .def("set_schedule", &Net::set_schedule, "learning_rate_factors"_a, "dropout_factors"_a,
             "clip_norm"_a, "Factors by epoch, and the bound of a step's gradient.")
        .def_property_readonly("sizes", &Net::sizes, "Inputs, hidden units ..., outputs.")
        .def("set_optimizer", &Net::set_optimizer, py::kw_only(), "parameters"_a, "batch_size"_a,
             "kkt_every"_a, "Parameters of the optimizer by name, as in optimizers().")
        .def("set_learning_rate", &Net::set_learning_rate, "rate"_a)
        .def("set_examples", &Net::set_examples, "x"_a, "y"_a, "weights"_a, "x_validation"_a,
             "y_validation"_a, "weights_validation"_a)
        .def("draw_start", &Net::draw_start, "name"_a,
             "All weights are drawn anew before they are next used.")
        .def("run", &Net::run, "epochs"_a, "n_threads"_a, "control"_a, "residual_at_end"_a,
             "Trains so many epochs more; says how it ended.")
        .def("outputs", &Net::outputs, "x"_a, "n_threads"_a, "control"_a,
             "Linear predictors (n, outputs), all units on.")
        .def("mean_loss", &Net::mean_loss, "x"_a, "y"_a, "weights"_a, "n_threads"_a, "control"_a)
        .def("kkt_residual", &Net::kkt_residual, "n_threads"_a, "control"_a,
             "Residual of the objective on the training data, and its standard error.")
        .def("loss_and_gradient", &Net::loss_and_gradient, "step"_a, "n_threads"_a, "control"_a,
             "Mean training loss with the masks of a step, and its gradient.")
        .def("health", &Net::health, "n_threads"_a, "control"_a,
             "Rows, those without a finite prediction, the first layer that gives the same for all "
             "rows (0: none), and whether the outputs do.")
        .def("penalty", &Net::penalty)
        .def("rates", &Net::rates, "Dropout rates in force, one a layer.")
        .def("parameters", &Net::parameters, "Weights (inputs, units) and biases of each layer.")
        .def("set_parameters", &Net::set_parameters, "weights"_a, "biases"_a)
        .def("take_best", &Net::take_best, "Goes back to the best weights of early stopping.")
        .def("history", &Net::history, "One entry an epoch; may be asked during run().")
        .def("state", &Net::state, "All that changes while training.")
        .def("restore", &Net::restore, "saved"_a)
        .def_property_readonly("updates", &Net::updates);
}

/// Trains many networks side by side, each on one thread; says how each ended.
template <typename T>
std::vector<std::string> run_many(const std::vector<BoundNetwork<T>*>& networks, std::size_t epochs,
                                  std::size_t n_threads, Control& control, bool residual_at_end) {
    std::vector<std::unique_lock<std::shared_mutex>> locks;
    for (BoundNetwork<T>* network : networks) {
        locks.push_back(network->own());
        network->require_examples();
    }
    std::vector<std::string> endings(networks.size());
    const ReleasedGil released;
    parallel_for(networks.size(), n_threads, [&](std::size_t i) {
        endings[i] =
            ending_name(networks[i]->trainer().run(epochs, {1, &control}, residual_at_end));
    });
    return endings;
}

}  // namespace

void bind_network(py::module_& m) {
    py::class_<WeightPenalty>(
        m, "LayerPenalty",
        "The penalty of a layer's weights: groups 'separable', kink |w| + ridge w^2 / 2, or "
        "'incoming' and 'outgoing', kink sqrt(size) |w|_2 of the weights into a unit or out of an "
        "input; lam is the unit of residuals, max_norm bounds the weights into a unit.")
        .def(py::init(&layer_penalty), py::kw_only(), "groups"_a, "kink"_a, "ridge"_a, "lam"_a,
             "max_norm"_a)
        .def_readonly("lam", &WeightPenalty::lambda);
    py::class_<ConcreteOptions>(m, "ConcreteOptions", "By what dropout rates are learned.")
        .def(py::init([](double temperature, double length_scale, double precision) {
                 return ConcreteOptions{temperature, length_scale, precision};
             }),
             py::kw_only(), "temperature"_a, "length_scale"_a, "precision"_a);
    m.def("optimizers", &optimizer_table,
          "By name: how many numbers are kept of each weight, and defaults by parameter.");
    bind_network_of<float>(m, "NetworkFloat32");
    bind_network_of<double>(m, "NetworkFloat64");
    m.def("run_many", &run_many<float>, "networks"_a, "epochs"_a, "n_threads"_a, "control"_a,
          "residual_at_end"_a);
    m.def("run_many", &run_many<double>, "networks"_a, "epochs"_a, "n_threads"_a, "control"_a,
          "residual_at_end"_a, "Trains many networks side by side, each on one thread.");
}

}  // namespace shrinkage::bind
