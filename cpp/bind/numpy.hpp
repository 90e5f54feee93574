// Between NumPy arrays and spans: the only file of the bindings that looks inside an array.
// Nothing is copied or cast on the way in; an array that would need it is refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/views.hpp"

namespace shrinkage::bind {

namespace py = pybind11;

/// Row-major view, as networks and masks have it: entry (i, j) lies at data[i * cols + j].
template <typename T>
struct RowMajorView {
    std::span<T> data;
    std::size_t rows = 0;
    std::size_t cols = 0;
};

[[noreturn]] inline void refuse_array(const char* name, const py::array& array,
                                      const std::string& remedy) {
    std::string shape = "(";
    for (py::ssize_t d = 0; d < array.ndim(); ++d) {
        shape += (d ? ", " : "") + std::to_string(array.shape(d));
    }
    const auto type = py::str(py::object(array.dtype())).cast<std::string>();
    throw InvalidArgument(
        {"argument.array", name, "array of shape " + shape + ") and type " + type, remedy});
}

/// Type, byte order, dimensions and alignment; pybind11 itself never checks the last.
template <typename T>
void check_array(const py::array& array, py::ssize_t ndim, const char* name) {
    if (!py::dtype::of<T>().equal(array.dtype())) {
        const auto type = py::str(py::object(py::dtype::of<T>())).cast<std::string>();
        refuse_array(
            name, array,
            "convert it with numpy.asarray(" + std::string(name) + ", dtype=\"" + type + "\")");
    }
    if (array.ndim() != ndim) {
        refuse_array(name, array, "pass an array of " + std::to_string(ndim) + " dimension(s)");
    }
    if (reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) != 0) {
        refuse_array(name, array,
                     "its memory is not aligned: pass a copy, " + std::string(name) + ".copy()");
    }
}

template <typename T>
void check_writeable(const py::array& array, const char* name) {
    if (!array.writeable()) {
        refuse_array(name, array, "it is read-only: pass a copy, " + std::string(name) + ".copy()");
    }
}

template <typename T>
std::span<const T> vector_view(const py::array& array, const char* name) {
    check_array<T>(array, 1, name);
    if (!(array.flags() & py::array::c_style)) {
        refuse_array(name, array,
                     "it is strided: pass numpy.ascontiguousarray(" + std::string(name) + ")");
    }
    return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

template <typename T>
std::span<T> mutable_vector_view(py::array& array, const char* name) {
    check_writeable<T>(array, name);
    const auto view = vector_view<T>(array, name);
    return {static_cast<T*>(array.mutable_data()), view.size()};
}

/// The same for an argument that may be None: an empty span.
template <typename T>
std::span<const T> optional_vector_view(const std::optional<py::array>& array, const char* name) {
    return array ? vector_view<T>(*array, name) : std::span<const T>{};
}

/// Column-major; each column is contiguous, columns may be apart (a slice of a larger matrix).
template <typename T>
BasicMatrixView<const T> column_major_view(const py::array& array, const char* name) {
    check_array<T>(array, 2, name);
    constexpr auto width = static_cast<py::ssize_t>(sizeof(T));
    const py::ssize_t rows = array.shape(0), cols = array.shape(1);
    // Strides of axes of length 0 and 1 mean nothing to NumPy.
    const bool contiguous = rows <= 1 || array.strides(0) == width;
    const bool apart =
        cols <= 1 || (array.strides(1) % width == 0 && array.strides(1) >= rows * width);
    if (array.size() > 0 && !(contiguous && apart)) {
        refuse_array(
            name, array,
            "its columns are not contiguous: pass numpy.asfortranarray(" + std::string(name) + ")");
    }
    const py::ssize_t stride = cols > 1 && rows > 0 ? array.strides(1) / width : rows;
    return {static_cast<const T*>(array.data()), static_cast<std::size_t>(rows),
            static_cast<std::size_t>(cols), static_cast<std::size_t>(stride)};
}

template <typename T>
RowMajorView<const T> row_major_view(const py::array& array, const char* name) {
    check_array<T>(array, 2, name);
    if (!(array.flags() & py::array::c_style)) {
        refuse_array(
            name, array,
            "its rows are not contiguous: pass numpy.ascontiguousarray(" + std::string(name) + ")");
    }
    return {{static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())},
            static_cast<std::size_t>(array.shape(0)),
            static_cast<std::size_t>(array.shape(1))};
}

/// Hands memory over to Python without a copy. `strides` in bytes; empty means C order.
template <typename T>
py::array_t<T> adopt(std::vector<T>&& values, std::vector<py::ssize_t> shape,
                     std::vector<py::ssize_t> strides = {}) {
    auto owner = std::make_unique<std::vector<T>>(std::move(values));
    T* data = owner->data();
    const py::capsule free(owner.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
    static_cast<void>(owner.release());
    if (strides.empty()) return py::array_t<T>(std::move(shape), data, free);
    return py::array_t<T>(std::move(shape), std::move(strides), data, free);
}

template <typename T>
py::array_t<T> to_numpy(std::vector<T>&& values) {
    const auto n = static_cast<py::ssize_t>(values.size());
    return adopt(std::move(values), {n});
}

/// A column-major matrix, handed over as a Fortran-ordered array of shape (rows, cols).
template <typename T>
py::array_t<T> to_numpy_columns(std::vector<T>&& values, std::size_t rows, std::size_t cols) {
    const auto r = static_cast<py::ssize_t>(rows), c = static_cast<py::ssize_t>(cols);
    const auto width = static_cast<py::ssize_t>(sizeof(T));
    return adopt(std::move(values), {r, c}, {width, width * r});
}

/// A row-major matrix, handed over as a C-ordered array of shape (rows, cols).
template <typename T>
py::array_t<T> to_numpy_rows(std::vector<T>&& values, std::size_t rows, std::size_t cols) {
    return adopt(std::move(values),
                 {static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(cols)});
}

}  // namespace shrinkage::bind
