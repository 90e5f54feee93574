// A network as Python holds it: parameters and optimizer, which trains between two looks at it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bind/gil.hpp"
#include "bind/network_choices.hpp"
#include "bind/numpy.hpp"
#include "shrinkage/base/errors.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/model/output_loss.hpp"
#include "shrinkage/nn/train/trainer.hpp"

namespace shrinkage::bind {

/// Examples with the arrays that they look into.
template <typename T>
struct HeldExamples {
    Examples<T> view;
    std::vector<py::object> arrays;

    /// x: (n, inputs) in C order, or the CSR parts (data, indices, indptr, inputs); y and weights
    /// may be None where only outputs are wanted.
    HeldExamples() = default;
    HeldExamples(const py::object& x, const py::object& y, const py::object& weights)
        : arrays{x, y, weights} {
        if (py::isinstance<py::tuple>(x)) {
            const auto [data, columns, starts, inputs] =
                x.cast<std::tuple<py::array, py::array, py::array, std::size_t>>();
            view.values = vector_view<T>(data, "X.data");
            view.columns = vector_view<std::int32_t>(columns, "X.indices");
            view.starts = vector_view<std::int64_t>(starts, "X.indptr");
            view.n = view.starts.size() - 1;
            view.inputs = inputs;
        } else {
            const auto dense = row_major_view<T>(x.cast<py::array>(), "X");
            view.values = dense.data;
            view.n = dense.rows;
            view.inputs = dense.cols;
        }
        if (!y.is_none()) view.targets.y = vector_view<double>(y.cast<py::array>(), "y");
        if (!weights.is_none()) {
            view.targets.weights = vector_view<double>(weights.cast<py::array>(), "weights");
        }
    }
};

template <typename T>
class BoundNetwork {
public:
    BoundNetwork(std::vector<std::size_t> sizes, const std::string& activation,
                 const std::string& loss, const std::vector<double>& loss_parameters,
                 std::size_t loss_size, const std::string& optimizer,
                 const OptimizerNumbers& optimizer_parameters, double learning_rate,
                 std::size_t batch_size, std::uint64_t seed, std::size_t kkt_every,
                 bool early_stopping, std::size_t patience, double improvement) {
        Architecture architecture;
        architecture.activation = chosen(activation_named(activation), "activation", activation);
        architecture.loss = choose_output_loss(loss, loss_parameters, loss_size);
        sizes.push_back(outputs_of(architecture.loss));
        architecture.sizes = std::move(sizes);
        TrainerOptions options;
        options.optimizer.kind = chosen(optimizer_named(optimizer), "optimizer", optimizer).kind;
        set_numbers(options.optimizer, optimizer_parameters);
        options.learning_rate = learning_rate;
        options.batch_size = batch_size;
        options.seed = seed;
        options.kkt_every = kkt_every;
        options.early_stopping = early_stopping;
        options.patience = patience;
        options.improvement = improvement;
        const std::size_t depth = architecture.depth();
        trainer_ = std::make_unique<Trainer<T>>(architecture, options,
                                                Regularization{std::vector<WeightPenalty>(depth),
                                                               std::vector<double>(depth, 0.0),
                                                               DropoutKind::bernoulli,
                                                               {},
                                                               {}});
    }

