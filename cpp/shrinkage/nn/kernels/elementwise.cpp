#include "shrinkage/nn/kernels/elementwise.hpp"

#include <algorithm>
#include <cstring>

#include "shrinkage/base/simd/vectorized.hpp"

namespace shrinkage {

template <typename T>
void activate(Activation activation, const Masking<T>& masking, std::span<T> h,
              std::span<T> slope) {
    const std::size_t n = h.size();
    T* __restrict value = h.data();
    T* __restrict derivative = slope.data();
    const std::uint8_t* __restrict mask = masking.mask;
    const T scale = masking.scale;
    with_activation(activation, [&](auto f) {
        if (mask == nullptr) {
            vectorized([=]() SHRINKAGE_INLINED {
                for (std::size_t i = 0; i < n; ++i) {
                    const auto at = decltype(f)::at(value[i]);
                    value[i] = at.value;
                    derivative[i] = at.slope;
                }
            });
        } else {
            vectorized([=]() SHRINKAGE_INLINED {
                for (std::size_t i = 0; i < n; ++i) {
                    const auto at = decltype(f)::at(value[i]);
                    // A product, not a choice: GCC makes no vectors of the other.
                    const T factor = static_cast<T>(mask[i]) * scale;
                    value[i] = at.value * factor;
                    derivative[i] = at.slope * factor;
                }
            });
        }
    });
}

template <typename T>
void activate(Activation activation, std::span<T> h) {
    const std::size_t n = h.size();
    T* __restrict value = h.data();
    with_activation(activation, [&](auto f) {
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t i = 0; i < n; ++i) value[i] = decltype(f)::at(value[i]).value;
        });
    });
}

template <typename T>
bool all_finite(std::span<const T> x) {
    const std::size_t n = x.size();
    const T* values = x.data();
    std::size_t total = 0;
    vectorized([=, &total]() SHRINKAGE_INLINED {
        // x * 0 is 0 unless x is infinite or not a number.
        std::size_t others = 0;
        for (std::size_t i = 0; i < n; ++i) others += values[i] * T{0} == T{0} ? 0 : 1;
        total = others;
    });
    return total == 0;
}

template <typename T>
void multiply_by(std::span<const T> y, std::span<T> x) {
    const std::size_t n = x.size();
    const T* __restrict factor = y.data();
    T* __restrict value = x.data();
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) value[i] *= factor[i];
    });
}

template <typename T>
void add_to(std::span<const T> y, std::span<T> x) {
    const std::size_t n = x.size();
    const T* __restrict more = y.data();
    T* __restrict value = x.data();
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) value[i] += more[i];
    });
}

template <typename T>
void apply_masking(const Masking<T>& masking, std::span<T> x) {
    const std::size_t n = x.size();
    const std::uint8_t* __restrict mask = masking.mask;
    const T scale = masking.scale;
    T* __restrict value = x.data();
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) value[i] *= static_cast<T>(mask[i]) * scale;
    });
}

template <typename T>
void apply_affine(const AffineMasking<T>& masking, std::span<T> value, std::span<T> slope) {
    const std::size_t n = value.size(), n_slopes = slope.size();
    const std::uint8_t* mask = masking.mask;
    const T scale = masking.scale, dropped = masking.dropped, rise = masking.shift - dropped;
    T* v = value.data();
    T* s = slope.data();
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < n; ++i) {
            v[i] = dropped + static_cast<T>(mask[i]) * (scale * v[i] + rise);
        }
        for (std::size_t i = 0; i < n_slopes; ++i) s[i] *= static_cast<T>(mask[i]) * scale;
    });
}

template <typename T>
void transpose(const T* in, std::size_t rows, std::size_t cols, T* out, std::size_t out_stride) {
    const std::size_t full = rows / lanes_of<T> * lanes_of<T>;
    with_vectors<T>([=](auto vector) SHRINKAGE_INLINED {
        transpose_block<typename decltype(vector)::type>(in, cols, full, cols, out, out_stride);
    });
    for (std::size_t i = full; i < rows; ++i) {
        for (std::size_t j = 0; j < cols; ++j) out[j * out_stride + i] = in[i * cols + j];
    }
}

