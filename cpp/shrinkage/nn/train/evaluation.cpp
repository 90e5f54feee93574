// What a trainer measures on whole data sets: losses, outputs, the residual of the objective.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "shrinkage/nn/kernels/stretches.hpp"
#include "shrinkage/nn/model/largest.hpp"
#include "shrinkage/nn/train/trainer.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t rows_to_evaluate = 256;
// Steps beyond any that training will reach, so that the residual meets masks of its own.
constexpr std::uint64_t first_kkt_step = std::uint64_t{1} << 63;

/// Calls f with the rows 0, 1, ... n - 1 in batches of at most `size`.
template <typename F>
void each_batch(std::size_t n, std::size_t size, const F& f) {
    std::vector<std::uint32_t> rows(std::min(n, size));
    for (std::size_t first = 0; first < n; first += size) {
        const std::size_t count = std::min(size, n - first);
        std::iota(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count),
                  static_cast<std::uint32_t>(first));
        f(std::span<const std::uint32_t>(rows.data(), count));
    }
}

/// What rounding leaves of equal outputs, relative to their size.
template <typename T>
constexpr T rounding_of_outputs = 4 * std::numeric_limits<T>::epsilon();

/// Whether each unit gives one number for all rows.
template <typename T>
struct Sameness {
    std::vector<T> first;
    bool all = true;

    /// `value(k, j)` is what unit k gives for row j of a batch.
    template <typename F>
    void look(std::size_t units, std::size_t rows, T tolerance, const F& value) {
        if (!all) return;
        for (std::size_t k = first.size(); k < units; ++k) first.push_back(value(k, 0));
        for (std::size_t k = 0; k < units && all; ++k) {
            const T most = tolerance * std::abs(first[k]);
            for (std::size_t j = 0; j < rows && all; ++j) {
                all = std::abs(value(k, j) - first[k]) <= most;
            }
        }
    }
};

}  // namespace

