"""What one session remembers, and how it meets the link in the address bar."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from shrinkage.app.files import StoredFile
from shrinkage.app.race_spec import DEFAULT_RACE, RaceRun, RaceSpec, decode_race, encode_race
from shrinkage.app.spec import DEFAULT, RunSpec, decode, encode

LINK = "c"
JOB = "job"
SCREEN = "screen"
RACE = "n"
RACE_NAME = "race"
VIEW = "view"
ADDRESS = (LINK, JOB, SCREEN, RACE, RACE_NAME, VIEW)
SCREENS = ("linear", "network")
VIEWS = ("train", "ensemble")
LANGUAGE = "lang"
TABLE_FIELDS = ("data", "target", "task")
JOB_DIGITS = 16
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


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
        screen: one of SCREENS.
        view: of the Network screen, one of VIEWS.
        spec: the run that is wanted; its data are those of every screen.
        shown: the last run whose picture was finished; it stays on the screen until the next one.
        race: the race that is wanted on the Network screen.
        race_name: name of the race on the screen, or None before the first.
        language: the one that was chosen, in the page or by the link; None is the browser's.
        full_speed: whether races run as fast as the machine can.
        draft: a file that was uploaded but is not in use yet.
        notice: told once, on the next drawing.
        heard: the trouble with the history that was told last.
        told: what the last drawing told; a drawing that nobody asked for tells it again.
        asked: whether a person asked for what is wanted, and not a link alone.
        written: what this session last wrote to, or read from, the address bar.
    """

    screen: str = SCREENS[0]
    view: str = VIEWS[0]
    spec: RunSpec = DEFAULT
    shown: RunSpec | None = None
    race: RaceSpec = DEFAULT_RACE
    race_name: str | None = None
    language: str | None = None
    full_speed: bool = False
    draft: StoredFile | None = None
    notice: Notice | None = None
    told: Notice | None = None
    heard: object = None
    asked: bool = False
    written: tuple[str | None, ...] = (None,) * len(ADDRESS)

    def want(self, spec: RunSpec) -> None:
        """Ask for another run."""
        self.spec = spec
        self.notice = None
        self.asked = True

    def ask(self) -> None:
        """Have what a link wants begin, whatever it takes."""
        self.asked = True

    def wanted_of(self, shown: RunSpec) -> RunSpec:
        """What is wanted of the data on the screen, with changes whose picture is still to come."""
        same = all(getattr(shown, name) == getattr(self.spec, name) for name in TABLE_FIELDS)
        return self.spec if same else shown

    def follow_link(self, link: str) -> None:
        """Take over what the board keeps the same; it changes no fit, only the address."""
        self.spec = self.spec.but(link=link)
        if self.shown is not None:
            self.shown = self.shown.but(link=link)

    def want_race(self, race: RaceSpec) -> None:
        """Ask for another race."""
        self.race = race
        self.asked = True

    def open_race(self, name: str, run: RaceRun) -> None:
        """Ask for a race of the history."""
        self.want(run.table)
        self.want_race(run.race)
        self.screen, self.view, self.race_name = "network", VIEWS[0], name

    def back(self) -> None:
        """Ask for what is still on the screen."""
        if self.shown is not None:
            self.want(self.shown)


def read_address(
    state: AppState,
    query: MutableMapping[str, str],
    find_spec: Callable[[str], RunSpec | None],
    find_race: Callable[[str], RaceRun | None] = lambda _: None,
) -> None:
    """Take up a link that a person opened, unless this session wrote it itself.

    ``find_spec(prefix)`` looks a job key up where the link was too long to spell out,
    ``find_race(name)`` a race.
    """
    given = tuple(query.get(name) for name in ADDRESS)
    if given == state.written:
        return
    state.written = given
    link, job, screen, race, name, view = given
    state.screen = screen if screen in SCREENS else SCREENS[0]
    state.view = view if view in VIEWS else VIEWS[0]
    try:
        spec = DEFAULT
        if link is not None or job is not None:
            found = decode(link) if link is not None else find_spec(job or "")
            spec = _known(found)
        if state.screen == "network":
            state.want_race(_race_of(race, name, find_race))
            state.race_name = name if name and _NAME.fullmatch(name) else None
    except ValueError:
        state.notice = Notice("link.damaged")
    else:
        state.want(spec)
    state.asked = False


def _race_of(
    link: str | None, name: str | None, find_race: Callable[[str], RaceRun | None]
) -> RaceSpec:
    """The race that the link spells out, else the one of this name, else the default."""
    if link is not None:
        return decode_race(link)
    run = find_race(name) if name is not None else None
    return DEFAULT_RACE if run is None else run.race


def _known(spec: RunSpec | None) -> RunSpec:
    if spec is None:
        raise ValueError("no such run")
    return spec


def write_address(state: AppState, query: MutableMapping[str, str]) -> None:
    """Put the wanted run into the address bar, so that a refresh and a shared link find it."""
    link = encode(state.spec)
    too_long = link is None and state.spec != DEFAULT
    network = state.screen == "network"
    values = {
        LINK: link,
        JOB: state.spec.key()[:JOB_DIGITS] if too_long else None,
        SCREEN: state.screen if network else None,
        RACE: encode_race(state.race) if network else None,
        RACE_NAME: state.race_name if network else None,
        VIEW: state.view if network and state.view != VIEWS[0] else None,
    }
    for name, value in values.items():
        if value is None:
            query.pop(name, None)
        elif query.get(name) != value:
            query[name] = value
    if state.language is not None and query.get(LANGUAGE) != state.language:
        query[LANGUAGE] = state.language
    state.written = tuple(values.values())
