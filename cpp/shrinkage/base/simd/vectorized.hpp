// Runs a piece of code compiled for the instruction set in force (base/cpu.hpp).
#pragma once

#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/base/simd/vectors.hpp"

namespace shrinkage {

#if SHRINKAGE_X86
template <typename F>
SHRINKAGE_AVX512 void run_avx512(const F& f) {
    f();
}

template <typename F>
SHRINKAGE_AVX2 void run_avx2(const F& f) {
    f();
}
#endif

/// f() with the compiler free to use the vectors of this processor. f is a lambda with
/// SHRINKAGE_INLINED behind its parameters: it must become part of the function that has the
/// instruction set.
template <typename F>
void vectorized(const F& f) {
#if SHRINKAGE_X86
    if (simd() == Simd::avx512) return run_avx512(f);
    if (simd() == Simd::avx2) return run_avx2(f);
#endif
    f();
}

/// The same for code that names its vectors: f(VectorOf<T, bytes>{}).
template <typename T, typename F>
void with_vectors(const F& f) {
#if SHRINKAGE_X86
    if (simd() == Simd::avx512) {
        return run_avx512([&]() SHRINKAGE_INLINED { f(VectorOf<T, 64>{}); });
    }
    if (simd() == Simd::avx2) {
        return run_avx2([&]() SHRINKAGE_INLINED { f(VectorOf<T, 32>{}); });
    }
#endif
    f(VectorOf<T, 16>{});
}

}  // namespace shrinkage
