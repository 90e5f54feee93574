// Hands the BLAS and LAPACK that scipy ships over to the core.
#include <string>

#include <pybind11/pybind11.h>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/runtime.hpp"

namespace shrinkage::bind {

namespace py = pybind11;

namespace {

/// A routine out of scipy.linalg.cython_blas.__pyx_capi__ or cython_lapack. The capsule's name is
/// its C signature, which must speak of 32-bit integers and of double precision.
template <typename Routine>
Routine routine(const py::dict& capsules, const char* name) {
    const auto capsule = py::reinterpret_borrow<py::capsule>(capsules[name]);
    const std::string signature = capsule.name() == nullptr ? "" : capsule.name();
    const bool wide =
        signature.find("long") != std::string::npos || signature.find("int64") != std::string::npos;
    if (signature.find("int *") == std::string::npos || wide) {
        throw InvalidArgument({"runtime.blas_signature", name, signature,
                               "install a scipy whose BLAS uses 32-bit integers"});
    }
    return reinterpret_cast<Routine>(capsule.get_pointer<void>());
}

}  // namespace

void bind_runtime(py::module_& m) {
    m.def(
        "install_blas",
        [](const py::dict& capsules) {
            BlasTable table;
            table.dot = routine<BlasTable::Dot>(capsules, "ddot");
            table.axpy = routine<BlasTable::Axpy>(capsules, "daxpy");
            table.gemv = routine<BlasTable::Gemv>(capsules, "dgemv");
            table.gemm = routine<BlasTable::Gemm>(capsules, "dgemm");
            table.syrk = routine<BlasTable::Syrk>(capsules, "dsyrk");
            table.trsv = routine<BlasTable::Trsv>(capsules, "dtrsv");
            table.trsm = routine<BlasTable::Trsm>(capsules, "dtrsm");
            table.potrf = routine<BlasTable::Potrf>(capsules, "dpotrf");
            install_blas(table);
        },
        py::arg("capsules"),
        "Write-once table of BLAS and LAPACK routines, from scipy's capsules.");
}

}  // namespace shrinkage::bind
