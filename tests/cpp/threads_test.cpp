#include "shrinkage/base/threads.hpp"

#include <atomic>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using shrinkage::parallel_for;

TEST_SUITE_BEGIN("base");

TEST_CASE("parallel_for runs each task once") {
    for (const std::size_t n_threads : {0, 1, 2, 3, 8}) {
        CAPTURE(n_threads);
        std::vector<int> runs(101, 0);
        parallel_for(runs.size(), n_threads, [&](std::size_t i) { ++runs[i]; });
        CHECK(runs == std::vector<int>(101, 1));
    }
}

TEST_CASE("parallel_for with no task and with fewer tasks than threads") {
    parallel_for(0, 4, [](std::size_t) { FAIL("there is no task"); });
    std::atomic<int> count{0};
    parallel_for(1, 4, [&](std::size_t) { ++count; });
    CHECK(count == 1);
}

TEST_CASE("one thread is the caller's, in order") {
    std::vector<std::size_t> order;
    const auto caller = std::this_thread::get_id();
    parallel_for(5, 1, [&](std::size_t i) {
        CHECK(std::this_thread::get_id() == caller);
        order.push_back(i);
    });
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE("never more threads than asked for") {
    std::set<std::thread::id> seen;
    std::mutex mutex;
    parallel_for(64, 3, [&](std::size_t) {
        const std::scoped_lock lock(mutex);
        seen.insert(std::this_thread::get_id());
    });
    CHECK(seen.size() >= 1);
    CHECK(seen.size() <= 3);
}

TEST_CASE("an exception reaches the caller and ends the work") {
    for (const std::size_t n_threads : {1, 2, 4}) {
        CAPTURE(n_threads);
        std::atomic<std::size_t> started{0};
        const auto task = [&](std::size_t i) {
            ++started;
            if (i == 3) throw std::domain_error("task 3");
        };
        CHECK_THROWS_WITH_AS(parallel_for(100000, n_threads, task), "task 3", std::domain_error);
        // One thread stops at once; others may have taken a task each before they look.
        if (n_threads == 1) CHECK(started == 4);
    }
}

TEST_CASE("of several exceptions one is rethrown") {
    const auto task = [](std::size_t i) { throw std::runtime_error(std::to_string(i)); };
    CHECK_THROWS_AS(parallel_for(8, 4, task), std::runtime_error);
}

TEST_CASE("sums in task order have the same bits for any number of threads") {
    const auto total = [](std::size_t n_threads) {
        std::vector<double> parts(37);
        parallel_for(parts.size(), n_threads, [&](std::size_t task) {
            for (std::size_t i = 0; i < 1000; ++i) {
                parts[task] += std::sin(static_cast<double>(task * 1000 + i));
            }
        });
        double sum = 0.0;
        for (const double part : parts) sum += part;
        return sum;
    };
    const double alone = total(1);
    for (const std::size_t n_threads : {2, 3, 8}) CHECK(total(n_threads) == alone);
}

TEST_SUITE_END();
