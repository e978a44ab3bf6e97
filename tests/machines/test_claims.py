"""Claims and ends: messages that come twice, late or never, ends that are written twice or by strangers."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from connecthub.control.cancelling import cancel_log
from connecthub.db.tables import FINAL, Status
from connecthub.errors import Refused
from connecthub.tasks.maintenance import ring_due
from tests.machines.workers import WorkersWorld
from tests.machines.world import ALICE, ENDS, LONG, SHORT

WORKERS = st.integers(0, 1)
PICK = st.integers(0, 7)


class Claims(WorkersWorld):
    """A row is claimed once, ended once, by who claimed it; no message is needed for it."""

    @initialize(retries=st.integers(0, 1))
    def begin(self, retries: int) -> None:
        self.hire(max_retries=retries)
        self.messages: list[int] = []

    @rule()
    def queue_a_run(self) -> None:
        self.run_now()
        self.messages = sorted({*self.messages, *self.bells})

    @rule(worker=WORKERS, pick=PICK)
    def message(self, worker: int, pick: int) -> None:
        """It stays, as one that is doubled: also of what runs or has ended."""
        if self.messages:
            self.take(self.workers[worker], self.messages[pick % len(self.messages)])

    @rule()
    def messages_are_lost(self) -> None:
        self.bells.clear()
        self.messages = []

    @rule(worker=WORKERS)
    def idle_worker_looks(self, worker: int) -> None:
        if found := self.waiting():
            self.take(self.workers[worker], found[0])

    @rule(seconds=st.sampled_from([1, 61]))
    def time_passes_and_what_waits_is_rung(self, seconds: int) -> None:
        """A minute after its birth the bell of a row is due again, whatever became of the first."""
        self.let_pass(seconds)
        due = {row.id for row in self.open_rows(Status.QUEUED) if row.ring_at <= self.clock.now()}
        self.bells.clear()
        ring_due(self.database, self.ring)
        assert self.bells == due
        self.messages = sorted({*self.messages, *self.bells})

    @rule(worker=WORKERS, pick=PICK, status=st.sampled_from(ENDS), again=st.sampled_from(ENDS))
    def run_ends(self, worker: int, pick: int, status: Status, again: Status) -> None:
        """And its end is written once more: the reply was lost."""
        of = self.workers[worker]
        if of.runs:
            token = sorted(of.runs)[pick % len(of.runs)]
            log_id = of.runs[token]
            assert self.finish(of, token, status), "a live worker's end was not written"
            assert not self.end(log_id, token, again).written, "its end was written twice"

    @rule(pick=PICK, status=st.sampled_from(ENDS))
    def stranger_writes_an_end(self, pick: int, status: Status) -> None:
        if rows := self.rows():
            assert not self.end(rows[pick % len(rows)].id, "stranger", status).written

    @rule(pick=PICK)
    def person_cancels(self, pick: int) -> None:
        if rows := self.rows():
            row = rows[pick % len(rows)]
            try:
                cancel_log(self.database, self.ring, ALICE, row.id)
            except Refused:
                assert row.status in FINAL


class TestClaims(Claims.TestCase):
    settings = SHORT


@pytest.mark.slow
class TestClaimsAtLength(Claims.TestCase):
    settings = LONG
