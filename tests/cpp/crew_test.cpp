#include "shrinkage/base/crew.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/threads.hpp"

using shrinkage::Context;
using shrinkage::Crew;
using shrinkage::parallel_for;

TEST_SUITE_BEGIN("base");

TEST_CASE("a crew runs loop after loop, each task once") {
    for (const std::size_t n_threads : {1, 2, 3, 5}) {
        CAPTURE(n_threads);
        Crew crew(n_threads);
        std::vector<std::size_t> runs(37, 0);
        for (std::size_t loop = 1; loop <= 2000; ++loop) {
            parallel_for(runs.size(), {n_threads, &crew}, [&](std::size_t i) { runs[i] += i; });
            for (std::size_t i = 0; i < runs.size(); ++i) REQUIRE(runs[i] == loop * i);
        }
    }
}

TEST_CASE("a crew wakes after it went to sleep, and ends while it sleeps") {
    Crew crew(3);
    for (int loop = 0; loop < 5; ++loop) {
        std::atomic<int> count{0};
        parallel_for(64, {3, &crew}, [&](std::size_t) { ++count; });
        CHECK(count == 64);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

TEST_CASE("a job runs on the caller and on at most as many helpers as asked for") {
    Crew crew(4);
    for (int loop = 0; loop < 200; ++loop) {
        std::atomic<int> calls{0};
        std::atomic<bool> here{false};
        const auto caller = std::this_thread::get_id();
        crew.run(2, [&] {
            ++calls;
            if (std::this_thread::get_id() == caller) here = true;
        });
        CHECK(here);
        CHECK(calls >= 1);
        CHECK(calls <= 3);
    }
}

TEST_CASE("an exception in a crew's loop reaches the caller, and the crew goes on") {
    Crew crew(3);
    const auto fail = [](std::size_t i) {
        if (i == 5) throw std::domain_error("task 5");
    };
    CHECK_THROWS_WITH_AS(parallel_for(100, {3, &crew}, fail), "task 5", std::domain_error);
    std::atomic<int> count{0};
    parallel_for(100, {3, &crew}, [&](std::size_t) { ++count; });
    CHECK(count == 100);
}

TEST_CASE("a crew makes threads worth while for less work") {
    Crew crew(2);
    const Context alone{2, nullptr}, manned{2, nullptr, &crew};
    CHECK(alone.threads_for(5e5).size == 1);
    CHECK(manned.threads_for(5e5).size == 2);
    CHECK(manned.threads_for(5e5).crew == &crew);
}
