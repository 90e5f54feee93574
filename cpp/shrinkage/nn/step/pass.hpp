// Forward and backward over one batch, in buffers that are made once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/kernels/activation.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/model/layout.hpp"
#include "shrinkage/nn/model/output_loss.hpp"
#include "shrinkage/nn/step/layer_products.hpp"

namespace shrinkage {

/// What a network computes, apart from its parameters.
struct Architecture {
    std::vector<std::size_t> sizes;  // inputs, hidden units ..., outputs
    Activation activation = Activation::relu;
    OutputLoss loss;

    std::size_t depth() const { return sizes.size() - 1; }
};

template <typename T>
class Pass {
public:
    /// For batches of at most `capacity` examples; without `training` only forward() and loss().
    Pass(const Architecture& architecture, std::size_t capacity, bool training);

    std::size_t capacity() const { return capacity_; }

    /// What is computed from now on: the network itself or a part of it, whose layers are no wider.
    void use(const Layout<T>& layout, const ChosenInputs& inputs) {
        layout_ = layout;
        inputs_ = inputs;
    }

    /// Computes the outputs of the given rows; masks only where a plan is given, whose kind is not
    /// `batch`: those are parts of the network.
    void forward(const T* parameters, const Examples<T>& examples,
                 std::span<const std::uint32_t> rows, const std::optional<MaskPlan>& masks,
                 const Context& context);

    /// Sum of w l over the batch of the last forward().
    double loss(const Targets& targets, std::span<const std::uint32_t> rows) const;

    /// Takes blocks of the gradient by layer l's weights.
    using Take = std::function<void(std::size_t l, const GradientTile<T>& tile)>;

    /// The same, and gradient = scale * its derivative by every parameter, in their layout. With
    /// `take` the part by the weights goes there, and they may be changed by it: a layer's are
    /// not read again once the first block of their gradient is made.
    double backward(const T* parameters, const Targets& targets,
                    std::span<const std::uint32_t> rows, double scale, T* gradient,
                    const Take& take, const Context& context);

    /// What unit k of what enters layer l, from 1 on, gives for example j of the batch.
    T hidden(std::size_t l, std::size_t k, std::size_t j) const {
        return layers_[l].in[k * stride_ + j];
    }
    /// Output k of example j of the batch.
    T output(std::size_t k, std::size_t j) const { return layers_.back().out[k * stride_ + j]; }

private:
    struct Buffers {
        Aligned<T> in;             // what enters the layer, (inputs, stride), masked
        std::size_t nonzeros = 0;  // of `in`; all of it where none can be skipped
        Aligned<T> out;            // what leaves it: of hidden layers moved into `in` of the next
        Aligned<T> slope;          // derivative of `in` by the sums before it, masked
        Aligned<std::uint8_t> mask;
        Aligned<T> noise;  // in place of the mask; made when first needed
    };

    /// Runs f(first, n) for stretches of units, which share no cache line, on several threads;
    /// returns the sum of its numbers.
    template <typename F>
    std::size_t sum_over_units(std::size_t units, const Context& context, const F& f) const;
    void gather_input(const Examples<T>& examples, std::span<const std::uint32_t> rows,
                      const Context& context);
    T* sums_of(std::size_t l) {
        return l + 1 < layers_.size() ? layers_[l + 1].in.data() : layers_[l].out.data();
    }
    /// Draws what layer l's numbers are masked by, and masks the input.
    void mask_input(const MaskPlan& plan, std::span<const std::uint32_t> rows,
                    const Context& context);
    /// h = f(z) and its slope, both masked, of what enters layer l.
    void activate_layer(std::size_t l, const std::optional<MaskPlan>& masks,
                        std::span<const std::uint32_t> rows, const Context& context);
    /// Decisions that input groups share; once before those of the input are drawn.
    void draw_groups(const MaskPlan& plan, std::span<const std::uint32_t> rows);
    /// Of n units from `first`, a multiple of 8.
    void draw_mask(std::size_t l, const MaskPlan& plan, std::span<const std::uint32_t> rows,
                   std::size_t first, std::size_t n);
    void mask_otherwise(std::size_t l, const MaskPlan& plan, std::span<const std::uint32_t> rows,
                        std::span<T> value, std::span<T> slope);
    bool learns_rate(std::size_t l) const { return gates_ && gates_->rates[l] > 0.0; }
    void gradient_of_logit(std::size_t l, const T* slope, T* gradient) const;
    /// Counts them over all of what enters layer l, where they may be skipped.
    void count_zeros(std::size_t l, const Context& context);
    /// The loss of the batch, and its derivatives by the outputs times scale; parts of the batch on
    /// several threads.
    double output_loss(const Targets& targets, std::span<const std::uint32_t> rows, double scale,
                       T* deltas, const Context& context);
    Signals<T> entering(std::size_t l) const { return {layers_[l].in.data(), layers_[l].nonzeros}; }

    Architecture architecture_;
    Layout<T> layout_;
    std::size_t capacity_;
    std::size_t stride_;  // of the batch at hand
    ChosenInputs inputs_;
    std::optional<MaskPlan> gates_;  // of the batch at hand, if it is concrete
    std::vector<Buffers> layers_;
    Aligned<std::uint8_t> group_mask_;
    Aligned<T> deltas_, next_deltas_;  // derivative of the loss by a layer's sums, (units, stride)
    std::vector<double> losses_;       // of parts of a batch
    LayerProducts<T> products_;
};

}  // namespace shrinkage
