// The nonzero numbers of a matrix, row by row: what a product needs of activations and of their
// derivatives, which relu and dropout leave zero in most places.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shrinkage/base/simd/aligned.hpp"

namespace shrinkage {

/// L (rows, sums): `values`, row-major in rows of `stride`, or its transpose.
template <typename T>
struct Factor {
    const T* values = nullptr;
    std::size_t stride = 0;
    bool transposed = false;
    std::size_t rows = 0;
    std::size_t sums = 0;
};

/// Rows are cut into blocks, so that what a block is multiplied by fits the first cache.
template <typename T>
class Nonzeros {
public:
    static constexpr std::size_t most_sums = 128;  // of a block
    static constexpr std::size_t pitch = 256;      // bytes between two rows of the other factor

    /// Room for as many rows and sums; allocates nothing for less than there was before.
    void reserve(std::size_t rows, std::size_t sums) {
        const std::size_t lists = padded<T>(rows) * blocks_for(sums);
        if (counts_.size() >= lists) return;
        counts_.resize(lists);
        values_.resize(lists * most_sums);
        places_.resize(lists * most_sums);
    }

    /// What is listed from now on, task after task; there must be room for it.
    void start(const Factor<T>& factor) { factor_ = factor; }
    std::size_t n_tasks() const { return n_row_groups() * n_blocks(); }
    void collect(std::size_t task);

    std::size_t rows() const { return factor_.rows; }
    std::size_t sums() const { return factor_.sums; }
    std::size_t n_blocks() const { return blocks_for(factor_.sums); }
    /// Where a block starts; that of n_blocks() is the end.
    std::size_t first_sum(std::size_t block) const {
        return std::min(block * sums_of_a_block(), factor_.sums);
    }

    struct List {
        const T* values;
        const std::uint32_t* places;  // pitch times the number of the sum in its block
        std::size_t count;
    };
    List list(std::size_t block, std::size_t row) const {
        const std::size_t k = block * padded<T>(factor_.rows) + row;
        return {values_.data() + k * most_sums, places_.data() + k * most_sums, counts_[k]};
    }

private:
    static std::size_t blocks_for(std::size_t sums) { return (sums + most_sums - 1) / most_sums; }
    std::size_t sums_of_a_block() const {
        return padded<T>((factor_.sums + n_blocks() - 1) / n_blocks());
    }
    std::size_t n_row_groups() const { return padded<T>(factor_.rows) / lanes_of<T>; }

    Factor<T> factor_;
    Aligned<T> values_;
    Aligned<std::uint32_t> places_, counts_;
};

/// How many of the numbers are not zero; their number is a multiple of lanes_of<T>.
template <typename T>
std::size_t count_nonzeros(std::span<const T> x);

}  // namespace shrinkage
