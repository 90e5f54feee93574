#include "shrinkage/base/progress.hpp"

#include <chrono>
#include <thread>

#include <doctest/doctest.h>

using shrinkage::Cancelled;
using shrinkage::Context;
using shrinkage::Control;
using shrinkage::StopReason;

TEST_SUITE_BEGIN("base");

TEST_CASE("a control goes on until it is told to stop") {
    Control control;
    CHECK(control.should_stop() == StopReason::none);
    control.stop();
    CHECK(control.should_stop() == StopReason::cancelled);
}

TEST_CASE("a control stops at its time limit") {
    Control control;
    control.set_time_limit(3600.0);
    CHECK(control.should_stop() == StopReason::none);
    control.set_time_limit(0.001);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(control.seconds() > 0.001);
    CHECK(control.should_stop() == StopReason::time_limit);
    control.stop();
    CHECK(control.should_stop() == StopReason::cancelled);
}

TEST_CASE("a report is visible to the thread that watches") {
    Control control;
    CHECK(control.done() == 0);
    std::jthread fit([&] {
        control.report(0.5, 1e-7, 3);
        control.report(0.25, 1e-8, 4);
    });
    while (control.done() < 2) std::this_thread::yield();
    CHECK(control.lambda() == 0.25);
    CHECK(control.gap() == 1e-8);
    CHECK(control.n_nonzero() == 4);
}

TEST_CASE("another thread's stop is seen") {
    Control control;
    std::jthread watcher([&] { control.stop(); });
    while (control.should_stop() == StopReason::none) std::this_thread::yield();
    CHECK(control.should_stop() == StopReason::cancelled);
}

TEST_CASE("a context throws when it is to end, and runs without a control") {
    Control control;
    const Context watched{2, &control}, alone{};
    CHECK_NOTHROW(watched.check());
    CHECK_NOTHROW(alone.check());
    control.stop();
    CHECK_THROWS_AS(watched.check(), Cancelled);
    CHECK_NOTHROW(alone.check());
}

TEST_CASE("little work is not worth a thread") {
    const Context context{4, nullptr};
    CHECK(context.threads_for(1e3).size == 1);
    CHECK(context.threads_for(1e9).size == 4);
}

TEST_SUITE_END();
