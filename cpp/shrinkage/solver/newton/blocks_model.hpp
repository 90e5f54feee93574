// A quadratic model of columns seen by the blocks of a penalty.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/views.hpp"
#include "shrinkage/design/design.hpp"

namespace shrinkage {

/// Where the blocks of a working set lie among the slots of a model, and how much each bends.
struct BlockPlaces {
    std::vector<std::size_t> blocks, firsts, sizes;
    std::vector<double> bends;

    void clear() { blocks.clear(), firsts.clear(), sizes.clear(), bends.clear(); }
    std::size_t end() const { return firsts.empty() ? 0 : firsts.back() + sizes.back(); }

    /// Block b follows in the model, with its columns in the order of the block.
    template <typename M>
    void add(std::size_t b, std::size_t size, const M& model) {
        const std::size_t first = end();
        std::vector<std::size_t> slots(size);
        for (std::size_t k = 0; k < size; ++k) slots[k] = first + k;
        // The trace and the largest absolute row sum both bound the largest eigenvalue.
        double trace = 0.0, largest = 0.0;
        std::vector<double> row(size);
        for (const std::size_t slot : slots) {
            model.inner(slot, slots, row);
            double total = 0.0;
            for (const double entry : row) total += std::abs(entry);
            largest = std::max(largest, total);
            trace += model.diagonal(slot);
        }
        blocks.push_back(b);
        firsts.push_back(first);
        sizes.push_back(size);
        bends.push_back(std::min(trace, largest));
    }
};

/// The BlockModel of a model of columns.
template <typename M>
class BlocksModel {
public:
    BlocksModel(M& model, const BlockPlaces& places, const Context& context)
        : model_(model), places_(places), context_(context) {}

    std::size_t n_blocks() const { return places_.blocks.size(); }
    std::size_t block(std::size_t i) const { return places_.blocks[i]; }
    double bend(std::size_t i) const { return places_.bends[i]; }
    void gradient(std::size_t i, Vector out) {
        for (std::size_t k = 0; k < out.size(); ++k) {
            out[k] = model_.gradient(places_.firsts[i] + k);
        }
    }
    void move(std::size_t i, ConstVector delta) {
        for (std::size_t k = 0; k < delta.size(); ++k) {
            if (delta[k] != 0.0) model_.move(places_.firsts[i] + k, delta[k]);
        }
    }
    auto curvature(Indices places) const {
        std::vector<std::size_t> slots;
        for (const std::size_t i : places) {
            for (std::size_t k = 0; k < places_.sizes[i]; ++k) {
                slots.push_back(places_.firsts[i] + k);
            }
        }
        return [this, slots = std::move(slots)](ConstVector d, Vector out) {
            model_.product(slots, d, context_, out);
        };
    }

private:
    M& model_;
    const BlockPlaces& places_;
    const Context& context_;
};

}  // namespace shrinkage
