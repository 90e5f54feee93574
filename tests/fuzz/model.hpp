// Losses, penalties and targets made from bytes: one number per observation, or several.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "bytes.hpp"
#include "shrinkage/path/fit.hpp"

namespace shrinkage::fuzz {

struct ScalarModel {
    AnyLoss loss;
    PenaltyInput penalty;
};
struct VectorModel {
    AnyVectorLoss loss;
    PenaltyInput penalty;
    std::size_t outputs;
    bool classes;
    bool rows;  // the row-group penalty, which takes no bounds
};
using Model = std::variant<ScalarModel, VectorModel>;

inline PenaltyInput chosen_penalty(std::size_t which, double ratio) {
    static constexpr std::array names{"l1", "l2", "elasticnet"};
    const std::string name = names[which % names.size()];
    PenaltyInput input;
    input.name = name;
    if (name == "elasticnet") input.parameters = {ratio};
    return input;
}

/// The first five bytes: loss, its parameter, penalty, its ratio, outputs.
inline Model chosen_model(Bytes& bytes) {
    static constexpr std::array losses{"squared",  "logistic", "poisson",
                                       "gamma",    "huber",    "squared_hinge",
                                       "quantile", "targets",  "multinomial"};
    static constexpr std::array deltas{1.35, 1e-6, 1e6, 1e-12, 1e12};
    static constexpr std::array quantiles{0.5, 0.1, 0.9, 0.01, 0.999};
    static constexpr std::array ratios{0.5, 0.9, 1e-3, 0.0, 1.0};
    const std::string name = bytes.one_of(losses);
    const std::uint8_t parameter = bytes.next();
    const std::uint8_t kind = bytes.next();
    const double ratio = bytes.one_of(ratios);
    const std::size_t outputs = bytes.between(1, 4);
    if (name == "targets" || name == "multinomial") {
        const bool classes = name == "multinomial";
        const std::size_t k = classes ? std::max<std::size_t>(outputs, 2) : outputs;
        const bool rows = kind % 4 == 3;
        PenaltyInput penalty = chosen_penalty(kind, ratio);
        if (rows) penalty = {}, penalty.name = "row_group";
        return VectorModel{*vector_loss_named(classes ? "multinomial" : "squared", k), penalty, k,
                           classes, rows};
    }
    const double value = name == "huber" ? deltas[parameter % deltas.size()]
                                         : quantiles[parameter % quantiles.size()];
    const bool takes_one = name == "huber" || name == "quantile";
    return ScalarModel{*loss_named(name, takes_one ? ConstVector(&value, 1) : ConstVector()),
                       chosen_penalty(kind, ratio)};
}

/// A target that the loss takes.
template <ScalarLoss L>
double target(const L& loss, double t) {
    for (const double y : {t, std::abs(t), t > 0.0 ? 1.0 : 0.0, t > 0.0 ? 1.0 : -1.0}) {
        if (loss.valid(y)) return y;
    }
    return 1.0;
}

/// n targets of one number, n class indices of which each occurs, or n rows of K numbers.
inline std::vector<double> targets(const Model& model, Bytes& bytes, std::size_t n) {
    std::vector<double> y;
    if (const auto* scalar = std::get_if<ScalarModel>(&model)) {
        std::visit(
            [&](const auto& loss) {
                for (std::size_t i = 0; i < n; ++i) y.push_back(target(loss, bytes.number()));
            },
            scalar->loss);
        return y;
    }
    const auto& vector = std::get<VectorModel>(model);
    if (!vector.classes) return bytes.numbers(n * vector.outputs);
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t k = i < vector.outputs ? i : bytes.next() % vector.outputs;
        y.push_back(static_cast<double>(k));
    }
    return y;
}

}  // namespace shrinkage::fuzz
