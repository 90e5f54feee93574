"""The board: L1 and L2 side by side, everything following one λ control in the browser."""

from __future__ import annotations

from shrinkage.app.board.mount import linear_board
from shrinkage.app.board.payload import prepare

__all__ = ["linear_board", "prepare"]
