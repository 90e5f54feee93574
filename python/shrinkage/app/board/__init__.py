"""The boards: L1 and L2 side by side under one λ control, the lanes of a race, figures."""

from __future__ import annotations

from shrinkage.app.board.figures_payload import Figure, figures_payload, plain_specs
from shrinkage.app.board.mount import figures_board, linear_board, race_board
from shrinkage.app.board.payload import prepare
from shrinkage.app.board.race_payload import LETTERS, LaneTexts, RaceTexts, race_payload

__all__ = [
    "LETTERS",
    "Figure",
    "LaneTexts",
    "RaceTexts",
    "figures_board",
    "figures_payload",
    "linear_board",
    "plain_specs",
    "prepare",
    "race_board",
    "race_payload",
]
