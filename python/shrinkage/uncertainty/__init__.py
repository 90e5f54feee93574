"""Uncertainty of predictions: what it is made of, whether it is right, and how to mend it.

Where to look:

- What a model predicts: `Normal`, `NormalMixture` (members of an ensemble with their noise),
  `Samples`. Of an ensemble of ours that kept members: ``NormalMixture(ens.members, noise_std)``,
  of any, ``Normal(ens.mean, np.hypot(ens.std, noise_std))``.
- Noise or doubt: `split_variance` for numbers, `split_entropy` for classes.
- How good: `negative_log_likelihood`, `brier`, `crps`, `winkler`; `interval_coverage`,
  `interval_width`, `set_coverage`. Each is an `Estimate`, a value with its confidence interval;
  `mean_estimate` makes one of any score of rows, `crossed_mean_estimate` of several fits on them.
- Whether probabilities come true: `reliability`, `expected_calibration_error`, `brier_parts`,
  `pit_histogram`. Whether doubt is in the right place: `ood_auroc`, `risk_coverage`.
- Mending: `RecalibratedProbabilities`, `VarianceScale`.
- Coverage that holds whatever the model: `SplitConformalRegressor`,
  `ConformalizedQuantileRegressor`, `SplitConformalClassifier`.

Nothing here depends on how the predictions were made.
"""

from .brier_parts import BrierParts, brier_parts
from .calibration import (
    PitHistogram,
    Reliability,
    expected_calibration_error,
    pit_histogram,
    reliability,
)
from .conformal import (
    ConformalizedQuantileRegressor,
    SplitConformalClassifier,
    SplitConformalRegressor,
)
from .distributions import Normal, NormalMixture, Predictive, Samples
from .estimate import (
    Estimate,
    clopper_pearson,
    crossed_mean_estimate,
    mean_estimate,
    share_estimate,
)
from .recalibration import RecalibratedProbabilities, VarianceScale
from .scores import (
    brier,
    brier_scores,
    crps,
    interval_coverage,
    interval_scores,
    interval_width,
    log_scores,
    negative_log_likelihood,
    set_coverage,
    winkler,
)
from .selective import RiskCoverage, ood_auroc, risk_coverage
from .splits import EntropySplit, VarianceSplit, entropy, split_entropy, split_variance

__all__ = [
    "BrierParts",
    "ConformalizedQuantileRegressor",
    "EntropySplit",
    "Estimate",
    "Normal",
    "NormalMixture",
    "PitHistogram",
    "Predictive",
    "RecalibratedProbabilities",
    "Reliability",
    "RiskCoverage",
    "Samples",
    "SplitConformalClassifier",
    "SplitConformalRegressor",
    "VarianceScale",
    "VarianceSplit",
    "brier",
    "brier_parts",
    "brier_scores",
    "clopper_pearson",
    "crossed_mean_estimate",
    "crps",
    "entropy",
    "expected_calibration_error",
    "interval_coverage",
    "interval_scores",
    "interval_width",
    "log_scores",
    "mean_estimate",
    "negative_log_likelihood",
    "ood_auroc",
    "pit_histogram",
    "reliability",
    "risk_coverage",
    "set_coverage",
    "share_estimate",
    "split_entropy",
    "split_variance",
    "winkler",
]
