"""What the machines share: an emptied database, a clock, the product's own functions, and what must always hold."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar, cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import delete, select, text

from connecthub.control.actor import Actor, Role
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office, edit_job
from connecthub.core.clock import FixedClock
from connecthub.core.config import Settings
from connecthub.db import job_logs, jobs, tables
from connecthub.db.ending import Ending
from connecthub.db.engine import Database
from connecthub.db.tables import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.tasks import dispatcher
from connecthub.tasks.endings import Ended, end_run
from connecthub.tasks.maintenance import Sweep
from tests.integration.conftest import NOON
from tests.machines.turned_clock import TurnedClock

ALICE = Actor("alice", Role.ADMIN, "test")
LEASE, BEAT = 60.0, 3.0
OPEN = (Status.QUEUED, Status.RUNNING)
NOT_OK = (Status.FAILED, Status.TIMED_OUT, Status.CRASHED, Status.CANCELLED)
ENDS = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.CRASHED)

_QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
SHORT = settings(max_examples=25, stateful_step_count=25, derandomize=True, **_QUIET)
"""The same examples each time."""
LONG = settings(max_examples=75, stateful_step_count=40, **_QUIET)
"""Others each time; what fails is printed as a test."""


class World(RuleBasedStateMachine):
    """One installation. A machine adds the rules; `settle` runs to its end what is still open."""

    database: ClassVar[Database]
    database_clock: ClassVar[TurnedClock]

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(NOON - timedelta(seconds=30))
        self.database_clock.now = self.clock.now
        self.sweep = Sweep(Settings(lease_seconds=LEASE, heartbeat_seconds=BEAT), self.clock.monotonic)
        self.bells: set[int] = set()
        self.final: dict[int, Any] = {}
        self.tokens = 0
        with self.database.write() as connection:
            for table in (tables.alert_outbox, tables.audit, tables.job_revisions, tables.job_logs, tables.jobs):
                connection.execute(delete(table))
            connection.execute(text("DELETE FROM sqlite_sequence"))

    def ring(self, rows: Any) -> None:
        """Hear bells; `flush` loses them."""
        self.bells |= {row.id for row in rows}

    def office(self) -> Office:
        """For acts on jobs that have no secrets and whose plugin nobody asks."""
        nobody = cast("Any", None)
        return Office(self.database, nobody, nobody, self.ring, self.clock.now)

    def add_job(self, name: str = "job", cron_expr: str = "* * * * *", **policy: Any) -> None:
        """Add a job whose first slot is at noon; the clock stands half a minute before it."""
        given = JobSettings(name, "samples.good:Hello", cron_expr, "UTC", **policy)
        now = self.clock.now()
        row = {**given.as_dict(), "next_run_at": NOON, "version": 1, "created_at": now, "updated_at": now}
        with self.database.write() as connection:
            jobs.insert_job(connection, row)

    def job(self, name: str = "job") -> AnyRow:
        with self.database.read() as connection:
            return cast("AnyRow", jobs.find_job(connection, name))

    def edit(self, **changes: Any) -> None:
        edit_job(self.office(), ALICE, self.job(), changes)

    def rows(self) -> list[AnyRow]:
        """All JobLogs by id."""
        with self.database.read() as connection:
            return list(connection.execute(select(tables.job_logs).order_by(tables.job_logs.c.id)))

    def open_rows(self, *statuses: Status) -> list[AnyRow]:
        return [row for row in self.rows() if row.status in (statuses or OPEN)]

    def alerts(self) -> Counter[int]:
        """How many alerts each JobLog owes."""
        with self.database.read() as connection:
            return Counter(connection.execute(select(tables.alert_outbox.c.job_log_id)).scalars())

    def tick(self) -> None:
        while dispatcher.tick(self.database, self.ring, self.clock.now()).more:
            pass

    def claim(self, log_id: int) -> AnyRow | None:
        """Try to take a row, as a worker does that heard its bell or found it."""
        self.tokens += 1
        queue = next(row.queue for row in self.rows() if row.id == log_id)
        return job_logs.claim(self.database, log_id, f"{self.tokens:032d}", "host:1:nonce", LEASE, queue)

    def waiting(self, queue: str = "default") -> list[int]:
        """What a worker of the queue finds in the database."""
        with self.database.read() as connection:
            return job_logs.next_waiting(connection, queue, 100)

    def end(self, log_id: int, token: str, status: Status, **more: Any) -> Ended:
        """Write an end and ring what may start then, as a worker does."""
        with self.database.write() as connection:
            ended = end_run(connection, log_id, token, Ending(status, "", **more))
        self.ring(ended.bells)
        return ended

    def step(self, seconds: float) -> None:
        """Step the wall clock, and with it the database's, which is the same machine's; not the monotonic one."""
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    def sweep_twice(self) -> None:
        for _ in range(2):
            self.sweep.look(self.database, self.ring)
            self.clock.advance(BEAT + LEASE / 12)

    def settle(self) -> None:
        """No new slots; then workers of the job's queue serve and the sweep sweeps until nothing is open."""
        if self.job().enabled:
            self.edit(enabled=False)
        for _ in range(200):
            queue = self.job().queue
            while found := self.waiting(queue):
                row = self.claim(found[0])
                assert row is not None, f"run {found[0]} was found to be free, but is not"
                self.end(row.id, row.token, Status.SUCCEEDED)
            if not self.open_rows():
                return
            self.clock.advance(LEASE * 4)
            self.sweep_twice()
        raise AssertionError(f"still open: {self.open_rows()}")

    def teardown(self) -> None:
        """The end of an example; one that broke off is not settled."""
        if sys.exc_info()[0] is None:
            self.settle()
            self.rows_are_sound()
            self.at_rest()

    def at_rest(self) -> None:
        """What holds when nothing is open; a machine adds to it."""

    @invariant()
    def rows_are_sound(self) -> None:
        """A final row never changes; one row per slot, one open row per chain, one running exclusive row per job."""
        rows = self.rows()
        now = {row.id: row for row in rows}
        for log_id, row in self.final.items():
            assert now[log_id] == row, f"run {log_id} was final and has changed"
        self.final = {row.id: row for row in rows if row.status in FINAL}
        for row in rows:
            assert (row.lease_until is not None) == (row.status == Status.RUNNING)
            assert (row.finished_at is not None) == (row.status in FINAL)
        slots = Counter(row.scheduled_for for row in rows if row.trigger in ("schedule", "catch_up"))
        chains = Counter(row.root_id or row.id for row in rows if row.status in OPEN)
        running = Counter(row.job_id for row in rows if row.exclusive and row.status == Status.RUNNING)
        for counted in (slots, chains, running):
            assert all(count == 1 for count in counted.values()), counted
