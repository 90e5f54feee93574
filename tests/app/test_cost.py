"""What a fit is expected to take is known before it begins, well enough to let small ones pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shrinkage.app import cost
from shrinkage.app.cost import linear_cost, race_cost, reading_seconds
from shrinkage.app.jobs import SMALL_SECONDS, Cost
from shrinkage.app.loading import submit_reading
from shrinkage.app.race import Race, Races
from shrinkage.app.race_spec import LANES, RaceSpec, encode_race
from shrinkage.app.races import race_for, race_table
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX, encode
from shrinkage.app.state import AppState, read_address
from shrinkage.app.views.progress import cost_words
from shrinkage.app.views.text import Translator
from shrinkage.losses import LOSSES

from .conftest import Screen


def table(rows: int, columns: int) -> bytes:
    cells = np.arange(rows * columns).reshape(rows, columns) % 97
    head = ",".join(f"x{j}" for j in range(columns))
    return "\n".join([head, *(",".join(map(str, row)) for row in cells)]).encode()


@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize(("rows", "small"), [(178, True), (54_000, False)])
def test_a_small_fit_is_told_from_a_large_one(
    shared: Services, rows: int, small: bool, read: bool
) -> None:
    file = shared.shelf.save("a.csv", table(rows, 13))
    if read:
        assert submit_reading(file, shared).wait(60)
    spec = DEFAULT.but(data=FILE_PREFIX + file.digest, target="x1")
    assert (linear_cost(spec, shared).seconds <= SMALL_SECONDS) is small


def test_samples_are_small_and_what_is_not_here_is_unknown(shared: Services) -> None:
    assert linear_cost(DEFAULT, shared).seconds < 0.2
    assert linear_cost(DEFAULT.but(data=FILE_PREFIX + "0" * 64), shared).seconds == math.inf


def test_folds_and_bytes_count(shared: Services) -> None:
    ten, twenty = (linear_cost(DEFAULT.but(cv=cv), shared).seconds for cv in (10, 21))
    assert twenty == pytest.approx(2 * ten)
    assert reading_seconds(10**9) > SMALL_SECONDS > reading_seconds(10**6)


# Seconds of one core that both paths and their cross-validation took, measured on normal data.
FITS = [
    (442, 10, "squared", 0.064),
    (5000, 10, "squared", 0.305),
    (50_000, 10, "squared", 2.85),
    (1000, 100, "squared", 0.44),
    (5000, 200, "squared", 0.67),
    (200, 1000, "squared", 1.65),
    (70, 4000, "squared", 0.83),
    (1500, 800, "squared", 8.0),
    (442, 10, "logistic", 0.24),
    (5000, 10, "logistic", 1.6),
    (50_000, 10, "logistic", 24.2),
    (1000, 100, "logistic", 0.72),
    (5000, 200, "logistic", 6.4),
    (200, 1000, "logistic", 1.4),
    (70, 4000, "logistic", 1.35),
    (1500, 800, "logistic", 37.1),
    (442, 10, "poisson", 0.22),
    (5000, 10, "poisson", 1.35),
    (200, 1000, "poisson", 1.5),
    (1000, 100, "gamma", 0.6),
    (5000, 10, "huber", 1.08),
    (5000, 10, "squared_hinge", 0.75),
    (442, 10, "quantile", 2.0),
    (1000, 100, "quantile", 9.3),
    (200, 1000, "quantile", 11.8),
]
# Rows, columns, hidden layers, batch, lanes, epochs and the seconds of one core that they took.
RACES = [
    (442, 10, (64, 64), 32, 4, 200, 0.595),
    (442, 10, (64, 64), 1, 4, 20, 0.314),
    (20_000, 10, (64, 64), 32, 4, 5, 0.271),
    (1797, 64, (256, 256), 32, 4, 10, 0.696),
    (1797, 64, (1024, 1024), 32, 4, 2, 2.48),
    (1797, 64, (1024, 1024), 512, 4, 4, 2.83),
    (400, 4000, (64,), 32, 4, 10, 0.573),
    (200, 10, (1024,) * 4, 1, 2, 1, 2.74),
    (442, 10, (8,), 32, 4, 200, 0.094),
    (442, 10, (), 32, 4, 200, 0.086),
]


@pytest.mark.parametrize(("rows", "columns", "loss", "seconds"), FITS)
def test_fits_take_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, rows: int, columns: int, loss: str, seconds: float
) -> None:
    monkeypatch.setattr(cost, "_shape", lambda *_: (float(rows), float(columns)))
    spec = DEFAULT.but(task=LOSSES[loss].task).with_loss(loss)
    assert seconds / 3 < linear_cost(spec, None).seconds < 3 * seconds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "columns", "hidden", "batch", "lanes", "epochs", "seconds"), RACES
)
def test_races_take_what_is_expected(
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    columns: int,
    hidden: tuple[int, ...],
    batch: int,
    lanes: int,
    epochs: int,
    seconds: float,
) -> None:
    monkeypatch.setattr(cost, "_shape", lambda *_: (float(rows), float(columns)))
    race = RaceSpec(lanes=LANES[:lanes], hidden=hidden, batch_size=batch, epochs=epochs)
    expected = race_cost(race, DEFAULT, None).seconds  # type: ignore[arg-type]
    assert seconds / 3 < expected < 3 * seconds


COSTLY = RaceSpec(hidden=(1024,) * 4, batch_size=1, epochs=100_000)


def test_a_costly_race_of_a_link_waits_for_a_click(shared: Services) -> None:
    link = encode_race(COSTLY)
    screen = Screen(shared, screen="network", n=link)
    assert not shared.trainings.jobs()
    words = cost_words(race_cost(COSTLY, DEFAULT, shared), Translator("en"))
    assert screen.t("cost.race", **words) in screen.texts
    assert "days" in screen.texts
    # What a person asks for begins, and gives its place back.
    screen.widget("button", "race_train").click()
    screen.at.run()
    (job,) = shared.trainings.jobs()
    job.stop()
    assert job.wait(30)


def test_forty_links_at_once_start_nothing(shared: Services) -> None:
    links = [encode_race(COSTLY.but(seed=seed)) for seed in range(40)]
    for seed, link in enumerate(links):
        state = AppState()
        read_address(state, {"screen": "network", "n": link or ""}, lambda _: None)
        assert not state.asked and state.race.seed == seed
        race_for(None, state.spec, state.race, shared, asked=state.asked)
    assert not shared.trainings.jobs()


def test_a_cheap_race_of_a_link_and_the_preset_begin(shared: Services) -> None:
    cheap = encode_race(RaceSpec(hidden=(8,), epochs=20))
    Screen(shared, screen="network", n=cheap)
    assert len(shared.trainings.jobs()) == 1


def test_costly_fits_of_a_link_wait_and_a_persons_begin(
    shared: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "_shape", lambda *_: (5e5, 100.0))
    link = encode(DEFAULT.but(cv=7))
    screen = Screen(shared, c=link)
    assert not shared.fits.jobs()
    words = cost_words(linear_cost(DEFAULT.but(cv=7), shared), Translator("en"))
    assert words["memory"] == "2,000 MB"
    assert screen.t("cost.fit", name=screen.t("sample.diabetes"), **words) in screen.texts
    screen.click("fit_begin")
    assert len(shared.fits.jobs()) == 1
    assert screen.board["sides"]
    # Its result is at hand now: the same link needs no click.
    assert Screen(shared, c=link).board["sides"]


def test_a_link_to_a_file_that_is_not_here_says_so(shared: Services) -> None:
    screen = Screen(shared, c=encode(DEFAULT.but(data=FILE_PREFIX + "0" * 64, target="y")))
    assert screen.errors


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"),
        (1.4, "1 second"),
        (14.0, "10 seconds"),
        (89.0, "90 seconds"),
        (90.0, "2 minutes"),
        (5399.0, "90 minutes"),
        (5400.0, "2 hours"),
        (172_800.0, "2 days"),
        (6e5, "7 days"),
        (math.inf, "an unknown amount"),
    ],
)
def test_what_work_takes_is_told_in_one_digit(seconds: float, said: str) -> None:
    assert cost_words(Cost(seconds, 1e6), Translator("en"))["seconds"] == said


def test_stopped_races_leave_when_they_hold_much(shared: Services) -> None:
    races = Races(keep=6, max_bytes=2.5e6)
    for seed in range(5):
        race = Race(f"r{seed}", DEFAULT, RaceSpec(hidden=(64, 64), epochs=1, seed=seed))
        race.train(lambda: race_table(DEFAULT, shared, lambda _: False), lambda _: False)
        assert race.bytes > 4 * 64 * 64 * 32
        races.add(race)
    kept = [seed for seed in range(5) if races.get(f"r{seed}") is not None]
    assert kept[-1] == 4 and 1 <= len(kept) < 5
    # A job that is over keeps nothing of its work.
    assert shared.trainings.jobs() == []
