#include "shrinkage/nn/train/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <utility>

#include "shrinkage/base/crew.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/kernels/stretches.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t epochs_for_a_draw = 8;    // of the residual at the end
constexpr double operations_not_stopped = 2e9;  // at most some 20 ms

/// The same threads for work that has to come to its end.
Context unstopped(const Context& context) { return {context.n_threads, nullptr, context.crew}; }

}  // namespace

template <typename T>
Ending Trainer<T>::run(std::size_t epochs, const Context& given, bool residual_at_end) {
    Crew crew(given.n_threads);
    const Context context{given.n_threads, given.control, &crew};
    const std::size_t before = state_.history.size();
    const Ending ending = train(epochs, context);
    const std::size_t finished = state_.history.size() - before;
    if (!residual_at_end || finished == 0) return ending;
    if (ending == Ending::cancelled || ending == Ending::diverged) return ending;
    const bool measured = !std::isnan(state_.history.back().kkt);
    if (measured && state_.best.empty()) return ending;
    take_best(context);
    try {
        record_residual(finished / epochs_for_a_draw, context);
    } catch (const Cancelled&) {
        return Ending::cancelled;
    }
    return ending;
}

template <typename T>
void Trainer<T>::record_residual(std::uint64_t most_draws, const Context& context) {
    const KktResidual residual = kkt_residual(context, std::min(most_draws, kkt_draws));
    const std::scoped_lock lock(history_mutex_);
    state_.history.back().kkt = residual.value;
    state_.history.back().kkt_error = residual.error;
}

template <typename T>
Ending Trainer<T>::train(std::size_t epochs, const Context& context) {
    for (std::size_t done = 0; done < epochs; ++done) {
        bool started = false;
        try {
            prepare(context);
            prepare_pass();
            copy_to(state_.parameters, last_good_, context);
            started = true;
            const double train_loss = train_epoch(context);
            if (!std::isfinite(train_loss) || !state_is_finite(context)) {
                fall_back(context);
                return Ending::diverged;
            }
            record(train_loss, context);
        } catch (const Cancelled&) {
            if (started && !state_is_finite(context)) fall_back(context);
            return Ending::cancelled;
        }
        if (context.control != nullptr) context.control->advance();
        const bool stops_early = options_.early_stopping && validation_.n > 0;
        if (stops_early && improves_no_more(context)) return Ending::early_stopping;
    }
    return Ending::none;
}

template <typename T>
bool Trainer<T>::state_is_finite(const Context& context) const {
    std::atomic<bool> finite{true};
    for (const Aligned<T>* values : {&state_.parameters, &state_.first, &state_.second}) {
        for_stretches(values->size(), unstopped(context), [&](std::size_t first, std::size_t n) {
            if (!all_finite<T>({values->data() + first, n})) finite = false;
        });
    }
    return finite;
}

template <typename T>
void Trainer<T>::fall_back(const Context& context) {
    copy_to(last_good_, state_.parameters, unstopped(context));
    std::fill(state_.first.begin(), state_.first.end(), T{0});
    std::fill(state_.second.begin(), state_.second.end(), T{0});
}

template <typename T>
double Trainer<T>::train_epoch(const Context& context) {
    shuffled_order(options_.seed, state_.epochs, order_);
    prepare_rates();
    const std::span<const std::uint32_t> order(order_);
    double total = 0.0;
    for (std::size_t first = 0; first < train_.n && std::isfinite(total);
         first += options_.batch_size) {
        context.check();
        total +=
            step(order.subspan(first, std::min(options_.batch_size, train_.n - first)), context);
    }
    return total / static_cast<double>(train_.n);
}

template <typename T>
std::optional<MaskPlan> Trainer<T>::mask_plan(std::uint64_t step) const {
    if (!any_dropout()) return std::nullopt;
    return MaskPlan{options_.seed,
                    step,
                    rates_,
                    regularization_.kind,
                    regularization_.input_groups,
                    regularization_.concrete.temperature,
                    members_};
}

template <typename T>
double Trainer<T>::compute_gradient(std::uint64_t step, std::span<const std::uint32_t> rows,
                                    double scale, const Context& context) {
    Pass<T>& pass = passes_.front();
    if (learns_rates()) prepare_rates();
    const std::optional<MaskPlan> masks = mask_plan(step);
    if (masks && traits_of(masks->kind).skips_units) {
        return gradient_of_part(*masks, rows, scale, context);
    }
    pass.use(layout_, {});
    if (masks && traits_of(masks->kind).drops_weights) {
        return gradient_of_connections(*masks, rows, scale, context);
    }
    pass.forward(state_.parameters.data(), train_, rows, masks, context);
    return pass.backward(state_.parameters.data(), train_.targets, rows, scale, gradient_.data(),
                         {}, context);
}

