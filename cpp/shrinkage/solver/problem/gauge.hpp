// A symmetric loss does not see a constant that is added to the K coefficients of a feature. Among
// the minimizers that differ by it the one of least sum of squares is reported.
#pragma once

#include <algorithm>
#include <vector>

#include "shrinkage/base/views.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

/// Shifts every feature whose penalty has no curvature by the constant that minimizes it: any
/// between the two middle coefficients for L1, and of those the one closest to the mean, which
/// minimizes the squares. Bounds are kept. Curved penalties have chosen it themselves.
template <SeparablePenalty P>
void center_rows(const P& penalty, double lambda, std::size_t outputs, Vector beta) {
    const std::size_t p = beta.size() / outputs;
    std::vector<double> row(outputs);
    for (std::size_t j = 0; j < p; ++j) {
        if (penalty.ridge(j, lambda) > 0.0) continue;
        bool zero = true;
        double mean = 0.0;
        for (std::size_t k = 0; k < outputs; ++k) {
            row[k] = beta[j + k * p];
            zero = zero && row[k] == 0.0;
            mean += row[k] / static_cast<double>(outputs);
        }
        if (zero) continue;
        std::sort(row.begin(), row.end());
        double shift = mean;
        if (penalty.kink(j, lambda) > 0.0) {
            shift = std::clamp(mean, row[(outputs - 1) / 2], row[outputs / 2]);
        }
        const Interval box = penalty.bounds(j);
        shift = std::clamp(shift, row.back() - box.hi, row.front() - box.lo);
        if (shift == 0.0) continue;
        for (std::size_t k = 0; k < outputs;
             ++k) {  // rounding may carry a difference out of the box
            double& b = beta[j + k * p];
            b = std::clamp(b - shift, box.lo, box.hi);
        }
    }
}

/// Rows that are penalized sum to zero at the minimum; free ones are made to.
template <RowPenalty P>
void center_rows(const P& penalty, double lambda, std::size_t outputs, Vector beta) {
    for (std::size_t j = 0; j < penalty.n_blocks(); ++j) {
        if (!penalty.block_is_free(j, lambda)) continue;
        double mean = 0.0;
        for (const std::size_t c : penalty.block(j)) mean += beta[c];
        mean /= static_cast<double>(outputs);
        for (const std::size_t c : penalty.block(j)) beta[c] -= mean;
    }
}

}  // namespace shrinkage
