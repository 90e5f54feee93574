"""A process of its own for what is timed: what one package does to BLAS, threads or memory cannot
reach another.

The parent sends requests through a pipe and kills a process that exceeds its time.
"""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


class TooSlow(Exception):
    """The call took longer than it was given."""


class Failed(Exception):
    """The package itself failed; the text is its error."""


def serve(pipe: Connection, make: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Answers requests, each a method of what `make` makes, until the pipe closes."""
    warnings.filterwarnings("ignore")
    served: Any = None
    while True:
        try:
            name, given = pipe.recv()
        except EOFError:
            return
        try:
            if served is None:
                served = make(*arguments)
            pipe.send((True, getattr(served, name)(*given)))
        except Exception as error:  # a package's own failure, or its absence, is a result
            pipe.send((False, f"{type(error).__name__}: {error}"))


class Process:
    """The parent's side; the process starts when first asked, and again once killed.

    Args:
        make, arguments: what makes the object that answers, in the process.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any) -> None:
        self._made_by = (make, arguments)
        self._process: Any = None
        self._pipe: Any = None

    @property
    def alive(self) -> bool:
        """Whether it has been started and not ended."""
        return self._process is not None

    def ask(self, limit: float, name: str, *arguments: Any) -> Any:
        """What the method `name` answers.

        Raises:
            Failed, TooSlow: it did not end well, or not within `limit` seconds.
        """
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=serve, args=(theirs, *self._made_by), daemon=True
            )
            self._process.start()
            theirs.close()
        try:
            self._pipe.send((name, arguments))
            if not self._pipe.poll(limit):
                self.stop()
                raise TooSlow(f"over {limit:.3g} s")
            well, answer = self._pipe.recv()
        except (EOFError, OSError):
            self.stop()
            raise Failed("its process died") from None
        if not well:
            raise Failed(answer)
        return answer

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._process = None
