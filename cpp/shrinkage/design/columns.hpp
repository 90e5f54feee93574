// How the columns of X are penalized, whatever stores them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace shrinkage {

/// Weighted mean and 1/n standard deviation of one column over the rows of positive weight.
struct Moments {
    double mean = 0.0;
    double deviation = 0.0;
    bool constant = true;
};

struct Columns {
    std::vector<double> centers;  // weighted means with an intercept, else zeros
    std::vector<double> scales;   // weighted standard deviations when standardized, else ones
    std::vector<char> usable;     // 0 for a column that is constant and must keep the coefficient 0

    void set(std::size_t j, const Moments& m, bool intercept, bool standardize) {
        // A spread of rounding width only is no spread.
        const bool constant = m.constant || m.deviation <= 1e-14 * std::abs(m.mean);
        if (intercept) centers[j] = m.mean;
        if (constant) {
            usable[j] = !intercept && !standardize;
        } else if (standardize) {
            scales[j] = m.deviation;
        }
    }

    bool as_they_are() const {
        for (std::size_t j = 0; j < usable.size(); ++j) {
            if (!usable[j] || centers[j] != 0.0 || scales[j] != 1.0) return false;
        }
        return true;
    }
};

/// Columns that are penalized as they are.
inline Columns plain_columns(std::size_t n) {
    return {std::vector<double>(n, 0.0), std::vector<double>(n, 1.0), std::vector<char>(n, 1)};
}

}  // namespace shrinkage
