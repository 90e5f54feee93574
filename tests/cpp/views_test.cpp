#include "shrinkage/base/views.hpp"

#include <vector>

#include <doctest/doctest.h>

using shrinkage::ConstMatrixView;
using shrinkage::MatrixView;

TEST_SUITE_BEGIN("base");

TEST_CASE("a view is column-major and may skip entries between columns") {
    std::vector<double> data{1, 2, 3, -1, 4, 5, 6, -1};
    const MatrixView a{data.data(), 3, 2, 4};
    CHECK(a(0, 0) == 1.0);
    CHECK(a(2, 1) == 6.0);
    CHECK(a.column(1).size() == 3);
    CHECK(a.column(1)[0] == 4.0);
    a(1, 1) = 50.0;
    a.column(0)[2] = 30.0;
    CHECK(data == std::vector<double>{1, 2, 30, -1, 4, 50, 6, -1});
}

TEST_CASE("a constant view reads the same memory") {
    const std::vector<double> data{1, 2, 3, 4};
    const ConstMatrixView a{data.data(), 2, 2, 2};
    CHECK(a(1, 1) == 4.0);
    CHECK(a.column(0).data() == data.data());
}

TEST_SUITE_END();
