// libFuzzer looks for bytes that break a promise of fit_path or cross_validate.
#include <cstdlib>

#include "checks.hpp"
#include "reference_blas.hpp"

namespace {

using namespace shrinkage;
using shrinkage::fuzz::FitCase;

/// Fits the path; with folds it then scores them on the grid of that path, as users do.
void run(const FitCase& c) {
    const fuzz::Promises promises(c);
    std::visit(
        [&](const auto& model) {
            const PathResult path = fit_path(model.loss, model.penalty, c.input(), c.options, {});
            promises.check(path);
            if (c.fold.empty()) return;
            FitCase scored = c;
            scored.options.lambdas = path.lambdas;
            fuzz::Promises(scored).check(cross_validate(model.loss, model.penalty, scored.input(),
                                                        scored.options, c.fold, c.n_folds, {}));
        },
        c.model);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    install_blas(test::reference_blas());
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const FitCase c(fuzz::Bytes({data, size}));
    if (std::getenv("SHRINKAGE_FUZZ_PRINT") != nullptr) print(c);
    try {
        run(c);
    } catch (const InvalidArgument&) {
    } catch (const NumericalError&) {
    }
    return 0;
}
