#include "shrinkage/base/errors.hpp"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

using namespace shrinkage;

TEST_SUITE_BEGIN("base");

TEST_CASE("an invalid argument names itself, its value and the remedy") {
    const InvalidArgument error({"grid.order", "lambdas", "0.3", "give them in decreasing order"});
    CHECK(error.fields().code == "grid.order");
    CHECK(error.fields().argument == "lambdas");
    CHECK(error.fields().value == "0.3");
    CHECK(error.fields().remedy == "give them in decreasing order");
    const std::string text = error.what();
    for (const char* part : {"lambdas", "0.3", "give them in decreasing order"}) {
        CHECK(text.find(part) != std::string::npos);
    }
}

TEST_CASE("errors are of the standard kinds") {
    CHECK_THROWS_AS(throw InvalidArgument({"c", "a", "v", "r"}), std::invalid_argument);
    CHECK_THROWS_AS(throw Cancelled(), std::runtime_error);
    CHECK_THROWS_WITH_AS(throw NumericalError("overflow at 3"), "overflow at 3",
                         std::runtime_error);
}

TEST_SUITE_END();
