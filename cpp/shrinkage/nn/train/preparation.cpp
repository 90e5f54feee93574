// What a trainer has before a step: memory, first weights, masks of members, rates of dropout.
#include <algorithm>
#include <cmath>
#include <utility>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/kernels/stretches.hpp"
#include "shrinkage/nn/train/trainer.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t numbers_of_a_piece = std::size_t{1} << 15;
// What a pass takes at a time: of a larger batch the gradients are added, since buffers for all of
// it would leave the cache and hold up a stop; fewer only where there are no more.
constexpr std::size_t most_rows = 1024, least_rows = 256;

}  // namespace

template <typename T>
Trainer<T>::Trainer(const Architecture& architecture, const TrainerOptions& options,
                    Regularization regularization)
    : architecture_(architecture),
      layout_(architecture.sizes),
      options_(options),
      regularization_(std::move(regularization)) {
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const DenseLayer& layer = layout_[l];
        for (std::size_t done = 0; done < layer.n_weights(); done += numbers_of_a_piece) {
            const std::size_t count = std::min(numbers_of_a_piece, layer.n_weights() - done);
            pieces_.push_back({l, layer.weights + done, count, true});
        }
        pieces_.push_back({l, layer.biases, layer.stride, false});
    }
    pieces_.push_back({0, layout_.logits(), padded<T>(layout_.depth()), false});
    deal_members();
}

template <typename T>
void Trainer<T>::prepare(const Context& context) {
    const std::scoped_lock lock(preparing_mutex_);
    if (!ready_) {
        grow(state_.parameters, layout_.size(), context);
        grow(gradient_, layout_.size(), context);
        if (options_.optimizer.keeps_first()) grow(state_.first, layout_.size(), context);
        if (options_.optimizer.keeps_second()) grow(state_.second, layout_.size(), context);
        if (learns_rates()) start_logits();
        ready_ = true;
    }
    if (start_) draw_weights_of_all(*start_, context);
    start_.reset();
}

template <typename T>
void Trainer<T>::draw_weights_of_all(Start start, const Context& context) {
    constexpr double operations_of_a_draw = 30.0;
    const Team team =
        context.threads_for(operations_of_a_draw * static_cast<double>(layout_.size()));
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const DenseLayer& layer = layout_[l];
        const std::size_t rows = std::max<std::size_t>(numbers_of_a_piece / layer.stride, 1);
        parallel_for((layer.inputs + rows - 1) / rows, team, [&](std::size_t task) {
            context.check();
            const std::size_t first = task * rows;
            draw_weights(options_.seed, l, layer, start, first,
                         std::min(rows, layer.inputs - first),
                         state_.parameters.data() + layer.weights);
        });
    }
}

template <typename T>
void Trainer<T>::deal_members() {
    members_.clear();
    if (!traits_of(regularization_.kind).recurring) return;
    const std::size_t n_members = regularization_.n_members;
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const std::size_t units = n_decisions(l, layout_[l].inputs, regularization_.input_groups);
        double& rate = regularization_.rates[l];
        const DropoutStream stream{options_.seed, 0, static_cast<std::uint32_t>(l)};
        members_.emplace_back(stream, n_members, units, rate);
        rate =
            static_cast<double>(dropped_units(units, n_members, rate)) / static_cast<double>(units);
    }
}

template <typename T>
void Trainer<T>::start_logits() {
    const std::size_t first = layout_.logits();
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const double p = regularization_.rates[l];
        state_.parameters[first + l] = p > 0.0 ? static_cast<T>(std::log(p / (1.0 - p))) : T{0};
        if (!state_.first.empty()) state_.first[first + l] = T{0};
        if (!state_.second.empty()) state_.second[first + l] = T{0};
    }
}

template <typename T>
void Trainer<T>::set_regularization(Regularization regularization) {
    const bool anew = traits_of(regularization.kind).learns_rates &&
                      (!learns_rates() || regularization.rates != regularization_.rates);
    regularization_ = std::move(regularization);
    if (anew && ready_) start_logits();
    deal_members();
    prepare_rates();
    // The best weights under another penalty or rate are not those of this one.
    state_.best.clear();
    state_.best_loss = std::numeric_limits<double>::infinity();
    state_.best_epoch = 0;
}

template <typename T>
void Trainer<T>::set_examples(const Examples<T>& train, const Examples<T>& validation) {
    train_ = train;
    validation_ = validation;
    order_.resize(train.n);
    passes_.clear();
}

template <typename T>
void Trainer<T>::prepare_pass() {
    if (!passes_.empty()) return;
    const std::size_t rows = std::clamp(options_.batch_size, least_rows, most_rows);
    passes_.emplace_back(architecture_, std::min(rows, train_.n), true);
}

template <typename T>
void Trainer<T>::prepare_rates() {
    fill_rates(rates_);
}

template <typename T>
void Trainer<T>::fill_rates(std::vector<double>& rates) const {
    rates = regularization_.rates;
    if (!learns_rates()) {
        const double factor = factor_at(options_.dropout_factors, state_.epochs);
        for (double& rate : rates) rate *= factor;
        return;
    }
    if (!ready_) return;
    for (std::size_t l = 0; l < rates.size(); ++l) {
        const auto logit = static_cast<double>(state_.parameters[layout_.logits() + l]);
        if (rates[l] > 0.0) rates[l] = 1.0 / (1.0 + std::exp(-logit));
    }
}

template <typename T>
std::vector<double> Trainer<T>::rates() const {
    std::vector<double> rates;
    fill_rates(rates);
    return rates;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace shrinkage
