"""Whether members match weight scaling, and what their vote gains: statements from numbers."""

from __future__ import annotations

import math

from shrinkage.app.race_facts import FEW_ROWS
from shrinkage.app.votes import Votes
from shrinkage.linear.facts import Fact


def vote_facts(votes: Votes) -> tuple[Fact, ...]:
    """What the sentence says, in its order.

    Codes and fields:
        "matched" k, at, scaling, repeats: the least number of members whose vote errs no more than
            weight scaling, on the average over the draws · "matched_by_one" the same, k = 1
        "level" members, at, scaling, above, repeats: the largest number errs more, but not by more
            than two Monte-Carlo standard errors · "not_matched" the same: by more
        "gain" member, variance, vote, total: squared error of the vote of all members, which is
            that of the mean member less their variance · "no_gain": where they are all alike
        "exact" exact, subnetworks: of all of them
        "few_rows" rows
    """
    k = votes.match
    shared = {"scaling": votes.scaling, "repeats": votes.repeats}
    if k is None:
        at = float(votes.mean[-1])
        more = {"members": votes.members, "at": at, "above": at - votes.scaling}
        error = float(votes.spread[-1]) / math.sqrt(votes.repeats)
        code = "level" if at - votes.scaling <= 2.0 * error else "not_matched"
        facts = [Fact(code, {**more, **shared})]
    else:
        code = "matched_by_one" if k == 1 else "matched"
        facts = [Fact(code, {"k": k, "at": float(votes.mean[k - 1]), **shared})]
    parts = votes.ambiguity
    gain = {"member": parts.member, "variance": parts.variance, "vote": parts.vote}
    code = "gain" if parts.variance > 0 else "no_gain"
    facts.append(Fact(code, {**gain, "total": votes.total}))
    if votes.exact is not None:
        facts.append(Fact("exact", {"exact": votes.exact, "subnetworks": 2**votes.units}))
    if votes.n_test < FEW_ROWS:
        facts.append(Fact("few_rows", {"rows": votes.n_test}))
    return tuple(facts)
