// Long arrays some at a time, on all threads, so that a stop need not wait for their end.
#pragma once

#include <algorithm>
#include <cstddef>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/threads.hpp"

namespace shrinkage {

inline constexpr std::size_t numbers_of_a_stretch = std::size_t{1} << 17;

/// f(first, count) for stretches of n numbers; between them the context may stop.
template <typename F>
void for_stretches(std::size_t n, const Context& context, const F& f) {
    const std::size_t tasks = (n + numbers_of_a_stretch - 1) / numbers_of_a_stretch;
    parallel_for(tasks, context.threads_for(static_cast<double>(n)), [&](std::size_t task) {
        context.check();
        const std::size_t first = task * numbers_of_a_stretch;
        f(first, std::min(numbers_of_a_stretch, n - first));
    });
}

/// Gives a vector n numbers, zeros where it had none. Memory that was never touched takes most of
/// the time, so that of a long vector this is stopped too.
template <typename Vector>
void grow(Vector& values, std::size_t n, const Context& context) {
    values.reserve(n);
    while (values.size() < n) {
        context.check();
        values.resize(std::min(n, values.size() + numbers_of_a_stretch));
    }
}

template <typename Vector>
void copy_to(const Vector& from, Vector& to, const Context& context) {
    grow(to, from.size(), context);
    for_stretches(from.size(), context, [&](std::size_t first, std::size_t count) {
        std::copy_n(from.data() + first, count, to.data() + first);
    });
}

}  // namespace shrinkage
