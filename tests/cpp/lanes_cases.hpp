// The instruction sets that kernels of lanes are tried with.
#pragma once

#include <vector>

#include "shrinkage/base/simd/lanes.hpp"

namespace shrinkage::test {

/// Every one that this process may use.
inline std::vector<Simd> simd_levels() {
    std::vector<Simd> levels{Simd::plain};
    if (simd() >= Simd::avx2) levels.push_back(Simd::avx2);
    if (simd() >= Simd::avx512) levels.push_back(Simd::avx512);
    return levels;
}

}  // namespace shrinkage::test