template <typename T>
double Trainer<T>::gradient_of_part(const MaskPlan& masks, std::span<const std::uint32_t> rows,
                                    double scale, const Context& context) {
    if (parts_.empty()) parts_.emplace_back(layout_);
    Pass<T>& pass = passes_.front();
    SubNetwork<T>& part = parts_.front();
    part.choose(masks);
    part.pack(state_.parameters.data(), context);
    pass.use(part.layout(), part.inputs());
    pass.forward(part.parameters(), train_, rows, std::nullopt, context);
    const double total =
        pass.backward(part.parameters(), train_.targets, rows, scale, part.gradient(), {}, context);
    part.unpack_gradient(gradient_.data(), context);
    return total;
}

template <typename T>
double Trainer<T>::gradient_of_connections(const MaskPlan& masks,
                                           std::span<const std::uint32_t> rows, double scale,
                                           const Context& context) {
    if (connections_.empty()) connections_.emplace_back(layout_);
    Pass<T>& pass = passes_.front();
    Connections<T>& connections = connections_.front();
    connections.choose(masks, state_.parameters.data(), context);
    pass.forward(connections.parameters(), train_, rows, std::nullopt, context);
    const double total = pass.backward(connections.parameters(), train_.targets, rows, scale,
                                       gradient_.data(), {}, context);
    connections.mask_gradient(gradient_.data(), context);
    return total;
}

template <typename T>
double Trainer<T>::batch_gradient(std::uint64_t step, std::span<const std::uint32_t> rows,
                                  double scale, const Context& context) {
    const std::size_t most = passes_.front().capacity();
    if (rows.size() <= most) return compute_gradient(step, rows, scale, context);
    double total = 0.0;
    grow(gradient_sum_, gradient_.size(), context);
    for_stretches(gradient_.size(), context, [&](std::size_t first, std::size_t count) {
        std::fill_n(gradient_sum_.data() + first, count, T{0});
    });
    for (std::size_t done = 0; done < rows.size(); done += most) {
        context.check();
        const auto part = rows.subspan(done, std::min(most, rows.size() - done));
        total += compute_gradient(step, part, scale, context);
        for_stretches(gradient_.size(), context, [&](std::size_t first, std::size_t count) {
            add_to<T>({gradient_.data() + first, count}, {gradient_sum_.data() + first, count});
        });
    }
    gradient_.swap(gradient_sum_);
    return total;
}

template <typename T>
bool Trainer<T>::updates_early(std::size_t n_rows) const {
    if (options_.clip_norm < std::numeric_limits<double>::infinity()) return false;
    if (n_rows > passes_.front().capacity()) return false;
    const DropoutTraits& traits = traits_of(regularization_.kind);
    if (traits.learns_rates || traits.drops_weights) return false;
    if (traits.skips_units && any_dropout()) return false;
    return 4.0 * static_cast<double>(layout_.size() * n_rows) < operations_not_stopped;
}

template <typename T>
double Trainer<T>::early_step(const StepRule<T>& rule, std::span<const std::uint32_t> rows,
                              double scale, const Context& context) {
    Pass<T>& pass = passes_.front();
    T* parameters = state_.parameters.data();
    pass.use(layout_, {});
    pass.forward(parameters, train_, rows, mask_plan(state_.updates), context);
    // From here on the step ends: weights of some layers are new, those of others are not.
    const auto take = [&](std::size_t l, const GradientTile<T>& tile) {
        update_part(rule, l, true, tile.offset,
                    {tile.rows, tile.cols, layout_[l].stride, tile.stride}, 1.0, tile.values);
    };
    const double total = pass.backward(parameters, train_.targets, rows, scale, gradient_.data(),
                                       take, unstopped(context));
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const DenseLayer& layer = layout_[l];
        update_part(rule, l, false, layer.biases, {1, layer.stride, 0, 0}, 1.0,
                    gradient_.data() + layer.biases);
    }
    return total;
}

template <typename T>
double Trainer<T>::step(std::span<const std::uint32_t> rows, const Context& context) {
    // The last batch of an epoch may be smaller: its step is smaller in proportion.
    const auto full = static_cast<double>(std::min(options_.batch_size, train_.n));
    const auto n_rows = static_cast<double>(rows.size());
    const StepRule<T> rule(options_.optimizer, learning_rate() * n_rows / full, state_.updates + 1);
    double total = 0.0;
    if (updates_early(rows.size())) {
        total = early_step(rule, rows, 1.0 / n_rows, context);
    } else {
        total = batch_gradient(state_.updates, rows, 1.0 / n_rows, context);
        if (learns_rates()) {
            add_concrete_gradient(layout_, regularization_.concrete, rates_, train_.n,
                                  state_.parameters.data(), gradient_.data());
        }
        update(rule, context);
    }
    ++state_.updates;
    tell_updates();
    update_groups(rule, context);
    return total;
}

template <typename T>
double Trainer<T>::learning_rate() const {
    return options_.learning_rate * factor_at(options_.learning_rate_factors, state_.epochs);
}

