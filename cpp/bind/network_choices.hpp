// From the names that Python sends to the choices of a network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include "bind/choices.hpp"
#include "shrinkage/base/errors.hpp"
#include "shrinkage/nn/model/output_loss.hpp"
#include "shrinkage/nn/step/optimizer.hpp"
#include "shrinkage/nn/step/weight_penalty.hpp"
#include "shrinkage/nn/train/trainer.hpp"

namespace shrinkage::bind {

namespace py = pybind11;
using namespace py::literals;

[[noreturn]] inline void refuse_name(const char* argument, const std::string& name) {
    throw InvalidArgument({std::string("argument.") + argument, argument, name,
                           std::string("use a name of ") + argument + " that the core knows"});
}

template <typename Choice>
auto chosen(const Choice& found, const char* argument, const std::string& name) {
    if (!found) refuse_name(argument, name);
    return *found;
}

/// `size` is the number of targets or classes; 0 stands for one number per observation.
inline OutputLoss choose_output_loss(const std::string& name, const std::vector<double>& parameters,
                                     std::size_t size) {
    if (name == "gaussian") return GaussianNoise{size};
    if (name == "quantiles") return SeveralQuantiles{parameters};
    if (size == 0) return choose_loss(name, parameters);
    return choose_vector_loss(name, parameters, size);
}

inline Start choose_start(const std::string& name, Activation activation) {
    if (name == "auto") return start_for(activation);
    if (name == "he") return Start::he;
    if (name == "glorot") return Start::glorot;
    if (name == "lecun") return Start::lecun;
    refuse_name("start", name);
}

/// The penalty of one layer, and the bound on norms: see nn/step/weight_penalty.hpp.
inline WeightPenalty layer_penalty(const std::string& groups, double kink, double ridge,
                                   double lambda, double max_norm) {
    const auto of = [&](WeightGroups kind) {
        return WeightPenalty{kind, kink, ridge, lambda, max_norm};
    };
    if (groups == "separable") return of(WeightGroups::separable);
    if (groups == "incoming") return of(WeightGroups::incoming);
    if (groups == "outgoing") return of(WeightGroups::outgoing);
    refuse_name("penalty", groups);
}

/// Numbers of an optimizer by name.
using OptimizerNumbers = std::map<std::string, double>;

inline void set_numbers(OptimizerOptions& options, const OptimizerNumbers& numbers) {
    for (const auto& [name, value] : numbers) options.set(name, value);
}

/// Moments, and default by parameter, of every optimizer by name.
inline py::dict optimizer_table() {
    py::dict table;
    for (const OptimizerRow& row : optimizers) {
        py::dict defaults;
        for (const OptimizerParameter& parameter : row.parameters) {
            defaults[py::str(std::string(parameter.name))] = OptimizerOptions{}.*parameter.member;
        }
        table[py::str(std::string(row.name))] =
            py::dict("moments"_a = row.moments, "parameters"_a = defaults);
    }
    return table;
}

inline const char* ending_name(Ending ending) {
    switch (ending) {
        case Ending::cancelled: return "cancelled";
        case Ending::early_stopping: return "early_stopping";
        case Ending::diverged: return "diverged";
        case Ending::none: break;
    }
    return "none";
}

}  // namespace shrinkage::bind
