// How a far lambda is reached.
#pragma once

#include <algorithm>
#include <cmath>

namespace shrinkage {

/// Steps down to a far lambda: the strong rule assumes that the solution moves little, and from a
/// stride of 2 on it keeps every column. Where step after step misses its accuracy, each with all
/// its rounds, the rest is left out, for this lambda and all later ones.
class Approach {
public:
    /// Calls solve(middle) for lambdas between previous and lambda, none below smallest, and brings
    /// previous along; solve returns whether it reached its accuracy.
    template <typename Solve>
    void operator()(double lambda, double& previous, double smallest, const Solve& solve) {
        while (failed_ < most && !std::isinf(previous) && previous > stride * lambda &&
               previous > smallest) {
            const double middle = std::max(lambda, previous / stride);
            failed_ = solve(middle) ? 0 : failed_ + 1;
            previous = middle;
        }
    }

private:
    static constexpr double stride = 1.25;
    static constexpr int most = 8;  // steps in vain, one after the other

    int failed_ = 0;
};

}  // namespace shrinkage
