#include "shrinkage/base/runtime.hpp"

#include <atomic>
#include <mutex>

#include "shrinkage/base/errors.hpp"

namespace shrinkage {
namespace {

BlasTable table;
std::once_flag installed_once;
std::atomic<bool> installed{false};

}  // namespace

const BlasTable& blas_table() {
    if (!installed.load(std::memory_order_acquire)) {
        throw NumericalError(
            "no BLAS table was installed; import shrinkage before the native module");
    }
    return table;
}

void install_blas(const BlasTable& given) {
    if (!given.complete()) {
        throw InvalidArgument({"runtime.incomplete_blas", "table", "a table with null entries",
                               "give every routine of BlasTable"});
    }
    std::call_once(installed_once, [&] {
        table = given;
        installed.store(true, std::memory_order_release);
    });
}

}  // namespace shrinkage
