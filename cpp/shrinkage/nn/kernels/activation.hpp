// Activations h = f(z) of hidden units, each with its derivative.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "shrinkage/base/simd/elementary.hpp"

namespace shrinkage {

enum class Activation { identity, relu, leaky_relu, tanh, logistic, gelu, silu, selu };

inline constexpr std::array<std::pair<std::string_view, Activation>, 8> activation_names{
    {{"identity", Activation::identity},
     {"relu", Activation::relu},
     {"leaky_relu", Activation::leaky_relu},
     {"tanh", Activation::tanh},
     {"logistic", Activation::logistic},
     {"gelu", Activation::gelu},
     {"silu", Activation::silu},
     {"selu", Activation::selu}}};

inline std::optional<Activation> activation_named(std::string_view name) {
    for (const auto& [known, activation] : activation_names) {
        if (known == name) return activation;
    }
    return std::nullopt;
}

namespace activations {

/// What a pass over a layer needs: f and f' from one evaluation.
template <typename T>
struct Response {
    T value;
    T slope;
};

struct Identity {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        return {z, T{1}};
    }
};

/// max(z, 0); slope 0 at the kink. What is not a number stays so.
struct Relu {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        return {z <= T{0} ? T{0} : z, z > T{0} ? T{1} : T{0}};
    }
};

/// z above 0, z / 100 below (Maas, Hannun & Ng 2013).
struct LeakyRelu {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        const T slope = z > T{0} ? T{1} : static_cast<T>(0.01);
        return {z * slope, slope};
    }
};

struct Tanh {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        const T h = elementary::tanh(z);
        return {h, T{1} - h * h};
    }
};

struct Logistic {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        const T h = elementary::logistic(z);
        return {h, h * (T{1} - h)};
    }
};

/// z Phi(z), the exact form (Hendrycks & Gimpel 2016).
struct Gelu {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        const T p = elementary::normal_cdf(z);
        return {z * p, p + z * elementary::normal_density(z)};
    }
};

/// z / (1 + e^-z), also called swish (Elfwing, Uchibe & Doya 2018).
struct Silu {
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        const T s = elementary::logistic(z);
        return {z * s, s * (T{1} + z * (T{1} - s))};
    }
};

/// lambda z above 0, lambda alpha (e^z - 1) below (Klambauer, Unterthiner, Mayr & Hochreiter 2017).
struct Selu {
    static constexpr double lambda = 1.0507009873554804934193349852946;
    static constexpr double alpha = 1.6732632423543772848170429916717;
    template <typename T>
    SHRINKAGE_INLINE static Response<T> at(T z) {
        const T scale = static_cast<T>(lambda), depth = static_cast<T>(lambda * alpha);
        const T e = depth * elementary::exp(z >= T{0} ? T{0} : z);
        return {z > T{0} ? scale * z : e - depth, z > T{0} ? scale : e};
    }
};

}  // namespace activations

/// Calls f with the functions of the activation, once.
template <typename F>
decltype(auto) with_activation(Activation activation, const F& f) {
    switch (activation) {
        case Activation::identity: return f(activations::Identity{});
        case Activation::relu: return f(activations::Relu{});
        case Activation::leaky_relu: return f(activations::LeakyRelu{});
        case Activation::tanh: return f(activations::Tanh{});
        case Activation::logistic: return f(activations::Logistic{});
        case Activation::gelu: return f(activations::Gelu{});
        case Activation::silu: return f(activations::Silu{});
        case Activation::selu: break;
    }
    return f(activations::Selu{});
}

}  // namespace shrinkage
