// Dropout masks and their application.
#include <cstdint>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bind/gil.hpp"
#include "bind/numpy.hpp"
#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"
#include "shrinkage/nn/masks/member_masks.hpp"

namespace shrinkage::bind {

namespace {

py::array_t<std::uint8_t> bound_dropout_mask(const py::array& rows_, std::size_t cols, double rate,
                                             std::uint64_t seed, std::uint64_t step,
                                             std::uint32_t layer) {
    const auto rows = vector_view<std::uint32_t>(rows_, "rows");
    std::vector<std::uint8_t> mask;
    {
        const ReleasedGil released;
        check_dropout({seed, step, layer}, cols, rate);
        mask.resize(rows.size() * cols);
        dropout_mask({seed, step, layer}, rows, cols, rate, mask);
    }
    return to_numpy_rows(std::move(mask), rows.size(), cols);
}

py::array_t<std::uint8_t> bound_member_mask(const py::array& rows_, std::size_t cols, double rate,
                                            std::uint64_t seed, std::uint64_t step,
                                            std::uint32_t layer, std::size_t n_members) {
    const auto rows = vector_view<std::uint32_t>(rows_, "rows");
    std::vector<std::uint8_t> mask;
    {
        const ReleasedGil released;
        check_dropout({seed, step, layer}, cols, rate);
        const MemberMasks members({seed, step, layer}, n_members, cols, rate);
        mask.reserve(rows.size() * cols);
        for (const std::uint32_t row : rows) {
            const auto kept = members.mask(members.member(row, step));
            mask.insert(mask.end(), kept.begin(), kept.end());
        }
    }
    return to_numpy_rows(std::move(mask), rows.size(), cols);
}

py::array_t<double> bound_dropout_uniform(const py::array& rows_, std::size_t cols,
                                          std::uint64_t seed, std::uint64_t step,
                                          std::uint32_t layer) {
    const auto rows = vector_view<std::uint32_t>(rows_, "rows");
    std::vector<double> out;
    {
        const ReleasedGil released;
        check_dropout({seed, step, layer}, cols, 0.0);
        out.resize(rows.size() * cols);
        dropout_uniform({seed, step, layer}, rows, cols, out);
    }
    return to_numpy_rows(std::move(out), rows.size(), cols);
}

template <typename T>
py::array_t<T> apply_to(const py::array& x_, std::span<const std::uint8_t> mask, double rate) {
    const auto x = vector_view<T>(x_, "x");
    if (x.size() != mask.size()) {
        refuse_array("x", x_, "give it the shape of the mask, " + std::to_string(mask.size()));
    }
    std::vector<T> out(x.size());
    {
        const ReleasedGil released;
        apply_dropout(x, mask, rate, std::span<T>(out));
    }
    return to_numpy(std::move(out));
}

py::array bound_apply_dropout(const py::array& x, const py::array& mask_, double rate) {
    const auto mask = vector_view<std::uint8_t>(mask_, "mask");
    check_dropout({}, 0, rate);
    if (py::dtype::of<float>().equal(x.dtype())) return apply_to<float>(x, mask, rate);
    return apply_to<double>(x, mask, rate);
}

void bind_traits(py::module_& m) {
    using Traits = DropoutTraits;
    py::class_<Traits>(m, "DropoutTraits",
                       "A kind of dropout by its name, and what is so of it: see "
                       "nn/masks/dropout_kind.hpp.")
        .def_readonly("name", &Traits::name)
        .def_readonly("drops_units", &Traits::drops_units)
        .def_readonly("drops_weights", &Traits::drops_weights)
        .def_readonly("learns_rates", &Traits::learns_rates)
        .def_readonly("recurring", &Traits::recurring)
        .def_readonly("per_row", &Traits::per_row)
        .def_readonly("enumerable", &Traits::enumerable)
        .def_readonly("integrable", &Traits::integrable)
        .def_readonly("mean_one", &Traits::mean_one);
    m.def(
        "dropout_kinds",
        [] { return std::vector<Traits>(dropout_kinds.begin(), dropout_kinds.end()); },
        "All kinds of dropout.");
}

}  // namespace

void bind_dropout(py::module_& m) {
    using namespace py::literals;
    bind_traits(m);
    m.def("dropout_mask", &bound_dropout_mask, "rows"_a, "cols"_a, "rate"_a, "seed"_a, "step"_a,
          "layer"_a, "Mask (rows, cols), 1 = kept, by the layout of nn/dropout.hpp.");
    m.def("member_mask", &bound_member_mask, "rows"_a, "cols"_a, "rate"_a, "seed"_a, "step"_a,
          "layer"_a, "n_members"_a, "The same of masksembles, by the rule of nn/member_masks.hpp.");
    m.def("dropout_uniform", &bound_dropout_uniform, "rows"_a, "cols"_a, "seed"_a, "step"_a,
          "layer"_a, "Numbers (rows, cols) in (0, 1): dropped where below the rate.");
    m.def("apply_dropout", &bound_apply_dropout, "x"_a, "mask"_a, "rate"_a,
          "x / (1 - rate) where the mask is 1, else 0; float32 or float64, flat.");
}

}  // namespace shrinkage::bind
