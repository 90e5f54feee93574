// Draws masks as the trainer does, for as many batches as the argument says: 128 examples of 1024
// units at a time, each batch a step of its own.
#include "shrinkage/nn/masks/masks.hpp"

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

int main(int count, char** arguments) {
    constexpr std::size_t rows = 128, units = 1024;
    const long batches = count > 2 ? std::atol(arguments[1]) : 1;
    const double rate = count > 2 ? std::atof(arguments[2]) : 0.5;
    std::vector<std::uint32_t> examples(rows);
    std::iota(examples.begin(), examples.end(), 0U);
    std::vector<std::uint8_t> mask(rows * units);
    std::size_t kept = 0;
    for (long step = 0; step < batches; ++step) {
        shrinkage::batch_mask({7, static_cast<std::uint64_t>(step), 1}, examples, units, rate, rows,
                              mask.data());
        kept += mask[static_cast<std::size_t>(step) % mask.size()];
    }
    std::printf("%zu\n", kept);
}