template <typename T>
std::size_t transpose_line(const T* const* rows, std::size_t cols, std::size_t stride, T* out) {
    std::size_t done = 0;
    with_vectors<T>([=, &done](auto vector) SHRINKAGE_INLINED {
        using V = typename decltype(vector)::type;
        constexpr std::size_t width = sizeof(V) / sizeof(T);
        std::size_t i = 0;
        for (; i + width <= cols; i += width) {
            for (std::size_t r = 0; r < lanes_of<T>; r += width) {
                V square[width];
                for (std::size_t k = 0; k < width; ++k) {
                    std::memcpy(&square[k], rows[r + k] + i, sizeof(V));
                }
                transpose_square(square);
                for (std::size_t k = 0; k < width; ++k) {
                    *reinterpret_cast<V*>(out + (i + k) * stride + r) = square[k];
                }
            }
        }
        done = i;
    });
    return done;
}

template <typename T>
void dot_products(const T* rows, std::size_t n, const T* others, std::size_t n_others,
                  std::size_t stride, T* out, std::size_t out_stride) {
    for (std::size_t i = 0; i < n; ++i) std::fill_n(out + i * out_stride, out_stride, T{0});
    with_vectors<T>([=](auto vector) SHRINKAGE_INLINED {
        using V = typename decltype(vector)::type;
        constexpr std::size_t width = sizeof(V) / sizeof(T);
        // The sums of as many rows as a vector has numbers are added up by a transpose.
        for (std::size_t i = 0; i < n; i += width) {
            for (std::size_t u = 0; u < n_others; ++u) {
                V sums[width];
                for (std::size_t k = 0; k < width; ++k) {
                    const T* row = rows + std::min(i + k, n - 1) * stride;
                    sums[k] = V{};
                    for (std::size_t j = 0; j < stride; j += width) {
                        sums[k] += *reinterpret_cast<const V*>(row + j) *
                                   *reinterpret_cast<const V*>(others + u * stride + j);
                    }
                }
                transpose_square(sums);
                for (std::size_t half = width / 2; half > 0; half /= 2) {
                    for (std::size_t k = 0; k < half; ++k) sums[k] += sums[k + half];
                }
                for (std::size_t k = 0; k < width && i + k < n; ++k) {
                    out[(i + k) * out_stride + u] = sums[0][k];
                }
            }
        }
    });
}

template <typename T>
void row_sums(const T* in, std::size_t rows, std::size_t stride, std::size_t used, T* out) {
    vectorized([=]() SHRINKAGE_INLINED {
        constexpr std::size_t lanes = lanes_of<T>;
        for (std::size_t i = 0; i < rows; ++i) {
            const T* row = in + i * stride;
            T sums[lanes] = {};
            std::size_t j = 0;
            for (; j + lanes <= used; j += lanes) {
                for (std::size_t k = 0; k < lanes; ++k) sums[k] += row[j + k];
            }
            for (; j < used; ++j) sums[j % lanes] += row[j];
            for (std::size_t half = lanes / 2; half > 0; half /= 2) {
                for (std::size_t k = 0; k < half; ++k) sums[k] += sums[k + half];
            }
            out[i] = sums[0];
        }
    });
}

#define SHRINKAGE_INSTANTIATE(T)                                                              \
    template void activate(Activation, const Masking<T>&, std::span<T>, std::span<T>);        \
    template void activate(Activation, std::span<T>);                                         \
    template void add_to(std::span<const T>, std::span<T>);                                   \
    template void multiply_by(std::span<const T>, std::span<T>);                              \
    template void apply_masking(const Masking<T>&, std::span<T>);                             \
    template void apply_affine(const AffineMasking<T>&, std::span<T>, std::span<T>);          \
    template void transpose(const T*, std::size_t, std::size_t, T*, std::size_t);             \
    template std::size_t transpose_line(const T* const*, std::size_t, std::size_t, T*);       \
    template bool all_finite(std::span<const T>);                                             \
    template void dot_products(const T*, std::size_t, const T*, std::size_t, std::size_t, T*, \
                               std::size_t);                                                  \
    template void row_sums(const T*, std::size_t, std::size_t, std::size_t, T*);
SHRINKAGE_INSTANTIATE(float)
SHRINKAGE_INSTANTIATE(double)

}  // namespace shrinkage
