"""What one session remembers, and how it meets the link in the address bar."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from shrinkage.app.files import StoredFile
from shrinkage.app.spec import DEFAULT, RunSpec, decode, encode

LINK = "c"
JOB = "job"
LANGUAGE = "lang"
JOB_DIGITS = 16


@dataclass(frozen=True)
class Notice:
    """Something to tell the user once: a key of the catalog and its values, or an error."""

    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None


@dataclass
class AppState:
    """One session.

    Attributes:
        spec: the run that is wanted.
        shown: the last run whose picture was finished; it stays on the screen until the next one.
        draft: a file that was uploaded but is not in use yet.
        upload_id: the upload that was taken up last, so that a rerun does not take it up again.
        notice: told once, on the next drawing.
        written: what this session last wrote to, or read from, the address bar.
    """

    spec: RunSpec = DEFAULT
    shown: RunSpec | None = None
    draft: StoredFile | None = None
    upload_id: str | None = None
    notice: Notice | None = None
    written: tuple[str | None, str | None] = (None, None)

    def want(self, spec: RunSpec) -> None:
        """Ask for another run."""
        self.spec = spec
        self.notice = None

    def follow_link(self, link: str) -> None:
        """Take over what the board keeps the same; it changes no fit, only the address."""
        self.spec = self.spec.but(link=link)
        if self.shown is not None:
            self.shown = self.shown.but(link=link)

    def back(self) -> None:
        """Ask for what is still on the screen."""
        if self.shown is not None:
            self.want(self.shown)


def read_address(
    state: AppState,
    query: MutableMapping[str, str],
    find_spec: Callable[[str], RunSpec | None],
) -> None:
    """Take up a link that this session did not write itself.

    ``find_spec(prefix)`` looks a job key up where the link was too long to spell out.
    """
    link, job = query.get(LINK), query.get(JOB)
    if (link, job) == state.written:
        return
    state.written = (link, job)
    if link is None and job is None:
        state.want(DEFAULT)
        return
    try:
        spec = decode(link) if link is not None else find_spec(job or "")
    except ValueError:
        spec = None
    if spec is None:
        state.notice = Notice("link.damaged")
    else:
        state.want(spec)


def write_address(state: AppState, query: MutableMapping[str, str]) -> None:
    """Put the wanted run into the address bar, so that a refresh and a shared link find it."""
    link = encode(state.spec)
    too_long = link is None and state.spec != DEFAULT
    job = state.spec.key()[:JOB_DIGITS] if too_long else None
    for name, value in ((LINK, link), (JOB, job)):
        if value is None:
            query.pop(name, None)
        elif query.get(name) != value:
            query[name] = value
    state.written = (link, job)
