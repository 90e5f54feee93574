// Ensembles inside a network: subsets in Gray-code order, members, moments, both drivers.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/nn/ensemble/density.hpp"
#include "shrinkage/nn/ensemble/enumeration.hpp"
#include "shrinkage/nn/ensemble/gray_sums.hpp"
#include "shrinkage/nn/ensemble/last_mask.hpp"
#include "shrinkage/nn/ensemble/layer.hpp"
#include "shrinkage/nn/ensemble/log_sums.hpp"
#include "shrinkage/nn/ensemble/member.hpp"
#include "shrinkage/nn/ensemble/member_pass.hpp"
#include "shrinkage/nn/ensemble/plan.hpp"
#include "shrinkage/nn/ensemble/response.hpp"
#include "shrinkage/nn/ensemble/sampled.hpp"
#include "shrinkage/nn/ensemble/tally.hpp"
#include "shrinkage/nn/masks/dropout.hpp"

using namespace shrinkage;

namespace {

/// 5-7-6-3, tanh and softmax, with made-up weights and rows.
template <typename T>
struct Case {
    Architecture architecture{{5, 7, 6, 3}, Activation::tanh, AnyVectorLoss(MultinomialLoss(3))};
    Layout<T> layout{architecture.sizes};
    Aligned<T> parameters = Aligned<T>(layout.size(), T{0});
    std::vector<T> x;
    std::vector<double> y;
    Examples<T> examples;

    explicit Case(std::size_t n) {
        std::mt19937 generator(3);
        std::normal_distribution<double> normal;
        for (const DenseLayer& layer : layout) {
            for (std::size_t i = 0; i <= layer.inputs; ++i) {  // row `inputs` are the biases
                for (std::size_t j = 0; j < layer.units; ++j) {
                    parameters[layer.weights + i * layer.stride + j] =
                        static_cast<T>(normal(generator));
                }
            }
        }
        for (std::size_t i = 0; i < n * 5; ++i) x.push_back(static_cast<T>(normal(generator)));
        for (std::size_t i = 0; i < n; ++i) y.push_back(static_cast<double>(i % 3));
        examples = {n, 5, x, {}, {}, {y, {}}};
    }

