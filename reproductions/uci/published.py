"""The sets, their grids, and what others printed.

Grids and the column "2018": github.com/yaringal/DropoutUncertaintyExps, results of 100 × 40 epochs
with one hidden layer, tuned on a validation part (README and results_ensemble logs; there the means
of ten networks a split). "Deep ensembles": Lakshminarayanan, Pritzel & Blundell 2017, table 1,
whose ± are standard deviations over splits; 40 epochs, nothing tuned.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UciSet:
    """A data set and its protocol.

    Attributes:
        title: as papers call it. splits: number of them. hidden: units. epochs: of training.
        precisions: τ to choose among, in 1/units of y².
        rmse, log_likelihood: mean and standard error of the 2018 column.
        deep_rmse, deep_log_likelihood: of deep ensembles, mean and standard deviation.
        digits: of the RMSE.
    """

    title: str
    splits: int
    hidden: int
    epochs: int
    precisions: tuple[float, ...]
    rmse: tuple[float, float]
    log_likelihood: tuple[float, float]
    deep_rmse: tuple[float, float]
    deep_log_likelihood: tuple[float, float]
    digits: int = 2


def usual(
    title: str, precisions: tuple[float, ...], *published: tuple[float, float], digits: int = 2
) -> UciSet:
    return UciSet(title, 20, 50, 4000, precisions, *published, digits=digits)


RATES = (0.005, 0.01, 0.05, 0.1)
SETS = {
    "boston": usual(
        "Boston", (0.1, 0.15, 0.2), (2.90, 0.18), (-2.40, 0.04), (3.28, 1.00), (-2.41, 0.25)
    ),
    "concrete": usual(
        "concrete", (0.025, 0.05, 0.075), (4.82, 0.16), (-2.94, 0.02), (6.03, 0.58), (-3.06, 0.18)
    ),
    "energy": usual(
        "energy", (0.25, 0.5, 0.75), (0.54, 0.0135), (-1.21, 0.01), (2.09, 0.29), (-1.38, 0.22)
    ),
    "kin8nm": usual(
        "kin8nm",
        (150, 200, 250),
        (0.0787, 0.00045),
        (1.14, 0.01),
        (0.09, 0.0),
        (1.20, 0.02),
        digits=4,
    ),
    "naval": usual(
        "naval",
        (3e4, 4e4, 5e4),
        (0.000744, 0.000014),
        (4.450, 0.0007),
        (0.0, 0.0),
        (5.63, 0.05),
        digits=6,
    ),
    "power_plant": usual(
        "power plant", (0.05, 0.1, 0.15), (4.01, 0.04), (-2.81, 0.01), (4.11, 0.17), (-2.79, 0.04)
    ),
    "protein": UciSet(
        "protein",
        5,
        100,
        2000,
        (0.025, 0.05, 0.075),
        (4.27, 0.02),
        (-2.87, 0.005),
        (4.71, 0.06),
        (-2.83, 0.02),
    ),
    "wine_red": usual(
        "wine", (2.5, 3.0, 3.5), (0.62, 0.01), (-0.93, 0.01), (0.64, 0.04), (-0.94, 0.12)
    ),
    "yacht": usual(
        "yacht", (0.25, 0.5, 0.75), (0.67, 0.05), (-1.25, 0.02), (1.58, 0.48), (-1.18, 0.21)
    ),
}
