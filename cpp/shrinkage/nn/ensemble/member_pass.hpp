// Outputs of one member for a block of rows, from what all members have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/ensemble/member.hpp"
#include "shrinkage/nn/ensemble/plan.hpp"
#include "shrinkage/nn/kernels/activation.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/model/layout.hpp"
#include "shrinkage/nn/step/pass.hpp"

namespace shrinkage {

/// Some rows, one a column of every matrix.
template <typename T>
struct CommonBlock {
    std::span<const std::uint32_t> rows;
    std::size_t stride = 0;
    const T* entering = nullptr;  // (inputs of layer plan.first(), stride), nothing dropped
    const T* sums = nullptr;      // W' of these without biases, (units, stride); unless needed null
};

/// Computes what a block has in common: the inputs of layer plan.first() and, where members
/// subtract from it, their sum. out holds numbers_of_common() for every column.
template <typename T>
class CommonPass {
public:
    CommonPass(const Architecture& architecture, const EnsemblePlan& plan, std::size_t capacity);

    static std::size_t numbers_of_common(const Layout<T>& layout, const EnsemblePlan& plan);
    CommonBlock<T> compute(const T* parameters, const Examples<T>& examples,
                           std::span<const std::uint32_t> rows, T* out, const Context& context);

private:
    Layout<T> layout_;
    Activation activation_;
    std::size_t first_;
    bool subtracts_;
    Aligned<T> one_, other_;
};

template <typename T>
class MemberPass {
public:
    MemberPass(const Architecture& architecture, const EnsemblePlan& plan, std::size_t capacity);

    /// (outputs, stride) of a member whose masks all rows share.
    const T* outputs(const Member<T>& member, const CommonBlock<T>& block, const Context& context);

    /// The same of member t with masks of each row's own.
    const T* outputs(std::uint64_t t, const T* parameters, const CommonBlock<T>& block,
                     const Context& context);

    /// What entered the last layer, (inputs, stride), nothing dropped there.
    const T* last_inputs() const { return last_inputs_; }

private:
    void mask(std::size_t l, const MaskPlan& masks, const CommonBlock<T>& block, T* x);
    void draw_bits(std::size_t l, const MaskPlan& masks, const CommonBlock<T>& block);

    Layout<T> layout_;
    Activation activation_;
    const EnsemblePlan& plan_;
    Aligned<T> one_, other_, noise_;
    Aligned<std::uint8_t> mask_, group_mask_;
    const T* last_inputs_ = nullptr;
};

}  // namespace shrinkage
