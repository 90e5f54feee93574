// The slacks of piecewise linear terms: their start, and the step that a linearization asks for.
#include "shrinkage/solver/pinball/kinked_terms.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace shrinkage;

TEST_CASE("a term starts strictly inside, its slope between the ends") {
    KinkedTerms terms;
    terms.add(0.4, 0.6, 2.0, 5.0, 0.1, 0.1, 1.0);
    terms.add(infinity, 0.0, 3.0, 0.0, 0.1, 0.1, 2.0);
    CHECK(terms.u(0) - terms.s(0) == doctest::Approx(2.0));
    CHECK(terms.slope(0) == doctest::Approx(0.5));
    CHECK(terms.s(1) == 0.0);
    CHECK(terms.slope(1) == doctest::Approx(-0.2));
    CHECK(terms.pairs() == 3);
    CHECK(terms.complementarity() == doctest::Approx(2.1 * 0.1 + 0.1 * 0.9 + 3.1 * 0.2));
}

TEST_CASE("a step solves the linearized products and stops at the boundary") {
    KinkedTerms terms;
    terms.add(0.4, 0.6, 2.0, 0.1, 0.5, 0.1, 1.0);
    const double u = terms.u(0), s = terms.s(0), v = terms.slope(0), mu = 0.01;
    terms.linearize(std::vector<double>{2.0}, mu, false);
    const double dr = -0.3;
    terms.set_step(std::vector<double>{dr});
    const double dv = terms.weight(0) * (dr + terms.pull(0));
    double primal = 1.0, dual = 1.0;
    terms.limit(primal, dual);
    CHECK(primal > 0.0);
    CHECK(dual > 0.0);
    const double expected = terms.complementarity(1e-3, 1e-3);
    terms.move(1e-3, 1e-3);
    CHECK(terms.complementarity() == doctest::Approx(expected));
    CHECK(terms.slope(0) == doctest::Approx(v + 1e-3 * dv));
    const double du = (terms.u(0) - u) / 1e-3, ds = (terms.s(0) - s) / 1e-3;
    CHECK(du - ds == doctest::Approx(dr).epsilon(1e-8));
    CHECK((0.6 - v) * du - u * dv == doctest::Approx(mu - u * (0.6 - v)).epsilon(1e-8));
}
