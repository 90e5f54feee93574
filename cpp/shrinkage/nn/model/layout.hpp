// Where the parameters of a network lie: one buffer, layer after layer, weights then biases, and at
// the end one logit a layer, of the rate that concrete dropout learns.
#pragma once

#include <cstddef>
#include <vector>

#include "shrinkage/base/simd/aligned.hpp"

namespace shrinkage {

/// W is (inputs, units) in rows of `stride` numbers; what lies beyond `units` is zero and stays so.
struct DenseLayer {
    std::size_t inputs = 0;
    std::size_t units = 0;
    std::size_t stride = 0;
    std::size_t weights = 0;  // offset of W
    std::size_t biases = 0;   // offset of b, `stride` numbers
    std::size_t n_weights() const { return inputs * stride; }
};

/// sizes = (inputs, hidden units ..., outputs). The same layout serves the gradient and every
/// moment of an optimizer.
template <typename T>
class Layout {
public:
    explicit Layout(const std::vector<std::size_t>& sizes) { assign(sizes); }

    /// Another network in the same place; allocates nothing unless it is deeper.
    void assign(const std::vector<std::size_t>& sizes) {
        layers_.clear();
        size_ = 0;
        for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
            DenseLayer layer{sizes[l], sizes[l + 1], padded<T>(sizes[l + 1]), size_, 0};
            layer.biases = size_ + layer.n_weights();
            size_ = layer.biases + layer.stride;
            layers_.push_back(layer);
        }
        logits_ = size_;
        size_ += padded<T>(depth());
    }

    std::size_t size() const { return size_; }
    std::size_t depth() const { return layers_.size(); }
    const DenseLayer& operator[](std::size_t l) const { return layers_[l]; }
    std::size_t inputs() const { return layers_.front().inputs; }
    std::size_t outputs() const { return layers_.back().units; }
    std::size_t logits() const { return logits_; }  // offset of padded<T>(depth()) numbers
    auto begin() const { return layers_.begin(); }
    auto end() const { return layers_.end(); }

private:
    std::vector<DenseLayer> layers_;
    std::size_t size_ = 0, logits_ = 0;
};

/// The n x units numbers of a padded matrix, row after row, and back.
template <typename T>
std::vector<T> unpad(const T* rows, std::size_t n, std::size_t units, std::size_t stride) {
    std::vector<T> out;
    out.reserve(n * units);
    for (std::size_t i = 0; i < n; ++i) {
        out.insert(out.end(), rows + i * stride, rows + i * stride + units);
    }
    return out;
}

template <typename T>
void pad(const T* dense, std::size_t n, std::size_t units, std::size_t stride, T* rows) {
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < units; ++j) rows[i * stride + j] = dense[i * units + j];
    }
}

}  // namespace shrinkage
