// Trains a network on minibatches; epochs are its unit, and between two of them everything may be
// looked at, changed, saved and restored.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/masks/concrete.hpp"
#include "shrinkage/nn/masks/connections.hpp"
#include "shrinkage/nn/masks/member_masks.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/model/layout.hpp"
#include "shrinkage/nn/model/random.hpp"
#include "shrinkage/nn/step/group_step.hpp"
#include "shrinkage/nn/step/optimizer.hpp"
#include "shrinkage/nn/step/pass.hpp"
#include "shrinkage/nn/step/weight_penalty.hpp"
#include "shrinkage/nn/train/subnetwork.hpp"

namespace shrinkage {

inline constexpr std::uint64_t kkt_draws = 32;
inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// What may be changed between epochs.
struct Regularization {
    std::vector<WeightPenalty> penalties;  // one a layer
    std::vector<double> rates;             // of dropout; entry l belongs to what enters layer l
    DropoutKind kind = DropoutKind::bernoulli;
    std::vector<std::uint32_t> input_groups;  // see MaskPlan
    ConcreteOptions concrete;                 // whose first rates are `rates`; 0 is not learned
    std::size_t n_members = 4;  // of masksembles; with it `rates` become those of whole units
};

struct TrainerOptions {
    OptimizerOptions optimizer;
    double learning_rate = 1e-3;
    std::size_t batch_size = 32;
    std::uint64_t seed = 0;
    std::size_t kkt_every = 0;  // epochs between two residuals; 0: none
    bool early_stopping = false;
    std::size_t patience = 10;  // epochs without improvement
    double improvement = 1e-4;  // of the validation loss, that counts as one
    double clip_norm = std::numeric_limits<double>::infinity();  // of a step's whole gradient
    // Epoch e multiplies learning rate and dropout rates by entry e, the last one from then on;
    // empty: by 1.
    std::vector<double> learning_rate_factors, dropout_factors;
};

struct EpochRecord {
    double train_loss = not_measured;       // masks on, mean over the epoch
    double validation_loss = not_measured;  // masks off
    double penalty = 0.0;                   // and what learned rates cost
    double kkt = not_measured;
    double kkt_error = not_measured;
    double learning_rate = 0.0;
    std::vector<std::size_t> zeros;  // one a layer
    std::vector<double> rates;       // of dropout, one a layer: at the end where they are learned
};

enum class Ending { none, cancelled, early_stopping, diverged };

/// The residual of the penalized objective, and with dropout its standard error.
struct KktResidual {
    double value = 0.0;
    double error = 0.0;
};

/// What a network makes of its own examples, masks off.
struct Health {
    std::size_t rows = 0, not_finite = 0;  // those without a finite prediction
    std::size_t dead_layer = 0;  // the first whose units give one number each for all rows; 0: none
    bool constant = false;       // whether the outputs do
};

/// What a schedule multiplies by in an epoch.
inline double factor_at(const std::vector<double>& factors, std::uint64_t epoch) {
    return factors.empty() ? 1.0 : factors[std::min<std::size_t>(epoch, factors.size() - 1)];
}

/// All that changes while training; equal states go on equally, bit by bit.
template <typename T>
struct TrainerState {
    Aligned<T> parameters, first, second, best;
    std::uint64_t updates = 0;
    std::uint64_t epochs = 0;
    double best_loss = std::numeric_limits<double>::infinity();
    std::uint64_t best_epoch = 0;
    std::vector<EpochRecord> history;
};

/// One thread at a time may train or change it. Between these any number may read side by side:
/// outputs, losses, penalty, rates, parameters, members, health, and one after the other gradients
/// and residuals.
template <typename T>
class Trainer {
public:
    Trainer(const Architecture& architecture, const TrainerOptions& options,
            Regularization regularization);

    const Architecture& architecture() const { return architecture_; }
    const Layout<T>& layout() const { return layout_; }
    TrainerOptions& options() { return options_; }
    const Regularization& regularization() const { return regularization_; }
    /// Learned rates start anew when the kind or the rates that are given change.
    void set_regularization(Regularization regularization);

    /// The views must outlive their use. Without validation examples its loss is not measured.
    void set_examples(const Examples<T>& train, const Examples<T>& validation);

    /// Weights are drawn anew before they are next used.
    void draw_start(Start start) { start_ = start; }

    /// Trains up to `epochs` more epochs. A stop leaves the finished steps in force; divergence
    /// puts back the weights from before the epoch that diverged. With `residual_at_end` the last
    /// record gets the residual of the weights that are kept: the best ones of early stopping. It
    /// then averages over no more draws of the masks than an eighth of the epochs just run, but at
    /// least 2, since a draw costs about what an epoch does.
    Ending run(std::size_t epochs, const Context& context, bool residual_at_end = false);

    /// Max over the parameters of dist(-gradient, lambda dP) / lambda on all training examples. A
    /// layer without penalty, and the biases, are measured in units of the largest lambda; without
    /// any penalty the gradient itself is reported. With dropout the gradient is the mean of so
    /// many draws of the masks, at least 2, and the error that of the entry which attains the
    /// maximum; of masksembles each example has no member twice, and all of them leave no error.
    KktResidual kkt_residual(const Context& context, std::uint64_t most_draws = kkt_draws);

    /// Mean over all examples of the loss, masks off.
    double mean_loss(const Examples<T>& examples, const Context& context);

    /// Row-major (n, outputs), masks off: what the loss calls eta.
    std::vector<double> outputs(const Examples<T>& examples, const Context& context);

