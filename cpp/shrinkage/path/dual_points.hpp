// The dual points of a path, stored as what changes from one lambda to the next.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "shrinkage/base/views.hpp"

namespace shrinkage {

/// theta of fit l is scales[l] times what the first l + 1 changes leave, from zeros. At a vertex of
/// the pinball loss all but a few slopes stay at a limit, so that little changes.
struct DualPoints {
    std::vector<std::size_t> starts{0};
    std::vector<std::size_t> rows;
    std::vector<double> values;
    std::vector<double> scales;

    /// Appends scale * v / w; slopes within rounding of a limit, [low, high], are put there.
    void add(ConstVector v, ConstVector weights, double low, double high, double scale) {
        constexpr double rounding = 1e-14;
        last_.resize(v.size(), 0.0);
        for (std::size_t i = 0; i < v.size(); ++i) {
            double theta = weights[i] > 0.0 ? v[i] / weights[i] : 0.0;
            if (std::abs(theta - low) <= rounding) theta = low;
            if (std::abs(theta - high) <= rounding) theta = high;
            if (theta == last_[i]) continue;
            last_[i] = theta;
            rows.push_back(i);
            values.push_back(theta);
        }
        starts.push_back(rows.size());
        scales.push_back(scale);
    }

private:
    std::vector<double> last_;
};

}  // namespace shrinkage
