"""How often confidence intervals cover a known truth over replicates."""

from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from shrinkage.uncertainty import Estimate

CHANCE = 1e-4  # with which a true statement may fail a study
HEADER = (
    "| metric | truth | mean of the values | covered | mean width | interval |",
    "|---|---|---|---|---|---|",
)


@dataclass
class Measured:
    """What the interval of a metric showed: its estimates, and the coverage that is asked."""

    truth: float
    least: float
    estimates: list[Estimate] = field(default_factory=list)

    @property
    def covered(self) -> int:
        return sum(one.low <= self.truth <= one.high for one in self.estimates)

    def wrong(self) -> bool:
        """Whether fewer intervals cover than `least` and chance explain."""
        return self.covered < stats.binom.ppf(CHANCE, len(self.estimates), self.least)

    def line(self, name: str) -> str:
        """The row of a table under HEADER."""
        count = len(self.estimates)
        share = self.covered / count
        error = np.sqrt(share * (1.0 - share) / count)
        value = np.mean([one.value for one in self.estimates])
        width = np.mean([one.high - one.low for one in self.estimates])
        return (
            f"| {name} | {self.truth:.4f} | {value:.4f} | {share:.3f} ± {error:.3f} | {width:.4f} "
            f"| {self.estimates[0].method} |"
        )
