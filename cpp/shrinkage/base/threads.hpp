// Parallel loops. Work is cut into tasks that do not depend on the number of threads, so that
// results have the same bits for any of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>

#include "shrinkage/base/crew.hpp"

namespace shrinkage {

/// How many threads a loop may use, and whose; without a crew it starts its own.
struct Team {
    Team(std::size_t n_threads, Crew* of = nullptr) : size(n_threads), crew(of) {}

    std::size_t size;
    Crew* crew;
};

/// Runs task(i) for every i < n_tasks on at most team.size threads; the first exception is
/// rethrown. Tasks must write to places of their own; whoever sums their results does it in task
/// order.
template <typename Task>
void parallel_for(std::size_t n_tasks, Team team, const Task& task) {
    const std::size_t n_threads = std::min(team.size, n_tasks);
    if (n_threads <= 1) {
        for (std::size_t i = 0; i < n_tasks; ++i) task(i);
        return;
    }
    std::atomic<std::size_t> next{0};
    std::exception_ptr error;
    std::mutex error_mutex;
    const auto work = [&] {
        for (std::size_t i = next.fetch_add(1); i < n_tasks; i = next.fetch_add(1)) {
            try {
                task(i);
            } catch (...) {
                const std::scoped_lock lock(error_mutex);
                if (!error) error = std::current_exception();
                next.store(n_tasks);
            }
        }
    };
    if (team.crew != nullptr) {
        team.crew->run(n_threads - 1, work);
    } else {
        Crew(n_threads).run(n_threads - 1, work);
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace shrinkage
