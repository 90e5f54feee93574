// Running moments over members, for a block of rows: no member has to be kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shrinkage/nn/ensemble/log_sums.hpp"

namespace shrinkage {

/// Means and squared deviations of responses (Welford 1962), means of what goes with them, and
/// log-sum-exps of densities; each (numbers, rows). Tallies of groups of members are merged in the
/// order of the members (Chan, Golub & LeVeque 1983), so that sums do not depend on threads.
class Tally {
public:
    Tally() = default;
    Tally(std::size_t responses, std::size_t extras, std::size_t densities)
        : mean_(responses), squares_(responses), extra_(extras), densities_(densities) {}

    void clear() {
        n_ = 0;
        for (auto* each : {&mean_, &squares_, &extra_}) {
            std::fill(each->begin(), each->end(), 0.0);
        }
        densities_.clear();
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
        for (std::size_t i = 0; i < densities_.size(); ++i) densities_.add(i, log_density[i], 1.0);
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
        densities_.merge(other.densities_);
    }

    std::uint64_t n() const { return n_; }
    double mean(std::size_t i) const { return mean_[i]; }
    double squares(std::size_t i) const { return squares_[i]; }
    double extra(std::size_t i) const { return extra_[i]; }
    /// log of the mean density.
    double log_mean_density(std::size_t i) const {
        return densities_.log(i, static_cast<double>(n_));
    }

private:
    std::uint64_t n_ = 0;
    std::vector<double> mean_, squares_, extra_;
    LogSums densities_;
};

}  // namespace shrinkage
