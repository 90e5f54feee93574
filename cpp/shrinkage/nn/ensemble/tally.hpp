// Running moments over members, for a block of rows: no member has to be kept.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace shrinkage {

/// Means and squared deviations of responses (Welford 1962), means of what goes with them, and
/// log-sum-exps of densities; each (numbers, rows). Tallies of groups of members are merged in the
/// order of the members (Chan, Golub & LeVeque 1983), so that sums do not depend on threads.
class Tally {
public:
    Tally() = default;
    Tally(std::size_t responses, std::size_t extras, std::size_t densities)
        : mean_(responses),
          squares_(responses),
          extra_(extras),
          peak_(densities),
          mass_(densities) {
        clear();
    }

    void clear() {
        n_ = 0;
        for (auto* each : {&mean_, &squares_, &extra_, &mass_}) {
            std::fill(each->begin(), each->end(), 0.0);
        }
        std::fill(peak_.begin(), peak_.end(), -std::numeric_limits<double>::infinity());
    }

    /// One member more; value, extra and log_density have the lengths of the constructor.
    template <typename T>
    void add(const T* value, const T* extra, std::span<const double> log_density) {
        const double share = 1.0 / static_cast<double>(++n_);
        for (std::size_t i = 0; i < mean_.size(); ++i) {
            const double x = static_cast<double>(value[i]), change = x - mean_[i];
            mean_[i] += change * share;
            squares_[i] += change * (x - mean_[i]);
        }
        for (std::size_t i = 0; i < extra_.size(); ++i) {
            extra_[i] += (static_cast<double>(extra[i]) - extra_[i]) * share;
        }
        for (std::size_t i = 0; i < peak_.size(); ++i) join(i, log_density[i], 1.0);
    }

    /// The members of another tally, which come after those of this one.
    void merge(const Tally& other) {
        if (other.n_ == 0) return;
        const auto before = static_cast<double>(n_), more = static_cast<double>(other.n_);
        const double share = more / (before + more);
        n_ += other.n_;
        for (std::size_t i = 0; i < mean_.size(); ++i) {
            const double change = other.mean_[i] - mean_[i];
            mean_[i] += change * share;
            squares_[i] += other.squares_[i] + change * change * before * share;
        }
        for (std::size_t i = 0; i < extra_.size(); ++i) {
            extra_[i] += (other.extra_[i] - extra_[i]) * share;
        }
        for (std::size_t i = 0; i < peak_.size(); ++i) join(i, other.peak_[i], other.mass_[i]);
    }

    std::uint64_t n() const { return n_; }
    double mean(std::size_t i) const { return mean_[i]; }
    double squares(std::size_t i) const { return squares_[i]; }
    double extra(std::size_t i) const { return extra_[i]; }
    /// log of the mean density.
    double log_mean_density(std::size_t i) const {
        return peak_[i] + std::log(mass_[i] / static_cast<double>(n_));
    }

private:
    /// The density i of mass * e^peak more.
    void join(std::size_t i, double peak, double mass) {
        if (peak > peak_[i]) {
            mass_[i] = mass_[i] * std::exp(peak_[i] - peak) + mass;
            peak_[i] = peak;
        } else if (mass > 0.0 && peak > -std::numeric_limits<double>::infinity()) {
            mass_[i] += mass * std::exp(peak - peak_[i]);
        }
    }

    std::uint64_t n_ = 0;
    std::vector<double> mean_, squares_, extra_, peak_, mass_;
};

}  // namespace shrinkage
