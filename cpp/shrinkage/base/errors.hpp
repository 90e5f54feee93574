// Errors of the core: each carries a stable code and its fields beside the English text.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace shrinkage {

/// What an error is made of, so that an application can say it in another language.
struct ErrorFields {
    std::string code;
    std::string argument;
    std::string value;
    std::string remedy;
};

inline std::string error_text(const ErrorFields& f) {
    return f.argument + "=" + f.value + " cannot be used; " + f.remedy;
}

/// An argument cannot be used.
class InvalidArgument : public std::invalid_argument {
public:
    explicit InvalidArgument(ErrorFields fields)
        : std::invalid_argument(error_text(fields)), fields_(std::move(fields)) {}
    const ErrorFields& fields() const noexcept { return fields_; }

private:
    ErrorFields fields_;
};

/// An entry of X is missing or infinite, or so large that sums overflow.
[[noreturn]] inline void refuse_entries() {
    throw InvalidArgument({"argument.not_finite", "X", "<entries that are not finite>",
                           "drop or fill missing and infinite entries, and scale down numbers "
                           "beyond 1e150"});
}

/// The fit was stopped by its caller.
class Cancelled : public std::runtime_error {
public:
    Cancelled() : std::runtime_error("the fit was stopped") {}
};

/// A computation left the range of floating-point numbers.
class NumericalError : public std::runtime_error {
public:
    explicit NumericalError(const std::string& text) : std::runtime_error(text) {}
};

}  // namespace shrinkage
