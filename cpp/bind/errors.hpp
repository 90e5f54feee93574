// Errors of the core become those of shrinkage.errors, with their code and fields.
#pragma once

#include <exception>
#include <string>

#include <pybind11/pybind11.h>

#include "shrinkage/base/errors.hpp"

namespace shrinkage::bind {

namespace py = pybind11;

/// Sets shrinkage.errors.<type>(text, **fields) as the pending Python error.
inline void set_python_error(const char* type, const char* text, const py::dict& fields) {
    const py::object kind = py::module_::import("shrinkage.errors").attr(type);
    const py::object error = kind(text, **fields);
    PyErr_SetObject(kind.ptr(), error.ptr());
}

/// What the core says of an argument, as the keywords of shrinkage.errors.ShrinkageError.
inline py::dict error_keywords(const ErrorFields& fields) {
    using namespace py::literals;
    return py::dict("code"_a = fields.code, "argument"_a = fields.argument,
                    "value"_a = fields.value, "remedy"_a = fields.remedy);
}

/// Called once, by the module; other exceptions keep pybind11's own table.
inline void register_error_translation() {
    py::register_local_exception_translator([](std::exception_ptr pending) {
        using namespace py::literals;
        if (!pending) return;
        try {
            std::rethrow_exception(pending);
        } catch (const InvalidArgument& error) {
            set_python_error("InvalidArgument", error.what(), error_keywords(error.fields()));
        } catch (const Cancelled& error) {
            set_python_error("Cancelled", error.what(), py::dict("code"_a = "fit.cancelled"));
        } catch (const NumericalError& error) {
            set_python_error("NumericalError", error.what(), py::dict("code"_a = "fit.numerical"));
        }
    });
}

}  // namespace shrinkage::bind