    /// Of the training examples, and whether predictions are finite of those to measure by too.
    Health health(const Context& context);

    /// Mean loss with masks of the given step on, and its gradient in the layout of the parameters;
    /// of learned rates both with their cost.
    double loss_and_gradient(std::uint64_t step, Aligned<T>& gradient, const Context& context);

    /// lambda P(W) of all layers; with learned rates and examples also what they cost.
    double penalty();
    /// Dropout rates in force, one a layer.
    std::vector<double> rates() const;
    std::vector<std::size_t> zeros();

    /// One a layer, of masksembles.
    const std::vector<MemberMasks>& members() const { return members_; }

    TrainerState<T>& state() {
        prepare({});
        return state_;
    }
    /// Steps so far; another thread may ask while run() works.
    std::uint64_t updates() const { return updates_told_.load(std::memory_order_relaxed); }
    /// To be called when the state was exchanged.
    void tell_updates() { updates_told_.store(state_.updates, std::memory_order_relaxed); }
    /// Takes the best weights of early stopping, if there are any.
    void take_best(const Context& context = {});

    /// A copy, as another thread may ask while run() works.
    std::vector<EpochRecord> history() const;

private:
    /// Memory and first weights, which of a large network take seconds and can be stopped.
    void prepare(const Context& context);
    void draw_weights_of_all(Start start, const Context& context);
    Ending train(std::size_t epochs, const Context& context);
    bool state_is_finite(const Context& context) const;
    /// To the weights before the epoch; moments, of which nothing is kept, start anew.
    void fall_back(const Context& context);
    double train_epoch(const Context& context);
    void record_residual(std::uint64_t most_draws, const Context& context);
    void prepare_pass();
    double step(std::span<const std::uint32_t> rows, const Context& context);
    /// compute_gradient for any number of rows, some at a time.
    double batch_gradient(std::uint64_t step, std::span<const std::uint32_t> rows, double scale,
                          const Context& context);
    /// gradient_ = scale times the gradient of the summed loss of the rows, masks of `step` on.
    double compute_gradient(std::uint64_t step, std::span<const std::uint32_t> rows, double scale,
                            const Context& context);
    double gradient_of_part(const MaskPlan& masks, std::span<const std::uint32_t> rows,
                            double scale, const Context& context);
    double gradient_of_connections(const MaskPlan& masks, std::span<const std::uint32_t> rows,
                                   double scale, const Context& context);
    /// Whether a step may update the weights of a layer as their gradient is made, which then is
    /// never written: nothing else is done to the gradient, and what is left takes so little time
    /// that it need not be stopped.
    bool updates_early(std::size_t n_rows) const;
    double early_step(const StepRule<T>& rule, std::span<const std::uint32_t> rows, double scale,
                      const Context& context);
    std::optional<MaskPlan> mask_plan(std::uint64_t step) const;
    double clip_factor(const Context& context);
    double learning_rate() const;
    void prepare_rates();
    void fill_rates(std::vector<double>& rates) const;
    bool learns_rates() const { return traits_of(regularization_.kind).learns_rates; }
    void start_logits();
    void deal_members();
    std::size_t n_pieces() const { return pieces_.size() - (learns_rates() ? 0 : 1); }
    void update(const StepRule<T>& rule, const Context& context);
    /// Weights (or biases) of layer l from `offset` on, by their gradient times `factor`.
    void update_part(const StepRule<T>& rule, std::size_t l, bool weights, std::size_t offset,
                     const StepShape& shape, double factor, const T* gradient);
    /// What acts on whole groups of weights, after all are updated.
    void update_groups(const StepRule<T>& rule, const Context& context);
    void record(double train_loss, const Context& context);
    bool improves_no_more(const Context& context);
    bool any_dropout() const;
    double add_gradient(std::uint64_t step, std::vector<double>& sum, const Context& context);
    /// Buffers of one reader, kept for the next.
    using Desk = std::unique_ptr<Pass<T>, std::function<void(Pass<T>*)>>;
    Desk desk();
    /// Waits until no other reader computes gradients, whose buffers are those of training.
    std::unique_lock<std::mutex> turn_at_gradients(const Context& context);

    /// A stretch of parameters that one task updates.
    struct Piece {
        std::size_t layer, offset, count;
        bool weights;
    };

    Architecture architecture_;
    Layout<T> layout_;
    TrainerOptions options_;
    Regularization regularization_;
    std::vector<MemberMasks> members_;
    Examples<T> train_, validation_;
    TrainerState<T> state_;
    std::optional<Start> start_;  // to be drawn
    std::atomic<bool> ready_{false};
    std::atomic<std::uint64_t> updates_told_{0};
    Aligned<T> gradient_, gradient_sum_, last_good_;
    std::vector<Piece> pieces_;  // the last one is that of the logits
    std::vector<std::uint32_t> order_;
    std::vector<Pass<T>> passes_;                 // none or one: for training
    std::vector<std::unique_ptr<Pass<T>>> idle_;  // of readers
    std::vector<SubNetwork<T>> parts_;            // none or one: of the batch kind
    std::vector<Connections<T>> connections_;     // none or one: of DropConnect
    std::vector<double> rates_;                   // of this epoch
    std::vector<double> piece_squares_;
    GroupStep<T> group_step_;
    mutable std::mutex history_mutex_;
    std::mutex preparing_mutex_, reading_mutex_, gradients_mutex_;
};

}  // namespace shrinkage
