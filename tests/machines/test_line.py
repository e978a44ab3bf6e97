"""The line of a job: who may stand in it, whose turn is next, and that it always moves on."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from connecthub.control.runs import run_job
from connecthub.db.tables import Status
from connecthub.errors import Refused
from connecthub.schedule.overlap import OVERLAPS
from tests.integration.conftest import NOON
from tests.machines.world import ALICE, LONG, SHORT, World

PICK = st.integers(0, 7)
BACKLOG = ("catch_up", "backfill")


class Line(World):
    """One job whose runs take turns; messages come twice, for rows whose turn it is not."""

    @initialize(
        overlap=st.sampled_from([*OVERLAPS, "replace"]),
        queue_limit=st.integers(1, 2),
        catch_up=st.sampled_from(["latest", "skip", "all"]),
    )
    def begin(self, overlap: str, queue_limit: int, catch_up: str) -> None:
        self.add_job(overlap=overlap, queue_limit=queue_limit, catch_up=catch_up)
        self.kept = True
        """Whether overlap was not edited and nobody waits in turn: only then its limits hold for all that is open."""

    @rule(late=st.sampled_from([0, 0, 62, 200]))
    def next_slots(self, late: int) -> None:
        known = {row.id for row in self.rows()}
        self.clock.set(max(self.clock.now(), self.job().next_run_at + timedelta(seconds=late)))
        self.tick()
        for row in self.rows():
            if row.id not in known and row.trigger in BACKLOG:
                assert row.status in (Status.QUEUED, Status.SKIPPED), "a caught-up slot gave way as it was born"

    @rule(in_turn=st.booleans())
    def run_now(self, in_turn: bool) -> None:
        in_the_way = self.counted()
        overlap = self.job().overlap
        try:
            run_job(self.office(), ALICE, "job", in_turn=in_turn)
        except Refused:
            limit = {"skip": 0, "queue": self.job().queue_limit}[overlap]
            assert in_the_way > limit
        else:
            self.kept = self.kept and not (in_turn and overlap == "skip" and in_the_way)

    @rule()
    def backfill(self) -> None:
        run_job(self.office(), ALICE, "job", slot=NOON - timedelta(hours=1))

    @rule(pick=PICK)
    def message(self, pick: int) -> None:
        """A bell for any row that was ever there."""
        rows = self.rows()
        if not rows:
            return
        chosen = rows[pick % len(rows)]
        alone = not any(row.exclusive for row in self.open_rows(Status.RUNNING))
        first = min((row.id for row in self.open_rows(Status.QUEUED) if row.exclusive), default=None)
        free = chosen.status == Status.QUEUED and (not chosen.exclusive or (alone and chosen.id == first))
        assert (self.claim(chosen.id) is not None) == free

    @rule(pick=PICK)
    def run_ends(self, pick: int) -> None:
        if running := self.open_rows(Status.RUNNING):
            row = running[pick % len(running)]
            bells = self.end(row.id, row.token, Status.SUCCEEDED).bells
            waiting = [row.id for row in self.open_rows(Status.QUEUED) if row.exclusive]
            assert [bell.id for bell in bells] == waiting[:1], "who is next has not heard it"

    @rule(queue=st.sampled_from(["default", "heavy"]), priority=st.integers(0, 1))
    def job_moves(self, queue: str, priority: int) -> None:
        self.edit(queue=queue, priority=priority)

    @rule(overlap=st.sampled_from(OVERLAPS))
    def policy_is_edited(self, overlap: str) -> None:
        self.kept = self.kept and overlap == self.job().overlap
        self.edit(overlap=overlap)

    def counted(self) -> int:
        return sum(row.trigger not in BACKLOG for row in self.open_rows())

    @invariant()
    def no_more_stand_in_line_than_may(self) -> None:
        if not hasattr(self, "kept") or not self.kept:
            return
        job = self.job()
        waiting = [row for row in self.open_rows(Status.QUEUED) if row.trigger not in BACKLOG]
        if job.overlap == "skip":
            assert self.counted() <= 1
        elif job.overlap == "queue":
            assert self.counted() <= 1 + job.queue_limit
        elif job.overlap == "replace":
            assert len(waiting) <= 1
            running = [row for row in self.open_rows(Status.RUNNING) if row.trigger not in BACKLOG]
            assert not waiting or all(row.cancel_requested_at for row in running)

    @invariant()
    def what_waits_is_where_its_job_is(self) -> None:
        for row in self.open_rows(Status.QUEUED):
            job = self.job()
            assert (row.queue, row.priority) == (job.queue, job.priority)

    @invariant()
    def a_reason_names_a_run_that_was_in_the_way(self) -> None:
        rows = {row.id: row for row in self.rows()}
        for row in rows.values():
            if (row.reason or "").startswith(("overlap: run", "queue_full: run")):
                named = int(row.reason.split(":")[1].split()[1])
                assert named < row.id
                assert rows[named].trigger not in BACKLOG

    def at_rest(self) -> None:
        """First attempts that excluded each other ran in the order of their birth, each after the one before."""
        ran = [row for row in self.rows() if row.exclusive and row.started_at is not None]
        for before, after in pairwise(ran):
            assert before.finished_at <= after.started_at


class TestLine(Line.TestCase):
    settings = SHORT


@pytest.mark.slow
class TestLineAtLength(Line.TestCase):
    settings = LONG
