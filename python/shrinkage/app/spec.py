"""What a run is: a frozen, hashable, language-neutral description, and its form in a link.

Nothing here knows Streamlit, a screen or the text that a user reads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from shrinkage.losses import LOSSES, Loss

VERSION = "v1"
MAX_LINK = 1500
MAX_DECODED = 20_000
MAX_WORDS = 10_000
SAMPLE_PREFIX = "sample:"
FILE_PREFIX = "sha256:"

TASKS = ("regression", "classification")
LINKS = ("df", "best", "1se", "textbook")
LOSS_OF_TASK = {"regression": "squared", "classification": "logistic"}
OPTIONAL: dict[str, type] = {"target": str, "event": str, "loss": str, "parameter": float}


@dataclass(frozen=True)
class RunSpec:
    """One comparison of L1 and L2 on one table.

    Attributes:
        data: ``sample:<name>`` for built-in data, ``sha256:<64 hex digits>`` for a file.
        target: column to predict; None means the sample's own.
        task: ``regression`` or ``classification``.
        loss: name of the loss; None means the task's customary one, squared or logistic.
        parameter: of the loss, δ of huber or q of quantile; None means its default.
        event: with more than two classes, the class that is held against the rest.
        standardize: penalize columns scaled to unit standard deviation.
        undo: preparation steps the user took back, sorted.
        words: words of a text column that become columns, at most.
        cv: number of folds.
        test: hold back a quarter of the rows.
        seed: of the folds and of the test rows.
        link: what keeps the two λ together on the board; it does not change a fit. "1se" opens at
            the λ that the sentence speaks of, each penalty at its own.
    """

    data: str = "sample:diabetes"
    target: str | None = None
    task: str = "regression"
    loss: str | None = None
    parameter: float | None = None
    event: str | None = None
    standardize: bool = True
    undo: tuple[str, ...] = ()
    words: int = 500
    cv: int = 10
    test: bool = False
    seed: int = 1
    link: str = "1se"

    def __post_init__(self) -> None:
        """Refuse what no screen can produce; a link is user input."""
        if not self.data.startswith((SAMPLE_PREFIX, FILE_PREFIX)):
            raise ValueError(f"data = {self.data!r}: expected sample:<name> or sha256:<digest>")
        if self.task not in TASKS:
            raise ValueError(f"task = {self.task!r}: expected one of {TASKS}")
        if self.link not in LINKS:
            raise ValueError(f"link = {self.link!r}: expected one of {LINKS}")
        if not 2 <= self.cv <= 50:
            raise ValueError(f"cv = {self.cv}: expected 2 to 50 folds")
        if not 1 <= self.words <= MAX_WORDS:
            raise ValueError(f"words = {self.words}: expected 1 to {MAX_WORDS}")
        self._check_loss()
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed = {self.seed}: expected 0 to 2**63 - 1")

    def _check_loss(self) -> None:
        """A loss of this task with a parameter that it takes."""
        kind = LOSSES.get(self.loss_name)
        if kind is None or kind.task != self.task:
            raise ValueError(f"loss = {self.loss!r}: expected one for {self.task}")
        if self.parameter is None:
            return
        if not fields(kind):
            raise ValueError(f"parameter = {self.parameter}: {self.loss_name} takes none")
        kind(self.parameter)  # type: ignore[call-arg]

    @property
    def loss_name(self) -> str:
        """Name of the chosen loss, or of the one that the task implies."""
        return self.loss or LOSS_OF_TASK[self.task]

    def chosen_loss(self) -> Loss:
        """The loss with its parameter."""
        kind = LOSSES[self.loss_name]
        return kind() if self.parameter is None else kind(self.parameter)  # type: ignore[call-arg]

    def with_loss(self, name: str, parameter: float | None = None) -> RunSpec:
        """A copy with this loss; the task's own is not spelled out, so that it keeps its key."""
        own = name == LOSS_OF_TASK[self.task] and parameter is None
        return self.but(loss=None if own else name, parameter=parameter)

    @property
    def sample(self) -> str | None:
        """Name of the built-in sample, or None for a file."""
        return self.data.removeprefix(SAMPLE_PREFIX) if self.is_sample else None

    @property
    def is_sample(self) -> bool:
        """Whether the data ship with the package."""
        return self.data.startswith(SAMPLE_PREFIX)

    @property
    def digest(self) -> str | None:
        """SHA-256 of the file in hexadecimal digits, or None for a sample."""
        return None if self.is_sample else self.data.removeprefix(FILE_PREFIX)

    def key(self) -> str:
        """SHA-256 over everything that changes the fit; equal keys share one job."""
        content = asdict(self)
        del content["link"]
        # Runs from before these could be chosen keep their key.
        for name in ("loss", "parameter", "words"):
            if content[name] == getattr(DEFAULT, name):
                del content[name]
        return hashlib.sha256(canonical(content)).hexdigest()

    def to_json(self) -> str:
        """Canonical JSON, the form stored in the history."""
        return canonical(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Inverse of :meth:`to_json`. Raises ValueError on anything else."""
        return run_spec(json.loads(text))

    def but(self, **changes: Any) -> RunSpec:
        """A copy with these fields changed."""
        return replace(self, **changes)


DEFAULT = RunSpec()


def encode(spec: RunSpec) -> str | None:
    """Link form of what differs from the defaults.

    None if nothing differs, or if the link would exceed 1500 characters.
    """
    changed = {k: v for k, v in asdict(spec).items() if v != getattr(DEFAULT, k)}
    return pack(changed) if changed else None


def decode(text: str) -> RunSpec:
    """Inverse of :func:`encode`. Raises ValueError on an unknown version or a damaged link."""
    return run_spec(unpack(text))


def pack(content: Any) -> str | None:
    """JSON content as ``v1.<base64url(zlib(json))>``; None beyond 1500 characters."""
    packed = base64.urlsafe_b64encode(zlib.compress(canonical(content), 9)).decode().rstrip("=")
    text = f"{VERSION}.{packed}"
    return text if len(text) <= MAX_LINK else None


def unpack(text: str) -> Any:
    """Inverse of :func:`pack`. Raises ValueError on anything else."""
    version, _, packed = text.partition(".")
    if version != VERSION or not packed or len(text) > MAX_LINK:
        raise ValueError("not a link of this version")
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj()
        body = inflater.decompress(raw, MAX_DECODED)
        if not inflater.eof:
            raise ValueError("damaged link")
        return json.loads(body)
    except (binascii.Error, zlib.error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("damaged link") from error


def canonical(content: Any) -> bytes:
    """JSON in one form only, so that equal content gives equal bytes."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def run_spec(content: Any) -> RunSpec:
    """RunSpec from decoded JSON, every field checked for its type."""
    if not isinstance(content, dict):
        raise ValueError("expected an object")
    known = {f.name for f in fields(RunSpec)}
    if unknown := sorted(set(content) - known):
        raise ValueError(f"unknown fields {unknown}")
    values = dict(content)
    if "undo" in values:
        steps = values["undo"]
        if not isinstance(steps, list) or not all(isinstance(s, str) for s in steps):
            raise ValueError("undo: expected a list of texts")
        values["undo"] = tuple(sorted(steps))
    for name, value in values.items():
        _check_type(name, value)
    return RunSpec(**values)


def _check_type(name: str, value: Any) -> None:
    default = getattr(DEFAULT, name)
    expected = OPTIONAL.get(name, type(default))
    # bool is an int for isinstance, so the types are compared exactly.
    if type(value) is not expected and not (default is None and value is None):
        raise ValueError(f"{name}: expected {expected.__name__}, got {type(value).__name__}")
