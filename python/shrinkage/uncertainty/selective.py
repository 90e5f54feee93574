"""Whether doubt is where it belongs: telling apart what is foreign, and abstaining."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from sklearn.metrics import roc_auc_score

from .._validation import FloatArray
from ._inputs import as_level, as_scores, same_rows
from .estimate import Estimate, clopper_pearson


def ood_auroc(
    in_distribution: npt.ArrayLike, out_of_distribution: npt.ArrayLike, *, level: float = 0.95
) -> Estimate:
    """Area under the ROC curve of telling foreign rows by their uncertainty (scikit-learn's).

    The probability that a foreign row is more uncertain than one of the training distribution; a
    half is chance. Its interval is DeLong, DeLong & Clarke-Pearson's (1988) on the logit scale;
    where the two are told apart without a mistake, it is the exact one of min(m, n) independent
    pairs.

    Args:
        in_distribution: (m,) uncertainties, such as entropy, mutual information or variance.
        out_of_distribution: (n,) of foreign rows.
        level: of the interval.
    """
    known = as_scores(in_distribution, "in_distribution")
    foreign = as_scores(out_of_distribution, "out_of_distribution")
    level = as_level(level)
    labels = np.repeat([0, 1], [len(known), len(foreign)])
    value = float(roc_auc_score(labels, np.concatenate([known, foreign])))
    error = _delong(known, foreign)
    if error == 0.0 or not 0.0 < value < 1.0:
        pairs = min(len(known), len(foreign))
        low, high = clopper_pearson(round(value * pairs), pairs, level)
        name = f"exact for {pairs} independent pairs (Clopper–Pearson)"
        return Estimate(value, min(float(low), value), max(float(high), value), level, name)
    reach = special.ndtri(0.5 + 0.5 * level) * error / (value * (1.0 - value))
    low, high = special.expit(special.logit(value) + np.array([-reach, reach]))
    return Estimate(value, float(low), float(high), level, "DeLong, logit scale")


def _delong(known: FloatArray, foreign: FloatArray) -> float:
    """Standard error of the AUROC by its structural components (Sun & Xu 2014); 0: too few rows."""
    m, n = len(known), len(foreign)
    if min(m, n) < 2:
        return 0.0
    among_all = stats.rankdata(np.concatenate([known, foreign]))
    of_known = (among_all[:m] - stats.rankdata(known)) / n
    of_foreign = (among_all[m:] - stats.rankdata(foreign)) / m
    return float(np.sqrt(of_known.var(ddof=1) / m + of_foreign.var(ddof=1) / n))


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What is risked when only the surest predictions are made.

    Attributes:
        coverage: (n,) shares 1/n, 2/n, ..., 1 of the rows, the surest first.
        risk: (n,) mean loss over them; of equally sure rows in the mean over their orders.
        aurc: area under the curve, the mean of `risk` (Geifman & El-Yaniv 2017), with a normal
            interval whose standard error is the infinitesimal jackknife's.
        excess: aurc less that of the best order, losses ascending (Geifman, Uziel & El-Yaniv 2019).
    """

    coverage: FloatArray
    risk: FloatArray
    aurc: Estimate
    excess: float


def risk_coverage(
    losses: npt.ArrayLike, uncertainty: npt.ArrayLike, *, level: float = 0.95
) -> RiskCoverage:
    """The risk–coverage curve of predictions made in order of their uncertainty.

    Args:
        losses: (n,) of rows, such as 0 and 1 for right and wrong, or squared errors.
        uncertainty: (n,) the predictions to abstain from first have the largest.
        level: of the interval.
    """
    loss, doubt = as_scores(losses, "losses"), as_scores(uncertainty, "uncertainty")
    same_rows(len(loss), uncertainty=doubt)
    level = as_level(level)
    order = np.argsort(doubt, kind="stable")
    loss, doubt = loss[order], doubt[order]
    group = np.cumsum(np.concatenate([[0], doubt[1:] != doubt[:-1]])).astype(np.int64)

    def alike(values: FloatArray) -> FloatArray:
        """Means over equally sure rows."""
        return np.asarray((np.bincount(group, values) / np.bincount(group))[group])

    position = np.arange(1.0, len(loss) + 1.0)
    risk = np.cumsum(alike(loss)) / position
    area = float(risk.mean())
    # One row more moves the risks behind it, by (its loss − R_k)/k each.
    behind = np.cumsum(1.0 / position[::-1])[::-1]
    moved = np.cumsum((risk / position)[::-1])[::-1]
    influence = alike(risk) - area + loss * alike(behind) - alike(moved)
    error = float(np.sqrt(influence @ influence) / len(loss))
    reach = float(special.ndtri(0.5 + 0.5 * level)) * error
    least = float(loss.min())
    best = float((np.cumsum(np.sort(loss)) / position).mean())
    aurc = Estimate(
        area,
        max(area - reach, least),
        area + reach,
        level,
        "normal, standard error by the infinitesimal jackknife",
    )
    return RiskCoverage(position / len(loss), risk, aurc, area - best)
