"""A dozen places on a run's path, each with a process that is killed, an error and a hang: the promises hold."""

from __future__ import annotations

import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connecthub.db import job_logs, tables
from connecthub.db.tables import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.schedule.cron import next_fire_time
from tests.faults.attended import Attended, is_a_plugin
from tests.faults.failpoints import FAULTS, PLACES, Fault
from tests.integration.conftest import Installation

SECONDS = 60.0
YEARLY = "0 0 1 1 *"
WITNESS = "samples.loud_witness:LoudWitness"
CATCHING_UP, FAILING, LOST = "catching-up", "failing", "lost"
RETRIES = {CATCHING_UP: 3, FAILING: 1, LOST: 3}
AT_WORK = {"beating": 1.0, "log chunk": 1.5}
"""Seconds that the lost run's retry works where it has to be met at work."""
QUICK = {
    ("embedded", "sweeping", "error"),
    ("production", "ending", "error"),
}
"""Those that every run of the tests has."""
CASES = [
    pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow, id="-".join(case).replace(" ", "-"))
    for case in product(("embedded", "production"), PLACES, FAULTS)
]


@dataclass(frozen=True)
class Seen:
    """What stands in the database at a time."""

    jobs: Sequence[AnyRow]
    rows: Sequence[AnyRow]
    alerts: Sequence[AnyRow]

    @property
    def chains(self) -> dict[int, list[AnyRow]]:
        """Each run with its retries, in order."""
        chains: dict[int, list[AnyRow]] = defaultdict(list)
        for row in self.rows:
            chains[row.root_id or row.id].append(row)
        return chains

    @property
    def open(self) -> list[AnyRow]:
        """Rows that are not final."""
        return [row for row in self.rows if row.status not in FINAL]


@pytest.mark.parametrize(("installation", "place", "fault"), CASES, indirect=["installation"])
def test_at_each_place_a_fault_loses_doubles_and_leaves_nothing(
    installation: Installation, tmp_path: Path, place: str, fault: Fault
):
    trace = tmp_path / "trace"
    trace.touch()
    due = add_jobs(installation, trace, AT_WORK.get(place, 0.1))
    with Attended(installation, place, fault) as attended:
        settle(installation, attended, due)
        started = [tuple(map(int, line.split())) for line in trace.read_text().splitlines()]
        left = [pid for _, pid in started if is_a_plugin(pid)]
        attended.stop()
    assert attended.killed == (fault == "kill")
    assert not left, "plugins outlive their rows' ends"
    seen = look(installation)
    assert not seen.open
    check_slots(seen, due)
    check_starts(seen, Counter(log_id for log_id, _ in started))
    check_chains(seen)
    check_logs(installation, seen)


def add_jobs(installation: Installation, trace: Path, seconds: float) -> dict[int, datetime]:
    """Add three jobs: one that catches up on three slots, one that fails, one whose run was lost.

    Returns the first slot that is due of each.
    """
    for name, retries in RETRIES.items():
        installation.add(
            name,
            WITNESS,
            params={"file": str(trace), "seconds": seconds if name == LOST else 0.1, "fails": name == FAILING},
            cron_expr=YEARLY,
            overlap="queue",
            catch_up="all",
            max_retries=retries,
            retry_delay=0.1,
        )
    now = datetime.now(UTC)
    set_due(installation, CATCHING_UP, datetime(now.year - 2, 1, 1, tzinfo=UTC))
    set_due(installation, FAILING, now.replace(second=0, microsecond=0))
    set_due(installation, LOST, datetime(now.year + 1, 1, 1, tzinfo=UTC))
    log_id = installation.run(LOST)
    assert job_logs.claim(installation.database, log_id, secrets.token_hex(16), "gone:1:nonce", lease=0.1)
    return {job.id: job.next_run_at for job in look(installation).jobs}


def set_due(installation: Installation, name: str, slot: datetime) -> None:
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).where(tables.jobs.c.name == name).values(next_run_at=slot))


def look(installation: Installation) -> Seen:
    with installation.database.read() as connection:
        listings = [
            connection.execute(select(table).order_by(table.c.id)).all()
            for table in (tables.jobs, tables.job_logs, tables.alert_outbox)
        ]
    return Seen(*listings)


def settle(installation: Installation, attended: Attended, due: dict[int, datetime]) -> None:
    """Wait until the place was reached, no slot is due and no row is open; on the way no final row may change."""
    give_up = time.monotonic() + SECONDS
    final: dict[int, str] = {}
    while True:
        attended.attend()
        seen = look(installation)
        for row in seen.rows:
            assert final.setdefault(row.id, row.status) == row.status, f"run {row.id} was {final[row.id]}"
            if row.status not in FINAL:
                del final[row.id]
        for chain in seen.chains.values():
            assert len([row for row in chain if row.status not in FINAL]) <= 1, "two rows of a chain are open"
        waiting = [job.name for job in seen.jobs if job.next_run_at < datetime.now(UTC)]
        if attended.reached and not waiting and not seen.open:
            return
        open_rows = [(row.id, row.job_name, row.status) for row in seen.open]
        assert time.monotonic() < give_up, f"reached: {attended.reached}, due: {waiting}, open: {open_rows}"
        time.sleep(0.1)


def check_slots(seen: Seen, due: dict[int, datetime]) -> None:
    """Each slot that was due has one row, and no other has any."""
    for job in seen.jobs:
        at, slots = due[job.id], []
        while at < job.next_run_at:
            slots.append(at)
            at = next_fire_time(job.cron_expr, job.timezone, at)
        rows = [
            row.scheduled_for for row in seen.rows if row.job_id == job.id and row.trigger in ("schedule", "catch_up")
        ]
        assert sorted(rows) == slots, job.name
        assert len(slots) == {CATCHING_UP: 3, FAILING: 1, LOST: 0}[job.name]


def check_starts(seen: Seen, started: Counter[int]) -> None:
    """No row's plugin was started twice; one that gave its outcome was started."""
    assert not [log_id for log_id, times in started.items() if times > 1], started
    told = {row.id for row in seen.rows if row.status in (Status.SUCCEEDED, Status.FAILED)}
    assert told <= set(started)


def check_chains(seen: Seen) -> None:
    """No retry was lost and none was too many; a chain that failed owes one alert, another none."""
    told = [alert for alert in seen.alerts if alert.kind == "failed"]
    owed = Counter(alert.job_log_id for alert in told)
    assert len(told) == 1
    for chain in seen.chains.values():
        last = chain[-1]
        attempts = [row.attempt for row in chain]
        what = f"{last.job_name}: {[(row.id, row.attempt, row.status, row.error) for row in chain]}"
        assert [row.retry_of for row in chain] == [None, *(row.id for row in chain[:-1])], what
        assert attempts == sorted(attempts), what
        if last.job_name == FAILING:
            assert last.status in (Status.FAILED, Status.CRASHED), what
            assert last.attempt == RETRIES[FAILING] + 1, what
        else:
            assert last.status == Status.SUCCEEDED, what
        assert [owed[row.id] for row in chain] == [*(0 for _ in chain[1:]), int(last.job_name == FAILING)], what


def check_logs(installation: Installation, seen: Seen) -> None:
    """A run whose outcome is its own has its whole log, once."""
    for row in seen.rows:
        if row.status in (Status.SUCCEEDED, Status.FAILED):
            assert installation.log(row.id).text.count("at work") == 1, row.id
