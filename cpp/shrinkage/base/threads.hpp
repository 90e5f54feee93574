// A team of threads for one call. Work is cut into tasks that do not depend on the number of
// threads, so that results have the same bits for any of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace shrinkage {

/// Runs task(i) for every i < n_tasks on at most n_threads threads; the first exception is
/// rethrown. Tasks must write to places of their own; whoever sums their results does it in task
/// order.
template <typename Task>
void parallel_for(std::size_t n_tasks, std::size_t n_threads, const Task& task) {
    n_threads = std::min(n_threads, n_tasks);
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
    {
        std::vector<std::jthread> team;
        team.reserve(n_threads - 1);
        for (std::size_t t = 1; t < n_threads; ++t) team.emplace_back(work);
        work();
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace shrinkage
