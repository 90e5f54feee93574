// The table of contents of shrinkage.core._native: one line per area, no code of its own.
#include <pybind11/pybind11.h>

#include "bind/errors.hpp"

namespace py = pybind11;

namespace shrinkage::bind {
void bind_dropout(py::module_& m);
void bind_ensemble(py::module_& m);
void bind_formulas(py::module_& m);
void bind_network(py::module_& m);
void bind_path(py::module_& m);
void bind_runtime(py::module_& m);
}  // namespace shrinkage::bind

PYBIND11_MODULE(_native, m, py::mod_gil_not_used()) {
    m.doc() = "Compiled core of shrinkage; use it through shrinkage.core.";
    shrinkage::bind::register_error_translation();
    shrinkage::bind::bind_dropout(m);
    shrinkage::bind::bind_formulas(m);
    shrinkage::bind::bind_path(m);
    shrinkage::bind::bind_network(m);  // its signatures speak of Control, which paths define
    shrinkage::bind::bind_ensemble(m);
    shrinkage::bind::bind_runtime(m);
}
