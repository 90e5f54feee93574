// What a quadratic model of a loss is worth while it is kept over steps and lambdas.
#pragma once

#include <cmath>

namespace shrinkage {

/// By how much the loss bends more than the model along the steps made with it: the first of a
/// lambda leads along nearly the same line as that of the lambda before, the others on from the
/// last.
class Bends {
public:
    void restart(double bend) { first_ = last_ = bend; }
    double expected() const { return at_first_ ? first_ : last_; }
    void note(double bend) {
        // A little less or more is not worth another factor of a curved penalty.
        if (std::abs(bend - expected()) <= 0.05 * bend) bend = expected();
        last_ = bend;
        if (at_first_) first_ = bend;
        at_first_ = false;
    }
    /// The next step is the first of a lambda.
    void begin() { at_first_ = true; }

private:
    double first_ = 1.0, last_ = 1.0;
    bool at_first_ = true;
};

/// What the lambdas solved with a model took. It pays to make it anew where one more lambda
/// would take more than all so far, and the model, on the average.
class Account {
public:
    void open(double price) { spent_ = price, served_ = last_ = 0.0; }
    void book(double steps) {
        spent_ += steps;
        served_ += 1.0;
        last_ = steps;
    }
    bool overdrawn() const { return last_ * served_ > spent_; }

private:
    double spent_ = 0.0, served_ = 0.0, last_ = 0.0;
};

}  // namespace shrinkage