    /// Probabilities of one row where mask[l][u] multiplies what enters layer l.
    std::vector<double> probabilities(std::size_t row,
                                      const std::vector<std::vector<double>>& mask) const {
        std::vector<double> h(x.begin() + static_cast<std::ptrdiff_t>(row * 5),
                              x.begin() + static_cast<std::ptrdiff_t>(row * 5 + 5));
        for (std::size_t l = 0; l < layout.depth(); ++l) {
            const DenseLayer& layer = layout[l];
            std::vector<double> z;
            for (std::size_t j = 0; j < layer.units; ++j) {
                double sum = static_cast<double>(parameters[layer.biases + j]);
                for (std::size_t i = 0; i < layer.inputs; ++i) {
                    sum += mask[l][i] * h[i] *
                           static_cast<double>(parameters[layer.weights + i * layer.stride + j]);
                }
                z.push_back(l + 1 < layout.depth() ? std::tanh(sum) : std::exp(sum));
            }
            h = z;
        }
        double total = 0.0;
        for (const double e : h) total += e;
        for (double& e : h) e /= total;
        return h;
    }
};

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("sums of all subsets, each once and as if made alone") {
    constexpr std::size_t size = 16, n = 9;
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    Aligned<double> base(size), terms(n * size);
    for (double& x : base) x = normal(generator);
    for (double& x : terms) x = normal(generator);
    GraySums<double> sums(n, size);
    for (const std::size_t used : {n, std::size_t{3}, std::size_t{1}, std::size_t{0}}) {
        std::vector<bool> seen(std::size_t{1} << used, false);
        sums.start(base.data(), terms.data(), used);
        do {
            const auto members = static_cast<std::size_t>(sums.members());
            REQUIRE(members < seen.size());
            CHECK(!seen[members]);
            seen[members] = true;
            for (std::size_t i = 0; i < size; ++i) {
                double expected = base[i];
                for (std::size_t k = used; k-- > 0;) {
                    if (members >> k & 1) expected += terms[k * size + i];
                }
                REQUIRE(sums.sum()[i] == expected);
            }
        } while (sums.advance());
        CHECK(std::count(seen.begin(), seen.end(), false) == 0);
    }
}

TEST_CASE("sums of numbers known by their logarithms, far beyond the range of numbers") {
    LogSums sums(3), more(3);
    CHECK(std::isinf(sums.log(0)));
    for (const double exponent : {-2000.0, 1000.0, 998.0, -5.0}) {
        sums.add(0, exponent, 0.25);
        more.add(1, exponent, 2.0);
    }
    sums.add(2, 3.0, 0.0);
    sums.add(2, -std::numeric_limits<double>::infinity(), 1.0);
    CHECK(sums.log(0) == doctest::Approx(1000.0 + std::log(0.25 * (1.0 + std::exp(-2.0)))));
    CHECK(sums.log(0, 4.0) == doctest::Approx(sums.log(0) - std::log(4.0)));
    sums.merge(more);
    CHECK(sums.log(1) == doctest::Approx(1000.0 + std::log(2.0 * (1.0 + std::exp(-2.0)))));
    CHECK(sums.log(2) == -std::numeric_limits<double>::infinity());
    sums.clear();
    CHECK(std::isinf(sums.log(1)));
}

TEST_CASE("moments merged in groups are those of all members") {
    Tally whole(2, 1, 1), merged(2, 1, 1);
    std::mt19937 generator(2);
    std::normal_distribution<double> normal(5.0, 1e-3);
    std::vector<double> first;
    double mass = 0.0;
    for (std::size_t group = 0; group < 6; ++group) {
        Tally part(2, 1, 1);
        for (std::size_t m = 0; m < group; ++m) {
            const double value[2] = {normal(generator), -2.0}, extra[1] = {value[0] * 3.0},
                         density[1] = {-700.0 * static_cast<double>(m)};
            whole.add(value, extra, density);
            part.add(value, extra, density);
            first.push_back(value[0]);
            mass += std::exp(density[0]);
        }
        merged.merge(part);
    }
    double mean = 0.0, squares = 0.0;
    const auto n = static_cast<double>(first.size());
    for (const double x : first) mean += x / n;
    for (const double x : first) squares += (x - mean) * (x - mean);
    for (const Tally* tally : {&whole, &merged}) {
        CHECK(tally->n() == first.size());
        CHECK(tally->mean(0) == doctest::Approx(mean).epsilon(1e-14));
        CHECK(tally->squares(0) == doctest::Approx(squares).epsilon(1e-9));
        CHECK(tally->squares(1) == 0.0);
        CHECK(tally->extra(0) == doctest::Approx(3.0 * mean).epsilon(1e-14));
        CHECK(tally->log_mean_density(0) == doctest::Approx(std::log(mass / n)).epsilon(1e-12));
    }
}

TEST_CASE("what members share ends before the first layer that drops") {
    EnsemblePlan plan;
    plan.rates = {0.0, 0.0, 0.3};
    CHECK(plan.first() == 2);
    CHECK(plan.subtracts());
    plan.rates = {0.5, 0.0, 0.3};
    CHECK(plan.first() == 0);
    CHECK(!plan.subtracts());
    plan.rates = {0.0, 0.0, 0.0};
    CHECK(plan.first() == 2);
    CHECK(!plan.subtracts());
    plan.rates = {0.2, 0.5, 0.5};
    plan.kind = DropoutKind::gaussian;
    CHECK(!plan.subtracts());
}

TEST_CASE_TEMPLATE("sampled members are the network with the masks of their step", T, float,
                   double) {
    const double close = sizeof(T) == 4 ? 2e-5 : 1e-13;
    const std::size_t n = 300;  // more than a block
    const Case<T> one(n);
    for (const double rate : {0.2, 0.6}) {
        SamplingRequest request;
        request.plan.seed = 8;
        request.plan.rates = {0.0, rate, 0.4};
        request.n_members = 20;  // more than a group
        request.keep_members = true;
        const auto found = sample_ensemble(one.architecture, one.parameters.data(), one.examples,
                                           request, {2, nullptr, nullptr});
        REQUIRE(found.n_members == 20);
        REQUIRE(found.mean.size() == n * 3);
        for (const std::size_t t : {0, 7, 19}) {
            std::vector<std::vector<double>> mask{std::vector<double>(5, 1.0)};
            for (const std::uint32_t l : {1, 2}) {
                std::vector<std::uint8_t> bits(one.layout[l].inputs);
                const std::vector<std::uint32_t> shared{0};
                dropout_mask({8, t, l}, shared, bits.size(), request.plan.rates[l], bits);
                std::vector<double> factors;
                for (const std::uint8_t bit : bits) {
                    factors.push_back(bit / (1.0 - request.plan.rates[l]));
                }
                mask.push_back(factors);
            }
            double loss = 0.0;
            for (std::size_t row = 0; row < n; ++row) {
                const auto expected = one.probabilities(row, mask);
                for (std::size_t k = 0; k < 3; ++k) {
                    const double seen = static_cast<double>(found.members[(t * n + row) * 3 + k]);
                    REQUIRE(std::abs(seen - expected[k]) < close);
                }
                loss -= std::log(expected[row % 3]) / static_cast<double>(n);
            }
            CHECK(found.losses[t] == doctest::Approx(loss).epsilon(100 * close));
        }
    }
}

TEST_CASE("all sub-networks by Gray code are all sub-networks one by one") {
    const Case<double> one(70);  // more than a block
    EnsemblePlan plan;
    plan.rates = {0.0, 0.3, 0.6};
    const auto found = enumerate_ensemble(one.architecture, one.parameters.data(), one.examples,
                                          plan, {}, {2, nullptr, nullptr});
    CHECK(decisions_of(one.layout, plan) == std::vector<std::size_t>{0, 7, 6});
    REQUIRE(found.n_members == std::uint64_t{1} << 13);
    for (const std::size_t row : {0, 69}) {
        std::vector<double> mean(3, 0.0);
        for (std::uint64_t bits = 0; bits < found.n_members; ++bits) {
            std::vector<std::vector<double>> mask{std::vector<double>(5, 1.0), {}, {}};
            double weight = 1.0;
            for (std::size_t unit = 0; unit < 13; ++unit) {
                const std::size_t l = unit < 7 ? 1 : 2;
                const bool kept = (bits >> unit & 1) != 0;
                mask[l].push_back(kept ? 1.0 / (1.0 - plan.rates[l]) : 0.0);
                weight *= kept ? 1.0 - plan.rates[l] : plan.rates[l];
            }
            const auto p = one.probabilities(row, mask);
            for (std::size_t k = 0; k < 3; ++k) mean[k] += weight * p[k];
        }
        for (std::size_t k = 0; k < 3; ++k) {
            CHECK(std::abs(found.mean[row * 3 + k] - mean[k]) < 1e-12);
        }
    }
}

TEST_CASE("progress counts to the number of tasks, and a stop keeps whole members") {
    const Case<float> one(1500);
    SamplingRequest request;
    request.plan.rates = {0.1, 0.5, 0.5};
    request.n_members = 40;
    Control control;
    const auto found = sample_ensemble(one.architecture, one.parameters.data(), one.examples,
                                       request, {2, &control, nullptr});
    CHECK(control.done() == sampling_tasks(1500, 40));
    CHECK(found.n_members == 40);
    Control stopped;
    stopped.stop();
    CHECK_THROWS_AS(sample_ensemble(one.architecture, one.parameters.data(), one.examples, request,
                                    {2, &stopped, nullptr}),
                    Cancelled);
    EnsemblePlan plan;
    plan.rates = {0.1, 0.0, 0.5};
    CHECK_THROWS_AS(enumerate_ensemble(one.architecture, one.parameters.data(), one.examples, plan,
                                       {}, {2, &stopped, nullptr}),
                    Cancelled);
    CHECK(enumeration_tasks(64, 12) == 1);
    CHECK(enumeration_tasks(65, 13) == 4);
}

TEST_CASE("responses by loss, and densities of normals") {
    CHECK(response_kind(AnyLoss(SquaredLoss{})) == ResponseKind::identity);
    CHECK(response_kind(AnyLoss(LogisticLoss{})) == ResponseKind::logistic);
    CHECK(response_kind(AnyLoss(PoissonLoss{})) == ResponseKind::exponential);
    CHECK(response_kind(GaussianNoise{2}) == ResponseKind::gaussian);
    CHECK(n_densities(ResponseKind::gaussian, {}) == 1);
    CHECK(n_densities(ResponseKind::softmax, {}) == 1);
    CHECK(n_densities(ResponseKind::logistic, {}) == 1);
    CHECK(n_densities(ResponseKind::identity, {}) == 0);
    CHECK(log_normal_density(0.3, 4.0) ==
          doctest::Approx(-0.5 * std::log(8.0 * 3.14159265358979) - 0.09 / 8.0));
}
