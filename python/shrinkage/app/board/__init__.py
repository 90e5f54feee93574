"""The boards: L1 and L2 side by side under one λ control, and the lanes of a race."""

from __future__ import annotations

from shrinkage.app.board.mount import linear_board, race_board
from shrinkage.app.board.payload import prepare
from shrinkage.app.board.race_payload import LETTERS, LaneTexts, RaceTexts, race_payload

__all__ = [
    "LETTERS",
    "LaneTexts",
    "RaceTexts",
    "linear_board",
    "prepare",
    "race_board",
    "race_payload",
]