    void set_regularization(std::vector<WeightPenalty> penalties, std::vector<double> rates,
                            const std::string& kind, std::vector<std::uint32_t> input_groups,
                            const ConcreteOptions& concrete, std::size_t n_members) {
        const auto lock = own();
        require_depth("penalties", penalties.size());
        require_depth("rates", rates.size());
        Regularization regularization;
        regularization.penalties = std::move(penalties);
        regularization.kind = chosen(dropout_kind_named(kind), "dropout_kind", kind);
        for (std::size_t l = 0; l < rates.size(); ++l) {
            const DenseLayer& layer = trainer_->layout()[l];
            const bool of_weights = traits_of(regularization.kind).drops_weights;
            check_dropout({0, 0, static_cast<std::uint32_t>(l)},
                          of_weights ? layer.inputs * layer.units : layer.inputs, rates[l]);
        }
        regularization.rates = std::move(rates);
        const std::size_t inputs = trainer_->layout().inputs();
        const bool small = std::all_of(input_groups.begin(), input_groups.end(),
                                       [&](std::uint32_t group) { return group < inputs; });
        if (!input_groups.empty() && (input_groups.size() != inputs || !small)) {
            throw InvalidArgument({"argument.length", "input_groups", "not one group per input",
                                   "number the groups from 0, one for each input"});
        }
        regularization.input_groups = std::move(input_groups);
        regularization.concrete = concrete;
        regularization.n_members = n_members;
        trainer_->set_regularization(std::move(regularization));
    }
    void set_schedule(std::vector<double> learning_rate_factors,
                      std::vector<double> dropout_factors, double clip_norm) {
        const auto lock = own();
        trainer_->options().learning_rate_factors = std::move(learning_rate_factors);
        trainer_->options().dropout_factors = std::move(dropout_factors);
        trainer_->options().clip_norm = clip_norm;
    }
    void set_learning_rate(double rate) {
        const auto lock = own();
        trainer_->options().learning_rate = rate;
    }
    void set_optimizer(const OptimizerNumbers& parameters, std::size_t batch_size,
                       std::size_t kkt_every) {
        const auto lock = own();
        OptimizerOptions optimizer = trainer_->options().optimizer;
        set_numbers(optimizer, parameters);
        trainer_->options().optimizer = optimizer;
        trainer_->options().batch_size = batch_size;
        trainer_->options().kkt_every = kkt_every;
    }
    void set_examples(const py::object& x, const py::object& y, const py::object& weights,
                      const py::object& x_validation, const py::object& y_validation,
                      const py::object& weights_validation) {
        const auto lock = own();
        HeldExamples<T> train = held(x, y, weights), validation;
        if (!x_validation.is_none()) {
            validation = held(x_validation, y_validation, weights_validation);
        }
        if (train.view.n == 0) {
            throw InvalidArgument(
                {"argument.shape", "X", "no rows", "give at least one observation"});
        }
        require_usable(train.view);
        require_usable(validation.view);
        // Only now: the trainer reads those that are held.
        train_ = std::move(train);
        validation_ = std::move(validation);
        trainer_->set_examples(train_.view, validation_.view);
    }
    const std::vector<std::size_t>& sizes() const { return trainer_->architecture().sizes; }
    void require_usable(const Examples<T>& examples) const {
        if (!all_finite<T>(examples.values)) refuse_entries();
        const OutputLoss& loss = trainer_->architecture().loss;
        const std::size_t row = first_invalid(loss, examples.targets.y);
        if (row * target_size_of(loss) < examples.targets.y.size()) {
            throw InvalidArgument({"argument.range", "y[" + std::to_string(row) + "]",
                                   std::to_string(examples.targets.y[row * target_size_of(loss)]),
                                   "give targets as the loss takes them"});
        }
    }
    void draw_start(const std::string& name) {
        const auto lock = own();
        trainer_->draw_start(choose_start(name, trainer_->architecture().activation));
    }
    std::string run(std::size_t epochs, std::size_t n_threads, Control& control,
                    bool residual_at_end) {
        const auto lock = own();
        require_examples();
        const ReleasedGil released;
        return ending_name(trainer_->run(epochs, {n_threads, &control}, residual_at_end));
    }
    py::array_t<double> outputs(const py::object& x, std::size_t n_threads, Control& control) {
        const auto lock = reading();
        const auto examples = held(x, py::none(), py::none());
        std::vector<double> out;
        {
            const ReleasedGil released;
            out = trainer_->outputs(examples.view, {n_threads, &control});
        }
        return to_numpy_rows(std::move(out), examples.view.n, trainer_->layout().outputs());
    }
    double mean_loss(const py::object& x, const py::object& y, const py::object& weights,
                     std::size_t n_threads, Control& control) {
        const auto lock = reading();
        const auto examples = held(x, y, weights);
        const ReleasedGil released;
        return trainer_->mean_loss(examples.view, {n_threads, &control});
    }
    py::tuple kkt_residual(std::size_t n_threads, Control& control) {
        const auto lock = reading();
        require_examples();
        KktResidual residual;
        {
            const ReleasedGil released;
            residual = trainer_->kkt_residual({n_threads, &control});
        }
        return py::make_tuple(residual.value, residual.error);
    }
    py::tuple loss_and_gradient(std::uint64_t step, std::size_t n_threads, Control& control) {
        const auto lock = reading();
        require_examples();
        Aligned<T> gradient;
        double loss = 0.0;
        {
            const ReleasedGil released;
            loss = trainer_->loss_and_gradient(step, gradient, {n_threads, &control});
        }
        return py::make_tuple(loss, weights_in(gradient), biases_in(gradient));
    }
    py::dict health(std::size_t n_threads, Control& control) {
        const auto lock = reading();
        require_examples();
        Health found;
        {
            const py::gil_scoped_release release;
            found = trainer_->health({n_threads, &control});
        }
        return py::dict("rows"_a = found.rows, "not_finite"_a = found.not_finite,
                        "dead_layer"_a = found.dead_layer, "constant"_a = found.constant);
    }
    double penalty() {
        const auto lock = reading();
        return trainer_->penalty();
    }
    py::array_t<double> rates() {
        const auto lock = reading();
        return to_numpy(trainer_->rates());
    }
    py::tuple parameters() {
        const auto lock = reading();
        const auto& flat = trainer_->state().parameters;
        return py::make_tuple(weights_in(flat), biases_in(flat));
    }
    void set_parameters(const std::vector<py::array>& weights,
                        const std::vector<py::array>& biases) {
        const auto lock = own();
        require_depth("coefs", weights.size());
        require_depth("intercepts", biases.size());
        auto& flat = trainer_->state().parameters;
        for (std::size_t l = 0; l < weights.size(); ++l) {
            const DenseLayer& layer = trainer_->layout()[l];
            const auto w = row_major_view<T>(weights[l], "coefs");
            const auto b = vector_view<T>(biases[l], "intercepts");
            if (w.rows != layer.inputs || w.cols != layer.units) {
                refuse_array("coefs", weights[l], "give each layer's weights as (inputs, units)");
            }
            if (b.size() != layer.units) {
                refuse_array("intercepts", biases[l], "give one bias per unit");
            }
            pad(w.data.data(), layer.inputs, layer.units, layer.stride,
                flat.data() + layer.weights);
            std::copy(b.begin(), b.end(), flat.data() + layer.biases);
        }
    }
    void take_best() {
        const auto lock = own();
        trainer_->take_best();
    }
    /// May be asked while run() works on another thread.
    py::dict history() const {
        const std::vector<EpochRecord> rows = trainer_->history();
        const auto column = [&](auto member) {
            std::vector<double> values;
            for (const EpochRecord& row : rows) values.push_back(row.*member);
            return to_numpy(std::move(values));
        };
        std::vector<std::int64_t> zeros;
        std::vector<double> rates;
        for (const EpochRecord& row : rows) {
            zeros.insert(zeros.end(), row.zeros.begin(), row.zeros.end());
            rates.insert(rates.end(), row.rates.begin(), row.rates.end());
        }
        const std::size_t depth = trainer_->layout().depth();
        return py::dict("train_loss"_a = column(&EpochRecord::train_loss),
                        "validation_loss"_a = column(&EpochRecord::validation_loss),
                        "penalty"_a = column(&EpochRecord::penalty),
                        "kkt"_a = column(&EpochRecord::kkt),
                        "kkt_error"_a = column(&EpochRecord::kkt_error),
                        "learning_rate"_a = column(&EpochRecord::learning_rate),
                        "zeros"_a = to_numpy_rows(std::move(zeros), rows.size(), depth),
                        "rates"_a = to_numpy_rows(std::move(rates), rows.size(), depth));
    }
    py::dict state() {
        const auto lock = reading();
        TrainerState<T>& s = trainer_->state();
        return py::dict("parameters"_a = flat_array(s.parameters), "first"_a = flat_array(s.first),
                        "second"_a = flat_array(s.second), "best"_a = flat_array(s.best),
                        "updates"_a = s.updates, "epochs"_a = s.epochs, "best_loss"_a = s.best_loss,
                        "best_epoch"_a = s.best_epoch, "history"_a = history());
    }
    void restore(const py::dict& saved) {
        const auto lock = own();
        TrainerState<T>& s = trainer_->state();
        take_array(saved, "parameters", s.parameters, s.parameters.size());
        take_array(saved, "first", s.first, s.first.size());
        take_array(saved, "second", s.second, s.second.size());
        take_array(saved, "best", s.best, 0);
        s.updates = saved["updates"].cast<std::uint64_t>();
        s.epochs = saved["epochs"].cast<std::uint64_t>();
        s.best_loss = saved["best_loss"].cast<double>();
        s.best_epoch = saved["best_epoch"].cast<std::uint64_t>();
        s.history = history_in(saved["history"].cast<py::dict>());
        trainer_->tell_updates();
    }
    /// May be asked while run() works on another thread.
    std::uint64_t updates() const { return trainer_->updates(); }

