// Several doubles in one register: kernels are templates over the number of lanes, compiled once
// for each instruction set and chosen at run time (base/cpu.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "shrinkage/base/simd/cpu.hpp"

// What a kernel calls is compiled into it for its instruction set, which it must not outlive.
#define SHRINKAGE_INLINED __attribute__((always_inline))  // behind the parameters of a lambda
#define SHRINKAGE_INLINE inline SHRINKAGE_INLINED

#if SHRINKAGE_X86
#define SHRINKAGE_AVX2 __attribute__((target("avx2,fma")))
#define SHRINKAGE_AVX512 __attribute__((target("avx512f,avx512dq")))
/// Returns what kernel_plain, kernel_avx2 or kernel_avx512 returns, whichever `level` says.
#define SHRINKAGE_DISPATCH(level, kernel, ...)                  \
    switch (level) {                                            \
        case Simd::avx512: return kernel##_avx512(__VA_ARGS__); \
        case Simd::avx2: return kernel##_avx2(__VA_ARGS__);     \
        case Simd::plain: break;                                \
    }                                                           \
    return kernel##_plain(__VA_ARGS__)
#else
#define SHRINKAGE_DISPATCH(level, kernel, ...) \
    static_cast<void>(level);                  \
    return kernel##_plain(__VA_ARGS__)
#endif

namespace shrinkage {

/// A vector where a double may lie. The attributes stand on a class, since a template argument
/// loses those of its type: Clang would read as if the address were a multiple of the width.
template <typename V>
struct __attribute__((packed, aligned(sizeof(double)), may_alias)) Unaligned {
    V value;
};

/// The vectors of N lanes: of doubles, of their bits, and of comparisons.
template <std::size_t N>
struct Registers;
template <>
struct Registers<2> {
    using Doubles = double __attribute__((vector_size(16)));
    using Words = std::uint64_t __attribute__((vector_size(16)));
    using Truths = std::int64_t __attribute__((vector_size(16)));
};
template <>
struct Registers<4> {
    using Doubles = double __attribute__((vector_size(32)));
    using Words = std::uint64_t __attribute__((vector_size(32)));
    using Truths = std::int64_t __attribute__((vector_size(32)));
};
template <>
struct Registers<8> {
    using Doubles = double __attribute__((vector_size(64)));
    using Words = std::uint64_t __attribute__((vector_size(64)));
    using Truths = std::int64_t __attribute__((vector_size(64)));
};

/// N doubles, each treated like a double. A class, since vectors themselves may not be passed by
/// value to functions that are compiled without their instruction set.
template <std::size_t N>
class Lanes {
public:
    using Vector = typename Registers<N>::Doubles;

    /// The truth of a comparison, lane by lane.
    struct Mask {
        typename Registers<N>::Truths value;
    };
    /// The bits of every lane as an integer; the other operand is the same for all.
    struct Bits {
        typename Registers<N>::Words value;

        friend SHRINKAGE_INLINE Bits operator&(Bits a, std::uint64_t b) { return {a.value & b}; }
        friend SHRINKAGE_INLINE Bits operator|(Bits a, std::uint64_t b) { return {a.value | b}; }
        friend SHRINKAGE_INLINE Bits operator+(Bits a, std::uint64_t b) { return {a.value + b}; }
        friend SHRINKAGE_INLINE Bits operator<<(Bits a, int by) { return {a.value << by}; }
        friend SHRINKAGE_INLINE Bits operator>>(Bits a, int by) { return {a.value >> by}; }
    };

    Lanes() = default;
    SHRINKAGE_INLINE Lanes(double one) : value(one - Vector{}) {}
    SHRINKAGE_INLINE explicit Lanes(const Vector& v) : value(v) {}
    SHRINKAGE_INLINE explicit Lanes(Bits bits) : value(reinterpret_cast<Vector>(bits.value)) {}

    static SHRINKAGE_INLINE Lanes load(const double* from) {
        // A copy, as a reference would promise the alignment of a vector.
        const Vector v = reinterpret_cast<const Unaligned<Vector>*>(from)->value;
        return Lanes(v);
    }
    SHRINKAGE_INLINE void store(double* to) const {
        reinterpret_cast<Unaligned<Vector>*>(to)->value = value;
    }
    SHRINKAGE_INLINE Bits bits() const {
        return {reinterpret_cast<typename Registers<N>::Words>(value)};
    }
    /// The sum of the lanes, from the first on.
    SHRINKAGE_INLINE double total() const {
        double lanes[N], sum = 0.0;
        store(lanes);
        for (const double lane : lanes) sum += lane;
        return sum;
    }

    friend SHRINKAGE_INLINE Lanes operator+(Lanes a, Lanes b) { return Lanes(a.value + b.value); }
    friend SHRINKAGE_INLINE Lanes operator-(Lanes a, Lanes b) { return Lanes(a.value - b.value); }
    friend SHRINKAGE_INLINE Lanes operator*(Lanes a, Lanes b) { return Lanes(a.value * b.value); }
    friend SHRINKAGE_INLINE Lanes operator/(Lanes a, Lanes b) { return Lanes(a.value / b.value); }
    friend SHRINKAGE_INLINE Lanes operator-(Lanes a) { return Lanes(-a.value); }
    friend SHRINKAGE_INLINE Mask operator<(Lanes a, Lanes b) { return {a.value < b.value}; }
    friend SHRINKAGE_INLINE Mask operator<=(Lanes a, Lanes b) { return {a.value <= b.value}; }
    friend SHRINKAGE_INLINE Mask operator>(Lanes a, Lanes b) { return {a.value > b.value}; }
    friend SHRINKAGE_INLINE Mask operator==(Lanes a, Lanes b) { return {a.value == b.value}; }
    SHRINKAGE_INLINE Lanes& operator+=(Lanes b) { return *this = *this + b; }

    /// a where the mask is true, b elsewhere; the other's infinities and NaN leave no trace.
    friend SHRINKAGE_INLINE Lanes select(Mask mask, Lanes a, Lanes b) {
        return Lanes(mask.value ? a.value : b.value);
    }
    friend SHRINKAGE_INLINE Lanes abs(Lanes a) {
        constexpr std::uint64_t sign = std::uint64_t{1} << 63;
        return Lanes(a.bits() & ~sign);
    }
    /// The smaller and the larger; b where one of them is not a number.
    friend SHRINKAGE_INLINE Lanes min(Lanes a, Lanes b) { return select(a < b, a, b); }
    friend SHRINKAGE_INLINE Lanes max(Lanes a, Lanes b) { return select(a > b, a, b); }

private:
    static_assert(alignof(Unaligned<Vector>) == alignof(double));

    Vector value;
};

}  // namespace shrinkage
