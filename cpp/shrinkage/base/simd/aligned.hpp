// Arrays on cache lines, and how many numbers fill one.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace shrinkage {

inline constexpr std::size_t cache_line = 64;

/// Numbers in a cache line, which is also the widest vector: rows of weights and of activations are
/// padded to a multiple of it, so that kernels need no remainders.
template <typename T>
inline constexpr std::size_t lanes_of = cache_line / sizeof(T);

template <typename T>
constexpr std::size_t padded(std::size_t n) {
    return (n + lanes_of<T> - 1) / lanes_of<T> * lanes_of<T>;
}

template <typename T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <typename U>
    explicit AlignedAllocator(const AlignedAllocator<U>&) {}
    T* allocate(std::size_t n) {
        return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(cache_line)));
    }
    void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(cache_line)); }
    bool operator==(const AlignedAllocator&) const { return true; }
};

template <typename T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

}  // namespace shrinkage
