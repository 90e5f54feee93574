#include "shrinkage/nn/train/subnetwork.hpp"

#include <algorithm>
#include <numeric>

#include "shrinkage/nn/kernels/stretches.hpp"
#include "shrinkage/nn/masks/dropout.hpp"

namespace shrinkage {
namespace {

/// f(first, end) for n rows of weights, a stretch at a time.
template <typename F>
void for_rows(std::size_t n, std::size_t stride, const Context& context, const F& f) {
    const std::size_t at_once = std::max<std::size_t>(numbers_of_a_stretch / stride, 1);
    const Team team = context.threads_for(2.0 * static_cast<double>(n * stride));
    parallel_for((n + at_once - 1) / at_once, team, [&](std::size_t task) {
        context.check();
        f(task * at_once, std::min(n, (task + 1) * at_once));
    });
}

}  // namespace

template <typename T>
SubNetwork<T>::SubNetwork(const Layout<T>& whole)
    : whole_(whole),
      layout_(whole),
      kept_(whole.depth() + 1),
      place_(whole.inputs()),
      scales_(whole.depth()) {
    for (const DenseLayer& layer : whole) sizes_.push_back(layer.inputs);
    sizes_.push_back(whole.outputs());
    mask_.resize(*std::max_element(sizes_.begin(), sizes_.end()));
    for (std::size_t l = 0; l < sizes_.size(); ++l) kept_[l].reserve(sizes_[l]);
    kept_.back().resize(whole.outputs());
    std::iota(kept_.back().begin(), kept_.back().end(), std::uint32_t{0});
}

template <typename T>
void SubNetwork<T>::choose(const MaskPlan& plan) {
    for (std::size_t l = 0; l < whole_.depth(); ++l) {
        const std::size_t units = whole_[l].inputs;
        const bool grouped = l == 0 && !plan.input_groups.empty();
        const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
        dropout_row(stream, 0, 0, dropout_threshold(plan.rates[l]), {mask_.data(), units});
        kept_[l].clear();
        for (std::uint32_t u = 0; u < units; ++u) {
            const bool kept = mask_[grouped ? plan.input_groups[u] : u] != 0;
            if (l == 0) {
                place_[u] = kept ? static_cast<std::uint32_t>(kept_[0].size()) : ChosenInputs::none;
            }
            if (kept) kept_[l].push_back(u);
        }
        sizes_[l] = kept_[l].size();
        scales_[l] = 1.0 / (1.0 - plan.rates[l]);
    }
    layout_.assign(sizes_);
}

template <typename T>
void SubNetwork<T>::pack(const T* parameters, const Context& context) {
    grow(parameters_, whole_.size(), context);
    grow(gradient_, whole_.size(), context);
    for (std::size_t l = 0; l < whole_.depth(); ++l) {
        const DenseLayer &from = whole_[l], &to = layout_[l];
        const std::vector<std::uint32_t>&rows = kept_[l], &columns = kept_[l + 1];
        const T scale = static_cast<T>(scales_[l]);
        for_rows(rows.size(), from.stride, context, [&](std::size_t first, std::size_t end) {
            for (std::size_t i = first; i < end; ++i) {
                const T* source = parameters + from.weights + rows[i] * from.stride;
                T* target = parameters_.data() + to.weights + i * to.stride;
                for (std::size_t j = 0; j < columns.size(); ++j) {
                    target[j] = scale * source[columns[j]];
                }
                std::fill(target + columns.size(), target + to.stride, T{0});
            }
        });
        T* biases = parameters_.data() + to.biases;
        for (std::size_t j = 0; j < columns.size(); ++j) {
            biases[j] = parameters[from.biases + columns[j]];
        }
        std::fill(biases + columns.size(), biases + to.stride, T{0});
    }
}

template <typename T>
void SubNetwork<T>::unpack_gradient(T* gradient, const Context& context) const {
    std::fill_n(gradient + whole_.logits(), whole_.size() - whole_.logits(), T{0});
    for (std::size_t l = 0; l < whole_.depth(); ++l) {
        const DenseLayer &to = whole_[l], &from = layout_[l];
        const std::vector<std::uint32_t>&rows = kept_[l], &columns = kept_[l + 1];
        const T scale = static_cast<T>(scales_[l]);
        for_rows(to.inputs, to.stride, context, [&](std::size_t first, std::size_t end) {
            T* target = gradient + to.weights;
            std::fill(target + first * to.stride, target + end * to.stride, T{0});
            const auto kept = std::lower_bound(rows.begin(), rows.end(), first);
            for (auto i = static_cast<std::size_t>(kept - rows.begin());
                 i < rows.size() && rows[i] < end; ++i) {
                const T* source = gradient_.data() + from.weights + i * from.stride;
                T* row = target + rows[i] * to.stride;
                for (std::size_t j = 0; j < columns.size(); ++j) {
                    row[columns[j]] = scale * source[j];
                }
            }
        });
        std::fill_n(gradient + to.biases, to.stride, T{0});
        for (std::size_t j = 0; j < columns.size(); ++j) {
            gradient[to.biases + columns[j]] = gradient_[from.biases + j];
        }
    }
}

template class SubNetwork<float>;
template class SubNetwork<double>;

}  // namespace shrinkage