    /// Any number of readers at a time.
    std::shared_lock<std::shared_mutex> reading() {
        std::shared_lock<std::shared_mutex> lock(mutex_, std::try_to_lock);
        if (!lock.owns_lock()) refuse_busy();
        return lock;
    }
    /// One caller at a time trains or changes; others are told so instead of waiting with the GIL.
    std::unique_lock<std::shared_mutex> own() {
        std::unique_lock<std::shared_mutex> lock(mutex_, std::try_to_lock);
        if (lock.owns_lock()) return lock;
        if (!std::shared_lock<std::shared_mutex>(mutex_, std::try_to_lock)) refuse_busy();
        throw InvalidArgument({"network.read", "network", "being read by another thread",
                               "wait for what it predicts, or train a copy"});
    }
    void require_examples() const {
        if (train_.view.n == 0) {
            throw InvalidArgument(
                {"network.no_examples", "network", "without examples", "call set_examples first"});
        }
    }
    Trainer<T>& trainer() { return *trainer_; }
    HeldExamples<T> held(const py::object& x, const py::object& y,
                         const py::object& weights) const {
        HeldExamples<T> examples(x, y, weights);
        const std::size_t inputs = trainer_->layout().inputs();
        const std::size_t targets = target_size_of(trainer_->architecture().loss);
        const std::size_t n = examples.view.n;
        if (examples.view.inputs != inputs) {
            throw InvalidArgument({"argument.shape", "X",
                                   std::to_string(examples.view.inputs) + " columns",
                                   "give it " + std::to_string(inputs) + ", as the network has"});
        }
        if (!y.is_none() && examples.view.targets.y.size() != n * targets) {
            throw InvalidArgument({"argument.length", "y",
                                   "of length " + std::to_string(examples.view.targets.y.size()),
                                   "give it " + std::to_string(targets) + " per observation"});
        }
        if (!weights.is_none() && examples.view.targets.weights.size() != n) {
            throw InvalidArgument({"argument.length", "sample_weight", "of another length",
                                   "give one weight per observation"});
        }
        return examples;
    }

private:
    [[noreturn]] static void refuse_busy() {
        throw InvalidArgument({"network.busy", "network", "in training",
                               "wait for the epochs at hand, or stop them"});
    }
    void require_depth(const char* argument, std::size_t found) const {
        const std::size_t depth = trainer_->layout().depth();
        if (found == depth) return;
        throw InvalidArgument({"argument.length", argument, "of length " + std::to_string(found),
                               "give one entry per layer, " + std::to_string(depth)});
    }
    py::list weights_in(const Aligned<T>& flat) const {
        py::list out;
        for (const DenseLayer& layer : trainer_->layout()) {
            out.append(to_numpy_rows(
                unpad(flat.data() + layer.weights, layer.inputs, layer.units, layer.stride),
                layer.inputs, layer.units));
        }
        return out;
    }
    py::list biases_in(const Aligned<T>& flat) const {
        py::list out;
        for (const DenseLayer& layer : trainer_->layout()) {
            out.append(to_numpy(unpad(flat.data() + layer.biases, 1, layer.units, layer.stride)));
        }
        return out;
    }
    static py::array_t<T> flat_array(const Aligned<T>& values) {
        return to_numpy(std::vector<T>(values.begin(), values.end()));
    }
    /// `size` 0: as many as there are.
    static void take_array(const py::dict& saved, const char* name, Aligned<T>& out,
                           std::size_t size) {
        const auto array = saved[name].cast<py::array>();
        const auto values = vector_view<T>(array, name);
        if (size > 0 && values.size() != size) {
            refuse_array(name, array, "restore a state of a network of the same shape");
        }
        out.assign(values.begin(), values.end());
    }
    std::vector<EpochRecord> history_in(const py::dict& columns) const {
        const auto array = columns["zeros"].cast<py::array>();
        const auto zeros = row_major_view<std::int64_t>(array, "zeros");
        std::vector<EpochRecord> rows(zeros.rows);
        const auto fill = [&](const char* name, auto member) {
            const auto column = columns[name].cast<py::array>();
            const auto values = vector_view<double>(column, name);
            for (std::size_t i = 0; i < rows.size() && i < values.size(); ++i) {
                rows[i].*member = values[i];
            }
        };
        fill("train_loss", &EpochRecord::train_loss);
        fill("validation_loss", &EpochRecord::validation_loss);
        fill("penalty", &EpochRecord::penalty);
        fill("kkt", &EpochRecord::kkt);
        fill("kkt_error", &EpochRecord::kkt_error);
        fill("learning_rate", &EpochRecord::learning_rate);
        const auto rate_array = columns["rates"].cast<py::array>();
        const auto rates = row_major_view<double>(rate_array, "rates");
        for (std::size_t i = 0; i < rows.size() && i < rates.rows; ++i) {
            const auto row = zeros.data.subspan(i * zeros.cols, zeros.cols);
            rows[i].zeros.assign(row.begin(), row.end());
            const auto rate_row = rates.data.subspan(i * rates.cols, rates.cols);
            rows[i].rates.assign(rate_row.begin(), rate_row.end());
        }
        return rows;
    }

    std::unique_ptr<Trainer<T>> trainer_;
    HeldExamples<T> train_, validation_;
    std::shared_mutex mutex_;
};

}  // namespace shrinkage::bind
