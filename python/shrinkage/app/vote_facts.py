"""Whether members match weight scaling, and what their vote gains: statements from numbers."""

from __future__ import annotations

from shrinkage.app.intervals import clear
from shrinkage.app.race_facts import FEW_ROWS
from shrinkage.app.votes import Votes
from shrinkage.linear.facts import Fact


def vote_facts(votes: Votes) -> tuple[Fact, ...]:
    """What the sentence says, in its order.

    ``error`` is the standard error of the difference between the vote and weight scaling, over
    masks and test rows. Codes and fields:
        "mean_of_all" variance, members, at, scaling: weight scaling is the mean of all members, an
            identity, so that k of them err by the variance over k more, in squared error
        "matched" k, at, scaling, error: the least number of members from which the vote errs less
            than weight scaling by more than two errors · "matched_by_one" the same, k = 1
        "level" members, at, scaling, error: the largest number cannot be told from it
        "not_matched" the same, above: it errs more, by more than two errors
        "geometric_mean": weight scaling is the normalized geometric mean of all, an identity
        "gain" member, variance, vote, total: squared error of the vote of all members, which is
            that of the mean member less their variance, an identity · "no_gain": where they are
            all alike
        "exact" exact, subnetworks: of all of them
        "few_rows" rows
    """
    facts = [_against_scaling(votes)]
    if votes.identity == "geometric":
        facts.append(Fact("geometric_mean", {}))
    parts = votes.ambiguity
    gain = {"member": parts.member, "variance": parts.variance, "vote": parts.vote}
    code = "gain" if parts.variance > 0 else "no_gain"
    facts.append(Fact(code, {**gain, "total": votes.total}))
    if votes.exact is not None:
        facts.append(Fact("exact", {"exact": votes.exact, "subnetworks": 2**votes.units}))
    if votes.n_test < FEW_ROWS:
        facts.append(Fact("few_rows", {"rows": votes.n_test}))
    return tuple(facts)


def _against_scaling(votes: Votes) -> Fact:
    """How the vote stands against weight scaling."""
    at, error, k = float(votes.mean[-1]), float(votes.error[-1]), votes.match
    last = {"members": votes.members, "at": at, "scaling": votes.scaling}
    if votes.mean_of_all:
        return Fact("mean_of_all", {**last, "variance": votes.ambiguity.variance})
    if k is not None:
        fields = {"k": k, "at": float(votes.mean[k - 1]), "scaling": votes.scaling}
        code = "matched_by_one" if k == 1 else "matched"
        return Fact(code, {**fields, "error": float(votes.error[k - 1])})
    above = at - votes.scaling
    if clear(above, error):
        return Fact("not_matched", {**last, "above": above, "error": error})
    return Fact("level", {**last, "error": error})
