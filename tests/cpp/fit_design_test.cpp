// One walk on two kinds of design: what is scaled, what is stored, and that storage does not
// matter.
#include "shrinkage/path/fit_design.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "path_cases.hpp"
#include "penalty_cases.hpp"
#include "shrinkage/design/sparse.hpp"

using namespace shrinkage;
using shrinkage::test::coefficients;
using shrinkage::test::fitted;
using shrinkage::test::PathData;

namespace {

constexpr Context alone{};

/// Every entry of a dense matrix, stored by columns: sparse in form only.
struct Stored {
    std::vector<double> values;
    std::vector<std::int64_t> indices, starts{0};
    SparseView view;

    explicit Stored(const test::Matrix& x) : values(x.data) {
        for (std::size_t j = 0; j < x.cols; ++j) {
            for (std::size_t i = 0; i < x.rows; ++i) {
                indices.push_back(static_cast<std::int64_t>(i));
            }
            starts.push_back(static_cast<std::int64_t>(indices.size()));
        }
        view = {x.rows, x.cols, values, SparseView::Parts<std::int64_t>{indices, starts}};
    }
};

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("bounds are scaled with their columns, coefficients come back on the original scale") {
    const std::vector<double> entries{0.0, 2.0, 4.0, 1.0, 1.0, 4.0};
    const ConstMatrixView view{entries.data(), 3, 2, 3};
    Columns columns = plain_columns(2);
    columns.centers = {2.0, 2.0};
    columns.scales = {2.0, 0.5};
    const DenseDesign x(view, columns);
    CHECK(scaled(std::vector<double>{-1.0, 3.0}, x) == std::vector<double>{-2.0, 1.5});
    CHECK(scaled({}, x).empty());

    PathResult result;
    const double intercept[] = {10.0};
    CHECK(store(std::vector<double>{4.0, 0.0}, intercept, x, false, result) == 1);
    CHECK(result.features == std::vector<std::size_t>{0});
    CHECK(result.values == std::vector<double>{2.0});
    CHECK(result.intercepts == std::vector<double>{6.0});  // 10 - 2 * 2
    CHECK(result.starts == std::vector<std::size_t>{0, 1});
}

TEST_CASE("the same path, dense or sparse, tall or wide, for every penalty and loss") {
    PathOptions options;
    options.n_lambdas = 12;
    options.lambda_min_ratio = 0.02;
    options.tolerance = 1e-11;
    for (const std::size_t p : {8, 45}) {
        const PathData data(30, p, 21);
        const Stored stored(data.x);
        for (const PenaltyInput& penalty :
             std::vector<PenaltyInput>{test::penalty_by_name("l1"), test::penalty_by_name("l2"),
                                       test::penalty_by_name("elasticnet", {0.3})}) {
            for (const bool classes : {false, true}) {
                const AnyLoss loss = classes ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
                PathInput input = data.input(classes);
                const PathResult dense = fit_path(loss, penalty, input, options, alone);
                input.x = stored.view;
                const PathResult sparse = fit_path(loss, penalty, input, options, alone);
                REQUIRE(fitted(dense) == 12);
                REQUIRE(fitted(sparse) == 12);
                for (std::size_t l = 0; l < 12; ++l) {
                    CHECK(sparse.certificates[l].value <= 1e-11);
                    const auto a = coefficients(dense, l, p), b = coefficients(sparse, l, p);
                    double largest = 0.0, farthest = 0.0;
                    for (std::size_t j = 0; j < p; ++j) {
                        largest = std::max(largest, std::abs(a[j]));
                        farthest = std::max(farthest, std::abs(a[j] - b[j]));
                    }
                    CHECK(farthest <= 1e-4 * largest + 1e-9);
                }
            }
        }
    }
}

TEST_SUITE_END();
