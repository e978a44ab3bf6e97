"""Workers as the machines have them: real heartbeats and held runs, and a plugin that is a name only."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import invariant

from connecthub.control.runs import run_job
from connecthub.db import leases
from connecthub.db.tables import Status
from connecthub.tasks.held_runs import HeldRuns
from tests.machines.world import ALICE, BEAT, LEASE, World


class Worker:
    """A worker process: what it holds, and whether it goes on."""

    def __init__(self, world: World) -> None:
        self.held = HeldRuns(LEASE, world.clock.monotonic)
        self.runs: dict[str, int] = {}
        """Token → JobLog of the runs whose plugin it looks after."""
        self.frozen = False


class WorkersWorld(World):
    """Two workers on one job of which several runs may go on; a machine adds the rules."""

    def hire(self, **policy: Any) -> None:
        self.add_job(overlap="allow", enabled=False, retry_delay=0.0, **policy)
        self.workers = [Worker(self), Worker(self)]
        self.ended_by: dict[int, str] = {}

    def run_now(self) -> int:
        return run_job(self.office(), ALICE, "job").id

    def take(self, worker: Worker, log_id: int) -> None:
        """Claim it, which succeeds where it is queued and its time has come."""
        free = [row.id for row in self.open_rows(Status.QUEUED) if row.available_at <= self.clock.now()]
        row = self.claim(log_id)
        assert (row is not None) == (log_id in free)
        if row is not None:
            worker.held.add(row.token, self.clock.monotonic())
            worker.runs[row.token] = row.id

    def finish(self, worker: Worker, token: str, status: Status) -> bool:
        """Write an end; says whether it was still the worker's to write."""
        log_id = worker.runs.pop(token)
        worker.held.remove(token)
        written = self.end(log_id, token, status).written
        if written:
            assert log_id not in self.ended_by, f"run {log_id} ended twice"
            self.ended_by[log_id] = token
        return written

    def beat(self, worker: Worker) -> None:
        """What supervisor threads and heartbeat of a worker do in turn."""
        for token in worker.runs:
            worker.held.stamp(token)
        asked, sent_at = worker.held.tokens(), self.clock.monotonic()
        with self.database.write() as connection:
            owned = leases.extend(connection, asked, LEASE)
        worker.held.beaten(asked, owned, sent_at)
        for token in list(worker.runs):
            if (stop := worker.held.stop_of(token)) is not None:
                self.finish(worker, token, Status(stop.status))

    def let_pass(self, seconds: float) -> None:
        """Time passes, and whoever is not frozen beats all the while."""
        while seconds > 0:
            self.clock.advance(min(BEAT, seconds))
            seconds -= BEAT
            for worker in self.workers:
                if worker.runs and not worker.frozen:
                    self.beat(worker)

    def settle(self) -> None:
        self.workers = [Worker(self), Worker(self)]
        super().settle()

    @invariant()
    def live_workers_own_what_they_hold(self) -> None:
        running = {row.token for row in self.open_rows(Status.RUNNING)}
        for worker in getattr(self, "workers", []):
            if not worker.frozen:
                assert worker.runs.keys() <= running

    def at_rest(self) -> None:
        """Who ended a run held it."""
        for row in self.rows():
            if row.id in self.ended_by:
                assert row.token == self.ended_by[row.id]