/// What brings the norm of the gradient to clip_norm, if it is above.
template <typename T>
double Trainer<T>::clip_factor(const Context& context) {
    if (!(options_.clip_norm < std::numeric_limits<double>::infinity())) return 1.0;
    piece_squares_.resize(n_pieces());
    const double operations = 2.0 * static_cast<double>(layout_.size());
    parallel_for(n_pieces(), context.threads_for(operations), [&](std::size_t task) {
        const Piece& piece = pieces_[task];
        double square = 0.0;
        for (std::size_t i = 0; i < piece.count; ++i) {
            const auto g = static_cast<double>(gradient_[piece.offset + i]);
            square += g * g;
        }
        piece_squares_[task] = square;
    });
    double square = 0.0;
    for (const double part : piece_squares_) square += part;
    const double norm = std::sqrt(square);
    return norm > options_.clip_norm ? options_.clip_norm / norm : 1.0;
}

template <typename T>
void Trainer<T>::update_part(const StepRule<T>& rule, std::size_t l, bool weights,
                             std::size_t offset, const StepShape& shape, double factor,
                             const T* gradient) {
    const WeightPenalty& penalty = regularization_.penalties[l];
    const bool separable = weights && penalty.groups == WeightGroups::separable;
    const auto moment = [offset](Aligned<T>& values) {
        return values.empty() ? nullptr : values.data() + offset;
    };
    optimizer_step(rule, separable ? penalty.kink : 0.0, separable ? penalty.ridge : 0.0, shape,
                   factor, gradient, state_.parameters.data() + offset, moment(state_.first),
                   moment(state_.second));
}

template <typename T>
void Trainer<T>::update(const StepRule<T>& rule, const Context& context) {
    const double factor = clip_factor(context);
    const double operations = 10.0 * static_cast<double>(layout_.size());
    parallel_for(n_pieces(), context.threads_for(operations), [&](std::size_t task) {
        const Piece& piece = pieces_[task];
        update_part(rule, piece.layer, piece.weights, piece.offset, {1, piece.count, 0, 0}, factor,
                    gradient_.data() + piece.offset);
    });
}

template <typename T>
void Trainer<T>::update_groups(const StepRule<T>& rule, const Context& context) {
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const WeightPenalty& penalty = regularization_.penalties[l];
        if (!penalty.grouped() && !penalty.bounded()) continue;
        const std::size_t offset = layout_[l].weights;
        const T* second = state_.second.empty() ? nullptr : state_.second.data() + offset;
        group_step_(layout_[l], penalty, rule.metric(second), state_.parameters.data() + offset,
                    context);
    }
}

template <typename T>
void Trainer<T>::record(double train_loss, const Context& context) {
    EpochRecord row;
    row.train_loss = train_loss;
    if (validation_.n > 0) row.validation_loss = mean_loss(validation_, context);
    row.penalty = penalty();
    row.zeros = zeros();
    row.learning_rate = learning_rate();
    fill_rates(row.rates);
    const std::uint64_t epoch = state_.epochs + 1;
    if (options_.kkt_every > 0 && epoch % options_.kkt_every == 0) {
        const KktResidual residual = kkt_residual(context);
        row.kkt = residual.value;
        row.kkt_error = residual.error;
    }
    const std::scoped_lock lock(history_mutex_);
    state_.epochs = epoch;
    state_.history.push_back(std::move(row));
}

template <typename T>
bool Trainer<T>::improves_no_more(const Context& context) {
    const double loss = state_.history.back().validation_loss;
    // The best weights are those of the least loss; patience counts from the last real improvement.
    const bool better = loss < state_.best_loss - options_.improvement;
    if (loss < state_.best_loss) {
        state_.best_loss = loss;
        copy_to(state_.parameters, state_.best, unstopped(context));
    }
    if (better || state_.best_epoch == 0) state_.best_epoch = state_.epochs;
    return state_.epochs - state_.best_epoch >= options_.patience;
}

template <typename T>
void Trainer<T>::take_best(const Context& context) {
    if (!state_.best.empty()) copy_to(state_.best, state_.parameters, unstopped(context));
}

template <typename T>
std::vector<EpochRecord> Trainer<T>::history() const {
    const std::scoped_lock lock(history_mutex_);
    return state_.history;
}

template <typename T>
bool Trainer<T>::any_dropout() const {
    return std::any_of(rates_.begin(), rates_.end(), [](double rate) { return rate > 0.0; });
}

template <typename T>
double Trainer<T>::penalty() {
    prepare({});
    double total = 0.0;
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        total += penalty_value(layout_[l], regularization_.penalties[l],
                               state_.parameters.data() + layout_[l].weights);
    }
    if (learns_rates() && train_.n > 0) {
        total += concrete_cost(layout_, regularization_.concrete, rates(), train_.n,
                               state_.parameters.data());
    }
    return total;
}

template <typename T>
std::vector<std::size_t> Trainer<T>::zeros() {
    prepare({});
    std::vector<std::size_t> zeros;
    for (const DenseLayer& layer : layout_) {
        zeros.push_back(count_zeros(layer, state_.parameters.data() + layer.weights));
    }
    return zeros;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace shrinkage
