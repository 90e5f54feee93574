// Which vector instructions this process may use. Decided once; SHRINKAGE_SIMD = plain, avx2 or
// avx512 holds it to less than the processor offers.
#pragma once

#include <cstdlib>
#include <string_view>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define SHRINKAGE_X86 1
#else
#define SHRINKAGE_X86 0
#endif

namespace shrinkage {

enum class Simd { plain, avx2, avx512 };

inline Simd detect_simd() {
#if SHRINKAGE_X86
    __builtin_cpu_init();
    const char* wanted = std::getenv("SHRINKAGE_SIMD");
    const std::string_view limit = wanted == nullptr ? "avx512" : wanted;
    if (limit == "avx512" && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq")) {
        return Simd::avx512;
    }
    if (limit != "plain" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return Simd::avx2;
    }
#endif
    return Simd::plain;
}

/// The instructions in force.
inline Simd simd() {
    static const Simd level = detect_simd();
    return level;
}

}  // namespace shrinkage
