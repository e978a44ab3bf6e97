"""Leases: workers that freeze, die and come back late, a sweep, and a clock that jumps."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from connecthub.db.tables import Status
from tests.machines.workers import Worker, WorkersWorld
from tests.machines.world import BEAT, LEASE, LONG, SHORT

WORKERS = st.integers(0, 1)
SWEEP_WAIT = BEAT + LEASE / 12


class Leases(WorkersWorld):
    """A live worker never loses a run; a lost one's plugin is dead before the run is over."""

    @initialize(retries=st.integers(0, 1))
    def begin(self, retries: int) -> None:
        self.hire(max_retries=retries)
        self.stepped = False
        """Whether the clock was stepped since all leases were renewed: then a lease says less than it should."""

    @rule()
    def each_worker_starts_a_run(self) -> None:
        for worker in self.workers:
            if not worker.frozen:
                self.take(worker, self.run_now())

    @rule(seconds=st.sampled_from([1, SWEEP_WAIT, 70]))
    def time_passes(self, seconds: float) -> None:
        self.let_pass(seconds)

    def let_pass(self, seconds: float) -> None:
        super().let_pass(seconds)
        self.stepped = self.stepped and any(worker.frozen for worker in self.workers)

    @rule(seconds=st.sampled_from([-3600, 61, 3600]))
    def clock_is_stepped(self, seconds: int) -> None:
        """Both the scheduler's and the database's: they are one machine's."""
        self.step(seconds)
        self.stepped = True

    @rule(again_after=st.sampled_from([1, SWEEP_WAIT, SWEEP_WAIT]), stepped_by=st.sampled_from([0, 0, 3600]))
    def sweep_looks_twice(self, again_after: float, stepped_by: int) -> None:
        for pause in (again_after, 0):
            before = [row for row in self.rows() if row.status == Status.RUNNING]
            self.sweep.look(self.database, self.ring)
            ended = [row.token for row in before if row.id not in {row.id for row in self.open_rows()}]
            for token in ended:
                self.was_taken_for_lost(token)
            self.let_pass(pause)
            if pause and stepped_by:
                self.clock_is_stepped(stepped_by)

    def was_taken_for_lost(self, token: str) -> None:
        for worker in self.workers:
            if token in worker.runs:
                assert worker.frozen, "a live worker's run was taken for lost"
                assert self.stepped or worker.held.lease_left(token) <= 0, "its plugin may still be alive"

    @rule(worker=WORKERS, seconds=st.sampled_from([1, 40, 70]))
    def worker_freezes(self, worker: int, seconds: int) -> None:
        """For so long at least."""
        self.workers[worker].frozen = True
        self.let_pass(seconds)

    @rule(worker=WORKERS, late=st.booleans(), status=st.sampled_from([Status.SUCCEEDED, Status.FAILED]))
    def worker_thaws(self, worker: int, late: bool, status: Status) -> None:
        """With `late` it writes the ends that it was about to write; they count where it still holds the runs."""
        of = self.workers[worker]
        if of.frozen:
            of.frozen = False
            mine = {row.token for row in self.open_rows(Status.RUNNING)}
            for token in list(of.runs) if late else []:
                assert self.finish(of, token, status) == (token in mine)
            self.beat(of)

    @rule(worker=WORKERS)
    def worker_is_killed(self, worker: int) -> None:
        """Its plugins go with it; another takes its place."""
        self.workers[worker] = Worker(self)


class TestLeases(Leases.TestCase):
    settings = settings(SHORT, max_examples=40)


@pytest.mark.slow
class TestLeasesAtLength(Leases.TestCase):
    settings = LONG
