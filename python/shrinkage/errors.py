"""Errors and warnings that carry a stable code and their fields beside the English text."""

from __future__ import annotations

from typing import Any


class ShrinkageError(Exception):
    """Base of every error raised on purpose.

    Attributes:
        code: stable, language-neutral identifier such as ``"data.empty_file"``.
        fields: what the text is made of (``argument``, ``value``, ``remedy``, ``index``, ...), so
            that an application can say the same thing in another language.
    """

    def __init__(self, message: str, *, code: str = "error", **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.fields = fields

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), str(self), self.code, self.fields))


def _rebuild(
    kind: type[ShrinkageError], message: str, code: str, fields: dict[str, Any]
) -> ShrinkageError:
    return kind(message, code=code, **fields)


class InvalidArgument(ShrinkageError, ValueError):
    """An argument cannot be used; the text names it, its value and the remedy."""


class DataError(InvalidArgument):
    """A file or table cannot be read or used; nothing that was loaded before is lost."""


class NumericalError(ShrinkageError, ArithmeticError):
    """A computation left the range of floating-point numbers."""


class Cancelled(ShrinkageError):
    """A fit was stopped on request.

    Attributes:
        path: the part that was finished, or None if there is none.
    """

    path: Any = None


class ConvergenceWarning(UserWarning):
    """A fit missed its tolerance; the result says so too (``converged=False``)."""
