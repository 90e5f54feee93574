// Threads that wait between the parallel loops of one fit: to wake one costs a tenth of a start.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace shrinkage {

/// Workers for the thread that made it, and for no other; joined at the end. They start with the
/// first job.
class Crew {
public:
    /// At most n_threads work together, the caller among them.
    explicit Crew(std::size_t n_threads) : n_workers_(n_threads > 1 ? n_threads - 1 : 0) {}
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// Calls job() here and, as long as this call lasts, once on each of up to n_helpers workers.
    /// job must not throw, and shares its work among those who come: a worker that wakes too late
    /// does not.
    template <typename Job>
    void run(std::size_t n_helpers, const Job& job) {
        start(n_helpers, [](const void* place) { (*static_cast<const Job*>(place))(); }, &job);
        job();
        finish();
    }

private:
    using Function = void (*)(const void*);

    void start(std::size_t n_helpers, Function function, const void* place);
    void finish();
    void serve();

    // One word holds the number of the job, how many workers may still come, and how many are in.
    static constexpr std::uint64_t one_inside = 1;
    static constexpr std::uint64_t one_wanted = std::uint64_t{1} << 16;
    static constexpr std::uint64_t one_job = std::uint64_t{1} << 32;
    static constexpr std::uint64_t field = 0xFFFF;

    std::size_t n_workers_;
    std::atomic<std::uint64_t> state_{0};
    std::atomic<bool> over_{false};
    Function function_ = nullptr;
    const void* place_ = nullptr;
    std::vector<std::jthread> workers_;
};

}  // namespace shrinkage
