// Decisions, numbers and designs read from bytes: every string of bytes is valid.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace shrinkage::fuzz {

/// Reads decisions and numbers; zeros after the end.
class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    std::uint8_t next() {
        if (rest_.empty()) return 0;
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }
    bool flag() { return next() % 2 == 1; }
    std::size_t between(std::size_t low, std::size_t high) {
        return low + next() % (high - low + 1);
    }
    template <typename T, std::size_t N>
    T one_of(const std::array<T, N>& choices) {
        return choices[next() % N];
    }
    /// Zeros, the extremes and plain numbers of both signs.
    double number() {
        static constexpr std::array special{0.0, 1e-12, -1e-12, 1e12, -1e12, 1.0, -1.0};
        const std::uint8_t kind = next() % 16;
        if (kind < special.size()) return special[kind];
        const int high = next();
        const int low = next();
        return (256 * high + low - 32768) / 4096.0;
    }
    std::vector<double> numbers(std::size_t n) {
        std::vector<double> result(n);
        for (double& value : result) value = number();
        return result;
    }

private:
    std::span<const std::uint8_t> rest_;
};

/// Columns next to which others are copies, constants, or the same in other units.
inline std::vector<double> design(Bytes& bytes, std::size_t n, std::size_t p) {
    enum Kind { plain, copy, opposite, nearly, constant, large, small, kinds };
    std::vector<double> x(n * p);
    for (std::size_t j = 0; j < p; ++j) {
        const auto kind = static_cast<Kind>(bytes.next() % kinds);
        double* const column = x.data() + j * n;
        const double* const earlier = x.data() + (j > 0 ? bytes.between(0, j - 1) : 0) * n;
        const double level = kind == constant ? bytes.number() : 0.0;
        for (std::size_t i = 0; i < n; ++i) {
            switch (j == 0 && (kind == copy || kind == opposite || kind == nearly) ? plain : kind) {
                case copy: column[i] = earlier[i]; break;
                case opposite: column[i] = -earlier[i]; break;
                case nearly: column[i] = earlier[i] + 1e-12 * bytes.number(); break;
                case constant: column[i] = level; break;
                case large: column[i] = 1e6 * bytes.number(); break;
                case small: column[i] = 1e-6 * bytes.number(); break;
                default: column[i] = bytes.number();
            }
        }
    }
    return x;
}

}  // namespace shrinkage::fuzz
