// Problems with several outputs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "problems.hpp"

namespace shrinkage::test {

/// Gaussian columns; classes and targets (output by output) that depend on the first two.
struct VectorExample {
    Matrix x;
    std::size_t outputs;
    std::vector<double> weights, offset, classes, targets;

    VectorExample(std::size_t n, std::size_t p, std::size_t n_outputs, std::uint64_t seed)
        : outputs(n_outputs) {
        Random random(seed);
        x = Matrix::random(n, p, random);
        weights = random_weights(n, random, 8);
        offset = random.normals(n * outputs);
        targets.resize(n * outputs);
        for (std::size_t i = 0; i < n; ++i) {
            std::size_t best = i % outputs;  // every class occurs
            for (std::size_t k = 0; k < outputs; ++k) {
                const double slope = static_cast<double>(k) - 1.0;
                const double signal = slope * x(i, 0) + (k == 0 ? x(i, 1 % p) : 0.0);
                targets[i + k * n] = 2.0 * signal + random.normal() + 3.0;
                if (i >= 4 * outputs && targets[i + k * n] > targets[i + best * n]) best = k;
            }
            classes.push_back(static_cast<double>(best));
        }
    }
};

}  // namespace shrinkage::test
