#include "shrinkage/path/approach.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

using shrinkage::Approach;

TEST_SUITE_BEGIN("path");

TEST_CASE("a far lambda is reached by small steps, a near one at once") {
    Approach approach;
    double previous = 100.0;
    std::vector<double> steps;
    const auto solve = [&](double middle) {
        CHECK(middle < previous);
        CHECK(middle >= previous / 1.25 * (1.0 - 1e-15));
        steps.push_back(middle);
        return true;
    };
    approach(1.0, previous, 0.0, solve);
    CHECK(previous <= 1.25);
    CHECK(previous >= 1.0);
    const std::size_t taken = steps.size();
    CHECK(taken == 20);  // 1.25^20 = 86.7 is the first power that leaves less than a stride
    approach(0.9 * previous, previous, 0.0, solve);
    CHECK(steps.size() == taken);
}

TEST_CASE("nothing is approached from infinity, nor below the smallest lambda") {
    Approach approach;
    double previous = std::numeric_limits<double>::infinity();
    int calls = 0;
    const auto solve = [&](double) { return ++calls > 0; };
    approach(1.0, previous, 0.0, solve);
    CHECK(calls == 0);
    previous = 1.0;
    approach(0.0, previous, 0.5, solve);
    CHECK(previous <= 0.5);
    CHECK(previous > 0.5 / 1.25);
    CHECK(calls == 4);
}

TEST_CASE("steps in vain end the approach for good; one that helps starts the count anew") {
    Approach approach;
    double previous = 1e9;
    int calls = 0;
    approach(1.0, previous, 0.0, [&](double) { return ++calls == 5; });
    CHECK(calls == 13);  // four in vain, one that helped, eight in vain
    approach(1e-9, previous, 0.0, [&](double) { return ++calls > 0; });
    CHECK(calls == 13);
}
