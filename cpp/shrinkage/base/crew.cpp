#include "shrinkage/base/crew.hpp"

#include <algorithm>
#include <chrono>

namespace shrinkage {
namespace {

/// Waits for at most this long before a thread goes to sleep: about the time between two loops of
/// a path, and about what to wake it costs.
constexpr std::chrono::microseconds patience{100};

void pause() {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

/// Asks often, then less often; returns whether it came true in time.
template <typename Condition>
bool spin(const Condition& condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    do {
        for (int i = 0; i < 64; ++i) {
            if (condition()) return true;
            pause();
        }
    } while (std::chrono::steady_clock::now() < until);
    return condition();
}

}  // namespace

Crew::~Crew() {
    over_.store(true, std::memory_order_relaxed);
    state_.fetch_add(one_job, std::memory_order_release);
    state_.notify_all();
}

void Crew::start(std::size_t n_helpers, Function function, const void* place) {
    n_helpers = std::min(n_helpers, n_workers_);
    while (workers_.size() < n_helpers) workers_.emplace_back([this] { serve(); });
    function_ = function;
    place_ = place;
    const std::uint64_t job = (state_.load(std::memory_order_relaxed) / one_job + 1) * one_job;
    state_.store(job + n_helpers * one_wanted, std::memory_order_release);
    state_.notify_all();
}

void Crew::finish() {
    // No more may come; those inside are waited for.
    state_.fetch_and(~(field * one_wanted), std::memory_order_acq_rel);
    const auto empty = [this] { return (state_.load(std::memory_order_acquire) & field) == 0; };
    while (!spin(empty)) std::this_thread::yield();
}

void Crew::serve() {
    std::uint64_t last = 0;  // the number of the job that was taken, or missed
    while (true) {
        std::uint64_t seen = state_.load(std::memory_order_acquire);
        const auto changed = [&] {
            seen = state_.load(std::memory_order_acquire);
            return seen / one_job != last;
        };
        while (!changed() && !spin(changed)) state_.wait(seen, std::memory_order_acquire);
        last = seen / one_job;
        if (over_.load(std::memory_order_relaxed)) return;
        while (seen / one_job == last && (seen & (field * one_wanted)) != 0) {
            if (!state_.compare_exchange_weak(seen, seen - one_wanted + one_inside,
                                              std::memory_order_acq_rel)) {
                continue;
            }
            function_(place_);
            state_.fetch_sub(one_inside, std::memory_order_release);
            break;
        }
    }
}

}  // namespace shrinkage
