#include "shrinkage/base/runtime.hpp"

#include <doctest/doctest.h>

#include "reference_blas.hpp"
#include "shrinkage/base/errors.hpp"

using namespace shrinkage;

namespace {

double another_dot(int*, double*, int*, double*, int*) { return -1.0; }

}  // namespace

TEST_SUITE_BEGIN("base");

TEST_CASE("the table in force is the one the program installed first") {
    REQUIRE(blas_table().complete());
    CHECK((blas_table().dot == test::reference_blas().dot));
    BlasTable other = test::reference_blas();
    other.dot = another_dot;
    install_blas(other);
    CHECK((blas_table().dot == test::reference_blas().dot));
}

TEST_CASE("a table with a routine missing is not complete and not accepted") {
    CHECK_FALSE(BlasTable{}.complete());
    BlasTable partial = test::reference_blas();
    partial.potrf = nullptr;
    CHECK_FALSE(partial.complete());
    CHECK_THROWS_AS(install_blas(partial), InvalidArgument);
    CHECK(blas_table().complete());
}

TEST_SUITE_END();