template <typename T>
typename Trainer<T>::Desk Trainer<T>::desk() {
    std::unique_ptr<Pass<T>> pass;
    {
        const std::scoped_lock lock(reading_mutex_);
        if (!idle_.empty()) {
            pass = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!pass) pass = std::make_unique<Pass<T>>(architecture_, rows_to_evaluate, false);
    const auto give_back = [this](Pass<T>* used) {
        std::unique_ptr<Pass<T>> owned(used);
        const std::scoped_lock lock(reading_mutex_);
        idle_.push_back(std::move(owned));
    };
    return Desk(pass.release(), give_back);
}

template <typename T>
std::unique_lock<std::mutex> Trainer<T>::turn_at_gradients(const Context& context) {
    std::unique_lock<std::mutex> lock(gradients_mutex_, std::try_to_lock);
    while (!lock.owns_lock()) {
        context.check();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        lock.try_lock();
    }
    return lock;
}

template <typename T>
double Trainer<T>::mean_loss(const Examples<T>& examples, const Context& context) {
    prepare(context);
    const Desk at = desk();
    Pass<T>& pass = *at;
    double total = 0.0;
    each_batch(examples.n, rows_to_evaluate, [&](std::span<const std::uint32_t> rows) {
        context.check();
        pass.forward(state_.parameters.data(), examples, rows, std::nullopt, context);
        total += pass.loss(examples.targets, rows);
    });
    return total / static_cast<double>(examples.n);
}

template <typename T>
std::vector<double> Trainer<T>::outputs(const Examples<T>& examples, const Context& context) {
    prepare(context);
    const Desk at = desk();
    Pass<T>& pass = *at;
    std::vector<double> out;
    out.reserve(examples.n * layout_.outputs());
    each_batch(examples.n, rows_to_evaluate, [&](std::span<const std::uint32_t> rows) {
        context.check();
        pass.forward(state_.parameters.data(), examples, rows, std::nullopt, context);
        for (std::size_t j = 0; j < rows.size(); ++j) {
            for (std::size_t k = 0; k < layout_.outputs(); ++k) {
                out.push_back(static_cast<double>(pass.output(k, j)));
            }
        }
    });
    return out;
}

template <typename T>
Health Trainer<T>::health(const Context& context) {
    prepare(context);
    const Desk at = desk();
    Pass<T>& pass = *at;
    Health found;
    std::vector<Sameness<T>> same(layout_.depth());
    const auto count_finite = [&](std::size_t rows) {
        with_output_loss(architecture_.loss, [&](const auto& l) {
            std::vector<double> eta(layout_.outputs()), mean(layout_.outputs());
            for (std::size_t j = 0; j < rows; ++j) {
                for (std::size_t k = 0; k < eta.size(); ++k) {
                    eta[k] = static_cast<double>(pass.output(k, j));
                }
                l.mean(eta, mean);
                if (!all_finite<double>(eta) || !all_finite<double>(mean)) ++found.not_finite;
            }
        });
    };
    for (const Examples<T>* examples : {&train_, &validation_}) {
        each_batch(examples->n, rows_to_evaluate, [&](std::span<const std::uint32_t> rows) {
            context.check();
            pass.forward(state_.parameters.data(), *examples, rows, std::nullopt, context);
            found.rows += rows.size();
            count_finite(rows.size());
            if (examples != &train_) return;
            for (std::size_t l = 0; l < same.size(); ++l) {
                const bool hidden = l + 1 < same.size();
                const std::size_t units = layout_[l].units;
                same[l].look(units, rows.size(), hidden ? T{0} : rounding_of_outputs<T>,
                             [&](std::size_t k, std::size_t j) {
                                 return hidden ? pass.hidden(l + 1, k, j) : pass.output(k, j);
                             });
            }
        });
    }
    if (train_.n < 2) return found;
    found.constant = same.back().all;
    for (std::size_t l = 0; l + 1 < same.size() && found.dead_layer == 0; ++l) {
        if (same[l].all) found.dead_layer = l + 1;
    }
    return found;
}

template <typename T>
double Trainer<T>::add_gradient(std::uint64_t step, std::vector<double>& sum,
                                const Context& context) {
    prepare(context);
    prepare_pass();
    prepare_rates();
    const auto n = static_cast<double>(train_.n);
    double total = 0.0;
    each_batch(train_.n, passes_.front().capacity(), [&](std::span<const std::uint32_t> rows) {
        context.check();
        total += compute_gradient(step, rows, 1.0 / n, context);
        for_stretches(sum.size(), context, [&](std::size_t begin, std::size_t count) {
            for (std::size_t i = begin; i < begin + count; ++i) {
                sum[i] += static_cast<double>(gradient_[i]);
            }
        });
    });
    if (!learns_rates()) return total / n;
    const T* parameters = state_.parameters.data();
    const ConcreteOptions& concrete = regularization_.concrete;
    add_concrete_gradient(layout_, concrete, rates_, train_.n, parameters, sum.data());
    return total / n + concrete_cost(layout_, concrete, rates_, train_.n, parameters);
}

template <typename T>
double Trainer<T>::loss_and_gradient(std::uint64_t step, Aligned<T>& gradient,
                                     const Context& context) {
    const auto turn = turn_at_gradients(context);
    std::vector<double> sum(layout_.size(), 0.0);
    const double loss = add_gradient(step, sum, context);
    gradient.resize(sum.size());
    std::transform(sum.begin(), sum.end(), gradient.begin(),
                   [](double g) { return static_cast<T>(g); });
    return loss;
}

template <typename T>
KktResidual Trainer<T>::kkt_residual(const Context& context, std::uint64_t most_draws) {
    const auto turn = turn_at_gradients(context);
    prepare(context);
    prepare_rates();
    std::uint64_t draws = any_dropout() ? std::max<std::uint64_t>(most_draws, 2) : 1;
    double unseen = 1.0;  // share of what could be drawn, which alone leaves an error
    if (!members_.empty()) {
        draws = std::min<std::uint64_t>(draws, regularization_.n_members);
        unseen -= static_cast<double>(draws) / static_cast<double>(regularization_.n_members);
    }
    const auto n_draws = static_cast<double>(draws);
    std::vector<double> mean, squares, one;
    for (std::vector<double>* values : {&mean, &squares, &one}) {
        grow(*values, layout_.size(), context);
    }
    for (std::uint64_t draw = 0; draw < draws; ++draw) {
        add_gradient(first_kkt_step + draw, one, context);
        // Welford's update of mean and squared deviations.
        for_stretches(one.size(), context, [&](std::size_t first, std::size_t count) {
            for (std::size_t i = first; i < first + count; ++i) {
                const double change = one[i] - mean[i];
                mean[i] += change / static_cast<double>(draw + 1);
                squares[i] += change * (one[i] - mean[i]);
                one[i] = 0.0;
            }
        });
    }
    double largest_lambda = 0.0;
    for (const WeightPenalty& penalty : regularization_.penalties) {
        largest_lambda = std::max(largest_lambda, penalty.lambda);
    }
    const auto unit = [&](double lambda) {
        return lambda > 0.0 ? lambda : (largest_lambda > 0.0 ? largest_lambda : 1.0);
    };
    KktResidual worst;
    const auto offer = [&](double distance, std::size_t index, double scale) {
        if (!above(distance / scale, worst.value)) return;
        const double variance =
            draws > 1 ? unseen * squares[index] / (n_draws - 1.0) / n_draws : 0.0;
        worst = {distance / scale, std::sqrt(variance) / scale};
    };
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const DenseLayer& layer = layout_[l];
        const WeightPenalty& penalty = regularization_.penalties[l];
        const KktDistance found = kkt_distance(
            layer, penalty, state_.parameters.data() + layer.weights, mean.data() + layer.weights);
        offer(found.distance, layer.weights + found.index, unit(penalty.lambda));
        for (std::size_t j = 0; j < layer.units; ++j) {
            offer(std::abs(mean[layer.biases + j]), layer.biases + j, unit(0.0));
        }
        const std::size_t logit = layout_.logits() + l;  // its gradient is 0 unless it is learned
        offer(std::abs(mean[logit]), logit, unit(0.0));
    }
    return worst;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace shrinkage
