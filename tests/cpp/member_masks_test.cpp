// Masks that come back: how they are dealt, whose they are, and training and members with them.
#include "shrinkage/nn/masks/member_masks.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/nn/ensemble/sampled.hpp"
#include "shrinkage/nn/masks/masks.hpp"
#include "shrinkage/nn/train/trainer.hpp"

using namespace shrinkage;

namespace {

std::size_t common(const MemberMasks& masks, std::size_t a, std::size_t b) {
    std::size_t both = 0;
    for (std::size_t u = 0; u < masks.mask(a).size(); ++u) {
        both += masks.mask(a)[u] != 0 && masks.mask(b)[u] != 0;
    }
    return both;
}

/// A trainer on made-up data, of n rows.
template <typename T>
struct Bench {
    std::vector<T> x;
    std::vector<double> y;
    Trainer<T> trainer;

    explicit Bench(std::size_t n, std::size_t n_members = 4, std::vector<std::uint32_t> groups = {})
        : trainer({{6, 40, 30, 1}, Activation::tanh, AnyLoss(SquaredLoss{})}, options(),
                  regularization(n_members, std::move(groups))) {
        for (std::size_t i = 0; i < n * 6; ++i) {
            x.push_back(static_cast<T>(std::sin(1.0 + 2.0 * static_cast<double>(i))));
        }
        for (std::size_t i = 0; i < n; ++i) y.push_back(std::cos(static_cast<double>(i)));
        trainer.set_examples({n, 6, x, {}, {}, {y, {}}}, {});
        trainer.draw_start(Start::glorot);
    }

    static TrainerOptions options() {
        TrainerOptions options;
        options.seed = 11;
        options.batch_size = 20;
        return options;
    }
    static Regularization regularization(std::size_t n_members, std::vector<std::uint32_t> groups) {
        Regularization one;
        one.penalties.resize(3);
        one.rates = {0.3, 0.5, 0.4};
        one.kind = DropoutKind::masksembles;
        one.n_members = n_members;
        one.input_groups = std::move(groups);
        return one;
    }
};

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("every mask keeps as many units, and every unit has as many masks") {
    for (const std::size_t units : {8, 13, 64, 500}) {
        for (const std::size_t n : {2, 4, 5, 8}) {
            for (const double rate : {0.1, 0.25, 0.5}) {
                for (std::uint64_t seed = 0; seed < 5; ++seed) {
                    CAPTURE(units);
                    CAPTURE(n);
                    CAPTURE(rate);
                    const MemberMasks masks({seed, 0, 1}, n, units, rate);
                    const std::size_t kept = units - dropped_units(units, n, rate);
                    std::vector<std::size_t> by_unit(units, 0);
                    std::size_t shared = 0;
                    for (std::size_t m = 0; m < n; ++m) {
                        const auto mask = masks.mask(m);
                        CHECK(static_cast<std::size_t>(std::count(mask.begin(), mask.end(), 1)) ==
                              kept);
                        for (std::size_t u = 0; u < units; ++u) by_unit[u] += mask[u];
                        for (std::size_t other = 0; other < m; ++other) {
                            const std::size_t both = common(masks, m, other);
                            CHECK(both < kept);  // none is another's double
                            shared += both;
                        }
                    }
                    const auto [least, most] = std::minmax_element(by_unit.begin(), by_unit.end());
                    CHECK(*least >= 1);
                    CHECK(*least == n * kept / units);
                    CHECK(*most == (n * kept + units - 1) / units);
                    if (*least == *most) {  // pairs share on average what the header says
                        CHECK(shared * units * 2 == n * kept * (n * kept - units));
                    }
                }
            }
        }
    }
}

TEST_CASE("two members share as much whichever they are") {
    // 0.5 of 600 units for 4 members: each pair expects 100 in common.
    std::vector<std::size_t> sums(16, 0);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const MemberMasks masks({seed, 0, 2}, 4, 600, 0.5);
        for (std::size_t a = 0; a < 4; ++a) {
            for (std::size_t b = 0; b < a; ++b) sums[4 * a + b] += common(masks, a, b);
        }
    }
    // Units come in pairs with opposite members: a pair of members is one of three with 1/3, 300
    // times. The standard deviation of a mean over 40 seeds is 8.2 / 6.3.
    for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            CHECK(std::abs(static_cast<double>(sums[4 * a + b]) / 40.0 - 100.0) < 5.0 * 8.2 / 6.3);
        }
    }
}

TEST_CASE("how many units are dropped where there are few of them or few members") {
    CHECK(dropped_units(64, 4, 0.5) == 32);
    CHECK(dropped_units(64, 4, 0.0) == 0);
    CHECK(dropped_units(4, 4, 0.01) == 1);  // masks differ
    CHECK(dropped_units(1, 4, 0.5) == 0);
    CHECK(dropped_units(64, 1, 0.5) == 0);
    CHECK(dropped_units(3, 2, 0.5) == 1);  // two masks of one unit each would leave out the third
    CHECK(dropped_units(10, 5, 0.8) == 8);
    CHECK(dropped_units(10, 5, 0.99) == 8);
    for (const double share : {7.0 / 40.0, 1.0 / 3.0}) {  // the rate in force gives the same number
        CHECK(dropped_units(120, 5, share) ==
              dropped_units(120, 5, static_cast<double>(dropped_units(120, 5, share)) / 120.0));
    }
    const MemberMasks doubles({1, 0, 0}, 7, 3, 0.3);  // of three masks that there are
    for (std::size_t m = 0; m < 7; ++m) CHECK(common(doubles, m, m) == 2);
    CHECK_THROWS_AS(MemberMasks({1, 0, 0}, 0, 3, 0.3), InvalidArgument);
}

