// Every penalty by name. A new one is a header, a line here, a row of the tests' table and a
// dataclass in Python.
#pragma once

#include <string>
#include <type_traits>

#include "shrinkage/penalty/block/group_lasso.hpp"
#include "shrinkage/penalty/block/row_group.hpp"
#include "shrinkage/penalty/input.hpp"
#include "shrinkage/penalty/scalar/elastic_net.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/l2.hpp"
#include "shrinkage/penalty/scalar/separable.hpp"
#include "shrinkage/penalty/whole/slope.hpp"

namespace shrinkage {

template <typename... P>
struct PenaltyList {
    static_assert(((Penalty<P> && PenaltyFormulas<P> &&
                    std::is_constructible_v<P, const PenaltyInput&>) &&
                   ...),
                  "a penalty is made from the one input and has its formulas");
    static_assert((((SeparablePenalty<P> ? 1 : 0) + (BlockPenalty<P> ? 1 : 0) +
                        (WholePenalty<P> ? 1 : 0) ==
                    1) &&
                   ...),
                  "the engine follows from the one concept that a penalty satisfies");
};

using Penalties = PenaltyList<  //
    Separable<L1>,              //
    Separable<L2>,              //
    Separable<ElasticNet>,      //
    RowGroup,                   //
    GroupLasso,                 //
    Slope>;

/// Calls f(type_identity<P>) for the penalty of this name; refuses a name that none has.
template <typename F, typename... P>
void with_penalty_type(const std::string& name, const F& f, PenaltyList<P...>) {
    const bool known = ((name == P::name ? (f(std::type_identity<P>{}), true) : false) || ...);
    if (known) return;
    refuse_penalty("penalty", "penalty", name, "use a penalty of the core");
}

/// Calls f(penalty) with the penalty that the input describes, made from it.
template <typename F>
void with_penalty(const PenaltyInput& input, const F& f) {
    with_penalty_type(
        input.name,
        [&]<typename P>(std::type_identity<P>) {
            const P penalty(input);
            f(penalty);
        },
        Penalties{});
}

}  // namespace shrinkage
