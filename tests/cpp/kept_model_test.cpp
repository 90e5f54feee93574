#include "shrinkage/solver/problem/kept_model.hpp"

#include <doctest/doctest.h>

using namespace shrinkage;

TEST_SUITE_BEGIN("solver");

TEST_CASE("bends: the first step of a lambda remembers that of the lambda before") {
    Bends bends;
    CHECK(bends.expected() == 1.0);
    bends.note(0.5);
    CHECK(bends.expected() == 0.5);  // the second step goes on from the first
    bends.note(0.8);
    CHECK(bends.expected() == 0.8);
    bends.begin();
    CHECK(bends.expected() == 0.5);
    bends.note(0.4);
    bends.begin();
    CHECK(bends.expected() == 0.4);
    bends.restart(0.9);
    CHECK(bends.expected() == 0.9);
}

TEST_CASE("bends: a little more or less is no change") {
    Bends bends;
    bends.note(0.5);
    bends.note(0.51);
    CHECK(bends.expected() == 0.5);
    bends.note(0.53);
    CHECK(bends.expected() == 0.53);
}

TEST_CASE("account: a model is made anew where the average cost of a lambda is least") {
    const double price = 10.0;
    const double steps[] = {2, 3, 3, 4, 5, 6, 7};
    Account account;
    account.open(price);
    CHECK_FALSE(account.overdrawn());
    double spent = price, least = 1e9, best = 0.0, stopped = 0.0;
    for (int k = 0; k < 7; ++k) {
        spent += steps[k];
        if (spent / (k + 1) < least) {
            least = spent / (k + 1);
            best = k + 1;
        }
        account.book(steps[k]);
        if (stopped == 0.0 && account.overdrawn()) stopped = k + 1;
    }
    CHECK(stopped == best + 1);  // one lambda more shows that the average rises
    account.open(0.0);
    account.book(1.0);
    CHECK_FALSE(account.overdrawn());  // one step a lambda: nothing to gain
}

TEST_SUITE_END();
