// Training allocates nothing from step to step: every allocation of this program is counted.
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/nn/train/trainer.hpp"

namespace {

std::atomic<std::size_t> allocations{0};

}  // namespace

// A sanitizer has operators of its own: there the trainings run, and nothing is counted.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool counting = false;
#else
constexpr bool counting = true;

namespace {

void* allocated(std::size_t size, std::size_t alignment) {
    ++allocations;
    const std::size_t whole = (size + alignment - 1) / alignment * alignment;
    if (void* place = std::aligned_alloc(alignment, whole > 0 ? whole : alignment)) return place;
    throw std::bad_alloc();
}

}  // namespace

// The others of the family call these.
void* operator new(std::size_t size) { return allocated(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocated(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }
void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }

#endif

using namespace shrinkage;

namespace {

constexpr std::size_t batch = 32, inputs = 48, classes = 3;

/// Allocations of three epochs of so many batches, after two that set everything up.
std::size_t of_three_epochs(std::size_t batches, const TrainerOptions& given,
                            const Regularization& regularization, std::size_t threads) {
    const Architecture architecture{
        {inputs, 256, 200, classes}, Activation::relu, AnyVectorLoss(MultinomialLoss(classes))};
    TrainerOptions options = given;
    options.batch_size = batch;
    options.learning_rate = 1e-3;
    const std::size_t n = batches * batch;
    std::vector<float> x;
    std::vector<double> y;
    for (std::size_t i = 0; i < n * inputs; ++i) {
        x.push_back(std::sin(1.0F + 2.0F * static_cast<float>(i)));
    }
    for (std::size_t i = 0; i < n; ++i) y.push_back(static_cast<double>(i % classes));
    Trainer<float> trainer(architecture, options, regularization);
    trainer.set_examples({n, inputs, x, {}, {}, {y, {}}}, {});
    trainer.draw_start(Start::he);
    REQUIRE(trainer.run(2, {threads, nullptr}) == Ending::none);
    const std::size_t before = allocations;
    REQUIRE(trainer.run(3, {threads, nullptr}) == Ending::none);
    return allocations - before;
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("no step of training allocates, under any kind of dropout and optimizer") {
    for (const DropoutTraits& traits : dropout_kinds) {
        for (const OptimizerKind optimizer :
             {OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adam}) {
            for (const std::size_t threads : {1, 2}) {
                TrainerOptions options;
                options.optimizer.kind = optimizer;
                Regularization regularization;
                regularization.penalties.resize(3);
                regularization.rates = {0.2, 0.5, 0.5};
                regularization.kind = traits.kind;
                regularization.n_members = traits.recurring ? 4 : 0;
                CAPTURE(std::string(traits.name));
                CAPTURE(static_cast<int>(optimizer));
                CAPTURE(threads);
                const std::size_t few = of_three_epochs(2, options, regularization, threads);
                CHECK((few > 0) == counting);  // the record of an epoch
                CHECK(of_three_epochs(9, options, regularization, threads) == few);
            }
        }
    }
}

TEST_CASE("no step with groups, penalties and bounded norms allocates") {
    for (const WeightGroups groups :
         {WeightGroups::separable, WeightGroups::incoming, WeightGroups::outgoing}) {
        TrainerOptions options;
        Regularization regularization;
        WeightPenalty penalty;
        penalty.groups = groups;
        penalty.kink = penalty.lambda = 1e-4;
        if (groups != WeightGroups::outgoing) penalty.max_norm = 2.0;
        regularization.penalties.assign(3, penalty);
        regularization.rates.assign(3, 0.0);
        CAPTURE(static_cast<int>(groups));
        const std::size_t few = of_three_epochs(2, options, regularization, 2);
        CHECK(of_three_epochs(9, options, regularization, 2) == few);
    }
}

TEST_SUITE_END();
