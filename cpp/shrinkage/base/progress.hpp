// Progress and cancellation: atomics that the solver writes and its caller polls.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/threads.hpp"

namespace shrinkage {

/// Why a fit ended before its last lambda.
enum class StopReason { none, cancelled, time_limit };

/// Shared between the thread that fits and the thread that watches.
class Control {
public:
    Control() : start_(std::chrono::steady_clock::now()) {}

    void stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
    void set_time_limit(double seconds) noexcept { limit_ = seconds; }

    /// Asked by solvers at least every few milliseconds of work.
    StopReason should_stop() const noexcept {
        if (stop_.load(std::memory_order_relaxed)) return StopReason::cancelled;
        if (limit_ < std::numeric_limits<double>::infinity() && seconds() > limit_) {
            return StopReason::time_limit;
        }
        return StopReason::none;
    }

    double seconds() const noexcept {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

    /// Called once per fitted lambda, by any thread.
    void report(double lambda, double gap, std::size_t n_nonzero) noexcept {
        lambda_.store(lambda, std::memory_order_relaxed);
        gap_.store(gap, std::memory_order_relaxed);
        n_nonzero_.store(n_nonzero, std::memory_order_relaxed);
        done_.fetch_add(1, std::memory_order_release);
    }

    /// Called once per finished epoch, by training, whose history tells the rest.
    void advance() noexcept { done_.fetch_add(1, std::memory_order_release); }

    std::size_t done() const noexcept { return done_.load(std::memory_order_acquire); }
    double lambda() const noexcept { return lambda_.load(std::memory_order_relaxed); }
    double gap() const noexcept { return gap_.load(std::memory_order_relaxed); }
    std::size_t n_nonzero() const noexcept { return n_nonzero_.load(std::memory_order_relaxed); }

private:
    std::chrono::steady_clock::time_point start_;
    double limit_ = std::numeric_limits<double>::infinity();
    std::atomic<bool> stop_{false};
    std::atomic<std::size_t> done_{0};
    std::atomic<double> lambda_{0.0};
    std::atomic<double> gap_{0.0};
    std::atomic<std::size_t> n_nonzero_{0};
};

/// With what a computation runs: its threads, and whom it asks whether to go on.
struct Context {
    std::size_t n_threads = 1;
    Control* control = nullptr;
    Crew* crew = nullptr;  // of the thread that computes

    /// Throws Cancelled when the fit is to end; called at least every few milliseconds of work.
    void check() const {
        if (control != nullptr && control->should_stop() != StopReason::none) throw Cancelled();
    }
    /// Threads are worth their start only above about a quarter of a millisecond of work, and to be
    /// woken above a tenth of one.
    Team threads_for(double flops) const {
        return {flops < (crew == nullptr ? 1e6 : 3e5) ? 1 : n_threads, crew};
    }
};

}  // namespace shrinkage