TEST_CASE("examples have the members in turn, also beyond the range of a word") {
    const MemberMasks masks({3, 99, 1}, 5, 40, 0.4), same({3, 0, 1}, 5, 40, 0.4);
    for (std::size_t m = 0; m < 5; ++m) CHECK(std::ranges::equal(masks.mask(m), same.mask(m)));
    CHECK(masks.member(0, 3) == 3);
    CHECK(masks.member(4294967295U, 0) == 0);
    CHECK(masks.member(7, std::uint64_t{1} << 63) == (2 + 3) % 5);
    CHECK(masks.member(1, 18446744073709551615ULL) == 1);
}

TEST_CASE("a batch has the masks of its rows' members, padding none") {
    std::vector<MemberMasks> members;
    members.emplace_back(DropoutStream{5, 0, 0}, 3, 24, 0.5);
    const std::vector<double> rates{0.5};
    MaskPlan plan{5, 8, rates, DropoutKind::masksembles, {}};
    plan.members = members;
    const std::vector<std::uint32_t> rows{0, 1, 2, 3, 41, 4294967295U};
    const std::size_t stride = 16, first = 8, n = 16;
    std::vector<std::uint8_t> mask(n * stride, 9), shared(24);
    layer_mask(plan, 0, rows, n, stride, mask.data(), first);
    for (std::size_t u = 0; u < n; ++u) {
        for (std::size_t j = 0; j < stride; ++j) {
            const bool kept =
                j < rows.size() && members[0].mask((rows[j] + 8ULL) % 3)[first + u] != 0;
            CHECK(mask[u * stride + j] == static_cast<std::uint8_t>(kept));
        }
    }
    shared_layer_mask(plan, 0, shared);
    CHECK(std::ranges::equal(shared, members[0].mask(2)));
}

TEST_CASE_TEMPLATE("masks come back with the members, to the same bits for any threads", T, float,
                   double) {
    Bench<T> one(50), three(50);
    Aligned<T> now, later;
    const double loss = one.trainer.loss_and_gradient(1, now, {});
    CHECK(one.trainer.loss_and_gradient(1 + 4, later, {}) == loss);
    CHECK(now == later);
    CHECK(one.trainer.loss_and_gradient(2, later, {}) != loss);
    CHECK(three.trainer.loss_and_gradient(1, later, {3, nullptr}) == loss);
    CHECK(now == later);
    CHECK(one.trainer.run(4, {1, nullptr}) == Ending::none);
    CHECK(three.trainer.run(4, {3, nullptr}) == Ending::none);
    CHECK(one.trainer.state().parameters == three.trainer.state().parameters);
}

TEST_CASE("rates become those of whole units, of groups those of whole groups") {
    const Bench<double> plain(4, 4), grouped(4, 4, {0, 1, 2, 0, 1, 2});
    CHECK(plain.trainer.rates() == std::vector<double>{2.0 / 6.0, 0.5, 0.4});
    CHECK(plain.trainer.members()[0].mask(0).size() == 6);
    CHECK(grouped.trainer.rates()[0] == 1.0 / 3.0);
    CHECK(grouped.trainer.members()[0].mask(0).size() == 3);
}

TEST_CASE("the residual over all members has no error, over some it has one") {
    Bench<double> bench(30, 4);
    Context context;
    bench.trainer.run(2, context);
    const KktResidual all = bench.trainer.kkt_residual(context);
    CHECK(all.value > 0.0);
    CHECK(all.error == 0.0);
    CHECK(bench.trainer.kkt_residual(context, 3).error > 0.0);
    // Its gradient is the mean over the members, each of which all examples have once.
    Aligned<double> one;
    double largest = 0.0;
    std::vector<double> mean(bench.trainer.layout().size(), 0.0);
    for (std::uint64_t step = 0; step < 4; ++step) {
        bench.trainer.loss_and_gradient(step, one, context);
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += one[i] / 4.0;
    }
    for (const double g : mean) largest = std::max(largest, std::abs(g));
    CHECK(all.value == doctest::Approx(largest).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("a trained network's members have the masks of training", T, float, double) {
    for (const std::vector<std::uint32_t>& groups :
         {std::vector<std::uint32_t>{}, std::vector<std::uint32_t>{0, 1, 2, 0, 1, 2}}) {
        Bench<T> bench(40, 4, groups);
        SamplingRequest request;
        request.plan.seed = 11;
        request.plan.rates = bench.trainer.rates();
        request.plan.kind = DropoutKind::masksembles;
        request.plan.input_groups = groups;
        request.plan.members = bench.trainer.members();
        request.n_members = 4;
        const Examples<T> examples{40, 6, bench.x, {}, {}, {bench.y, {}}};
        const auto by_member = [&](bool per_row) {
            request.plan.per_row = per_row;
            return sample_ensemble(bench.trainer.architecture(),
                                   bench.trainer.state().parameters.data(), examples, request,
                                   {2, nullptr, nullptr});
        };
        const auto shared = by_member(false), own = by_member(true);
        double trained = 0.0, whole = 0.0;
        Aligned<T> ignored;
        for (std::uint64_t t = 0; t < 4; ++t) {
            const double loss = bench.trainer.loss_and_gradient(t, ignored, {});
            CHECK(own.losses[t] == doctest::Approx(loss).epsilon(sizeof(T) == 4 ? 1e-5 : 1e-12));
            trained += loss / 4.0;
            whole += shared.losses[t] / 4.0;
        }
        // Rows and members may be summed in either order.
        CHECK(whole == doctest::Approx(trained).epsilon(sizeof(T) == 4 ? 1e-5 : 1e-12));
    }
}

TEST_SUITE_END();
