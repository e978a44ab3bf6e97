"""Jobs every minute and on demand while processes and servers are hurt at random; then the promises are counted.

    python -m tests.faults.soak --minutes 10

Its last line is the count; exit 1 where something was lost, doubled, stuck or leaked.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from connecthub.control.actor import local_actor
from connecthub.control.jobs import Office
from connecthub.control.runs import run_job
from connecthub.db import tables
from connecthub.db.types import AnyRow
from connecthub.errors import DatabaseError, Refused
from connecthub.runner.questions import PluginQuestions
from connecthub.schedule.cron import next_fire_time
from tests.bench.harness import Servers, say, wait_until
from tests.bench.installation import POSTGRES, STACKS, Installation
from tests.faults.fleet import LEASE_SECONDS, Fleet

WITNESS = "samples.witness:Witness"
POLICIES = (
    {"overlap": "allow", "max_retries": 2, "retry_delay": 1.0},
    {"overlap": "skip", "max_retries": 1, "retry_delay": 2.0},
    {"overlap": "queue", "queue_limit": 3},
    {"overlap": "replace"},
    {"overlap": "skip", "catch_up": "all"},
)
PAUSE_SECONDS = 2.0
"""Between two bad things, at the most."""
OPEN = ("queued", "running")


@dataclass
class Count:
    """What a soak found."""

    runs: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    leaked: int = 0

    @property
    def bad(self) -> bool:
        """Whether a promise was broken."""
        return any((self.lost, self.doubled, self.stuck, self.leaked))

    def __str__(self) -> str:
        found = (f"{name} {value}" for name, value in vars(self).items())
        return ", ".join(found)


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="on each stack")
    parser.add_argument("--stack", choices=STACKS, action="append", help="only this one")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what happens when")
    given = parser.parse_args()
    say(f"seed {given.seed}")
    total = Count()
    with Servers() as servers:
        for stack in given.stack or STACKS:
            found = soak(servers, stack, given.minutes, random.Random(given.seed))
            say(f"{stack}: {found}")
            for name, value in vars(found).items():
                setattr(total, name, getattr(total, name) + value)
    say(str(total))
    sys.exit(1 if total.bad else 0)


def soak(servers: Servers, stack: str, minutes: float, chance: random.Random) -> Count:
    """One stack's share."""
    with Installation(servers, stack, WITNESS, jobs=0) as installation:
        trace = installation.folder / "witness"
        trace.touch()
        jobs = [
            installation.add(
                f"job-{index}",
                WITNESS,
                "* * * * *",
                public_cfg={"file": str(trace), "seconds": index % 3},
                **POLICIES[index % len(POLICIES)],
            )
            for index in range(10)
        ]
        installation.launcher.stop()
        hurt = servers if stack == POSTGRES else None
        with Fleet(installation, chance, installation.folder / "fleet.log", hurt) as fleet:
            until = time.monotonic() + minutes * 60
            while time.monotonic() < until:
                _ask_for_a_run(installation, chance)
                if chance.random() < 0.4:
                    say(f"  {fleet.hurt()}")
                fleet.revive()
                time.sleep(chance.uniform(0, PAUSE_SECONDS))
            fleet.revive()
            wait_until(lambda: _answers(installation), "the database's return", every=0.2)
            last = _stop_scheduling(installation)
            stuck = _settle(installation, fleet)
        found = _count(installation, jobs, last, trace)
        found.kills, found.stuck = fleet.kills, stuck
        if found.bad:
            say((installation.folder / "fleet.log").read_text()[-20_000:])
        return found


def _ask_for_a_run(installation: Installation, chance: random.Random) -> None:
    questions = PluginQuestions(installation.settings, installation.launcher)
    office = Office(
        installation.database,
        installation.keys,
        questions,
        installation.ringer.ring,
        lambda: datetime.now().astimezone(),
    )
    try:
        run_job(office, local_actor(), f"job-{chance.randrange(10)}")
    except (Refused, DatabaseError):  # the overlap policy has its say; the server was just started anew
        return


def _answers(installation: Installation) -> bool:
    """Whether the database is there; what it was not there for may have left broken connections behind."""
    try:
        installation.rows(0, 0)
    except DatabaseError:
        return False
    return True


def _stop_scheduling(installation: Installation) -> dict[int, datetime]:
    """Take the jobs off the schedule; returns each one's next slot, which is not to be there."""
    with installation.database.write() as connection:
        left = {
            row.id: row.next_run_at
            for row in connection.execute(select(tables.jobs.c.id, tables.jobs.c.next_run_at).with_for_update())
        }
        connection.execute(update(tables.jobs).values(next_run_at=None))
    return left


def _settle(installation: Installation, fleet: Fleet) -> int:
    """Wait until all has ended; returns how many rows never do."""

    def is_still() -> bool:
        fleet.revive()
        return not [row for row in installation.rows() if row.status in OPEN]

    try:
        wait_until(is_still, "the end of all runs", seconds=60 + 10 * LEASE_SECONDS, every=0.5)
    except TimeoutError:
        open_rows = [row for row in installation.rows() if row.status in OPEN]
        for row in open_rows:
            say(f"  stuck: run {row.id} of {row.job_name} is {row.status}, available {row.available_at}")
        return len(open_rows)
    return 0


def _count(installation: Installation, jobs: list[AnyRow], last: dict[int, datetime], trace: Path) -> Count:
    rows = installation.rows()
    begun = [line.split() for line in trace.read_text().splitlines()]
    found = Count(runs=len(begun))
    for job in jobs:
        found.lost += len(_slots(job, last[job.id]) - _verdicts(rows, job))
    slots = Counter((row.job_id, row.scheduled_for) for row in rows if row.trigger in ("schedule", "catch_up"))
    found.doubled = sum(number - 1 for number in slots.values())
    found.doubled += sum(number - 1 for number in Counter(log_id for log_id, _ in begun).values())
    found.leaked = sum(_is_a_plugin(int(pid)) for _, pid in begun)
    return found


def _slots(job: AnyRow, end: datetime) -> set[datetime]:
    slots: set[datetime] = set()
    at = job.next_run_at
    while at < end:
        slots.add(at)
        at = next_fire_time(job.cron_expr, job.timezone, at)
    return slots


def _verdicts(rows: list[AnyRow], job: AnyRow) -> set[datetime]:
    """The slots that have their row, or stand in the range of a misfire row."""
    told: set[datetime] = set()
    for row in rows:
        if row.job_id == job.id and row.trigger in ("schedule", "catch_up"):
            told.add(row.scheduled_for)
            at = row.missed_from
            while at is not None and at < row.scheduled_for:
                told.add(at)
                at += timedelta(minutes=1)
    return told


def _is_a_plugin(pid: int) -> bool:
    try:
        return b"connecthub.runner.launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


if __name__ == "__main__":
    main()
