"""The work behind the Ensemble tab: the votes inside a trained network, counted once for each."""

from __future__ import annotations

import hashlib

from shrinkage.app.jobs import Job, Report, Work
from shrinkage.app.race import Race, Trained
from shrinkage.app.race_look import Table
from shrinkage.app.race_spec import RaceRun
from shrinkage.app.services import Services
from shrinkage.app.votes import Votes, count_votes


def voters(race: Race) -> list[int]:
    """The lanes in whose last epoch something was dropped."""
    look = race.look
    if look.epoch == 0:
        return []
    lanes = race.spec.lanes_after(look.epoch - 1)
    return [
        i
        for i, (lane, seen) in enumerate(zip(lanes, look.lanes, strict=True))
        if lane.drops(race.spec.hidden) and seen.diverged is None
    ]


def votes_key(race: Race, lane: int, epochs: int) -> str:
    """Name of the votes in a lane after so many epochs: equal ones are the same, bit by bit."""
    run = RaceRun(race.table_spec, race.spec.until(max(epochs, 1)))
    return hashlib.sha256(f"votes {lane} {run.to_json()}".encode()).hexdigest()


def submit_votes(race: Race, lane: int, services: Services, *, retry: bool = False) -> Job | None:
    """The job that counts, or has counted, the votes in a lane of a race that does not train.

    None if it does, or has not begun. A job that was stopped is started again by ``retry`` only.
    """
    job = services.ensembles.get(votes_key(race, lane, race.look.epoch))
    if job is not None and not retry:
        return job
    trained, table = race.trained(lane), race.table
    if trained is None or table is None:
        return None
    key = votes_key(race, lane, trained.epochs)
    work = _counting(trained, table, race.spec.seed)
    return services.ensembles.submit(key, work, retry=retry)


def _counting(trained: Trained, table: Table, seed: int) -> Work:
    def work(report: Report) -> Votes:
        return count_votes(trained.network, trained.lane, table, seed, report)

    return work
