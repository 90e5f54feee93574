"""What a training run recorded, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray


@dataclass(frozen=True, eq=False)
class History:
    """One row an epoch, E in all; what was not measured is NaN.

    Losses, penalty and residual are those of the objective: of an estimator with `scale`, of scaled
    columns and targets.

    Attributes:
        train_loss: (E,) mean loss over the epoch, masks on, weights moving.
        validation_loss: (E,) mean loss at its end, masks off.
        penalty: (E,) λP of all layers, and with learned rates what these cost.
        kkt: (E,) residual of the penalized objective; kkt_error: its standard error over masks. A
            fit measures it at the end: the last row's is that of the weights that are kept.
        learning_rate: (E,).
        zeros: (E, L) weights exactly zero in each layer.
        rates: (E, L) dropout rates of what enters each layer; learned ones at the epoch's end.
    """

    train_loss: FloatArray
    validation_loss: FloatArray
    penalty: FloatArray
    kkt: FloatArray
    kkt_error: FloatArray
    learning_rate: FloatArray
    zeros: npt.NDArray[np.int64]
    rates: FloatArray

    def __len__(self) -> int:
        return len(self.train_loss)

    def __getitem__(self, epoch: int) -> dict[str, Any]:
        """The row of an epoch, counted from 0."""
        return {
            "epoch": range(len(self))[epoch],
            **{field.name: getattr(self, field.name)[epoch] for field in fields(self)},
        }

    def to_frame(self) -> Any:
        """A pandas data frame; layer l has the columns ``zeros_l`` and ``rates_l``."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            if values.ndim == 1:
                columns[field.name] = values
            else:
                columns |= {
                    f"{field.name}_{layer}": column for layer, column in enumerate(values.T)
                }
        frame = pd.DataFrame(columns)
        frame.index.name = "epoch"
        return frame
