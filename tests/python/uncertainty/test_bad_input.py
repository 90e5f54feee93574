"""What the metrics refuse, and that the message names the argument and what to do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage import uncertainty as un

P = np.array([[0.3, 0.7], [0.6, 0.4]])
CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "sum": (lambda: un.brier([0, 1], P * 1.1), r"probabilities\[0\].*sum to 1"),
    "range": (lambda: un.brier([0, 1], [0.2, 1.2]), r"probabilities\[1\]=1\.2.*from 0 to 1"),
    "one column": (lambda: un.entropy([[1.0], [1.0]]), "one column per class"),
    "labels": (lambda: un.log_scores(["a", "b"], P, classes=["a", "c"]), "y='b' among its labels"),
    "unnamed": (lambda: un.log_scores(["a", "a"], P), "classes="),
    "names": (lambda: un.log_scores([0, 1], P, classes=[0, 1, 2]), "each of the 2 columns"),
    "rows": (lambda: un.brier([0, 1, 1], P), "probabilities=.*each of the 3 of y"),
    "missing": (lambda: un.log_scores([0, 1], [[0.5, np.nan], [0.5, 0.5]]), "fill missing"),
    "empty": (lambda: un.mean_estimate([]), "at least one row"),
    "level": (lambda: un.mean_estimate([1.0], level=95), "level=95.*below 1"),
    "resamples": (lambda: un.mean_estimate([1.0], n_resamples=1), "from 10 to"),
    "std": (lambda: un.Normal([0.0], 0.0), "std=0.*above 0"),
    "stds": (lambda: un.NormalMixture(np.ones((3, 2)), np.ones(3)), r"broadcasts to \(3, 2\)"),
    "flat members": (lambda: un.NormalMixture([1.0, 2.0], 1.0), r"means=.*\(T, n\)"),
    "weights": (lambda: un.split_variance(P, weights=[1, -1]), "weights=.*2 numbers"),
    "noise": (lambda: un.split_variance(P, -1.0), "noise_variance=-1.*at least 0"),
    "y": (lambda: un.Normal([0.0, 1.0], 1.0).crps([1, 2, 3]), r"y=.*\(2,\)"),
    "q": (lambda: un.Normal([0.0], 1.0).quantile(1.0), "q=1.*below 1"),
    "fair": (lambda: un.Samples([[1.0]], fair=True), "at least two samples"),
    "crossed": (lambda: un.interval_coverage([1.0], [2.0], [1.0]), r"lower\[0\]=2\.0.*not 1"),
    "ends": (lambda: un.interval_coverage([1.0, 2.0], [0.0], [1.0]), "lower=.*shape of y"),
    "sets": (lambda: un.set_coverage([0, 1], P), "booleans"),
    "bins": (lambda: un.reliability([0, 1], P, n_bins=0), "n_bins=0"),
    "strategy": (lambda: un.reliability([0, 1], P, strategy="size"), 'use "mass" or "width"'),
    "norm": (lambda: un.expected_calibration_error([0, 1], P, norm="l3"), 'use "l1"'),
    "doubt": (lambda: un.risk_coverage([0.0, 1.0], [1.0]), "uncertainty=.*each of the 2"),
    "text": (lambda: un.ood_auroc(["a"], [1.0]), "in_distribution=.*real numbers"),
    "ragged": (lambda: un.entropy([[0.5, 0.5], [1.0]]), "rows of one length"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_named(name: str) -> None:
    call, message = CASES[name]
    with pytest.raises(sh.errors.InvalidArgument, match=message):
        call()
