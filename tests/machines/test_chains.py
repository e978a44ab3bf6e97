"""Chains: a run and its retries, by policy and by persons; each close owes one alert, unless a person wanted it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from connecthub.control.cancelling import cancel_log
from connecthub.control.runs import retry_log, run_job
from connecthub.db.tables import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.errors import Refused
from connecthub.schedule.overlap import OVERLAPS
from connecthub.tasks.decisions import SUPERSEDED
from tests.machines.world import ALICE, ENDS, LONG, NOT_OK, SHORT, World

PICK = st.integers(0, 7)
OF_A_SLOT = ("schedule", "catch_up")
DELAY = 90.0
"""Seconds that a retry waits: longer than to the next slot."""


class Chains(World):
    """One job with retries, its slots, and runs now, and a worker that is never lost."""

    @initialize(
        overlap=st.sampled_from(OVERLAPS),
        catch_up=st.sampled_from(["latest", "latest", "all"]),
        retries=st.integers(0, 2),
        delay=st.sampled_from([0.0, DELAY]),
    )
    def begin(self, overlap: str, catch_up: str, retries: int, delay: float) -> None:
        self.add_job(overlap=overlap, catch_up=catch_up, max_retries=retries, retry_delay=delay, retry_backoff=1.0)

    @rule(late=st.sampled_from([0, 62]))
    def next_slot(self, late: int) -> None:
        """Two come at once where the scheduler is late."""
        self.clock.set(max(self.clock.now(), self.job().next_run_at + timedelta(seconds=late)))
        self.tick()

    @rule()
    def worker_claims(self) -> None:
        if found := self.waiting():
            assert self.claim(found[0]) is not None

    @rule(pick=PICK, status=st.sampled_from(ENDS), never_started=st.sampled_from([False, False, True]))
    def run_ends(self, pick: int, status: Status, never_started: bool) -> None:
        if running := self.open_rows(Status.RUNNING):
            row = running[pick % len(running)]
            if row.cancel_requested_at and status != Status.SUCCEEDED:
                status = Status.CANCELLED
            later = [new.id for new in self.open_rows(Status.QUEUED) if new.id > row.id and new.trigger in OF_A_SLOT]
            assert self.end(row.id, row.token, status, never_started=never_started).written
            tries = [new for new in self.rows() if new.retry_of == row.id and new.requested_by is None]
            if later and not self.every_slot_counts():
                assert all(new.attempt == row.attempt for new in tries), f"slot {later} waits, and run {row.id} again"

    @rule(never_started=st.booleans())
    def a_run_fails(self, never_started: bool) -> None:
        self.worker_claims()
        self.run_ends(0, Status.FAILED, never_started)

    @rule(in_turn=st.booleans())
    def run_now(self, in_turn: bool) -> None:
        try:
            run_job(self.office(), ALICE, "job", in_turn=in_turn)
        except Refused:
            assert self.job().overlap in ("skip", "queue")

    def every_slot_counts(self) -> bool:
        job = self.job()
        return job.overlap == "allow" or job.catch_up == "all"

    @rule()
    def a_retrys_time_comes(self) -> None:
        self.clock.advance(DELAY)

    @invariant()
    def each_close_owes_one_alert(self) -> None:
        owed = Counter(row.id for row in self.rows() if self.owes(row))
        assert self.alerts() == owed

    def owes(self, row: AnyRow) -> bool:
        """Whether its end closed its chain, and nobody but the policy or the run itself wanted that."""
        if row.status not in FINAL or row.status in (Status.SUCCEEDED, Status.SKIPPED):
            return False
        if any(next_one.retry_of == row.id and next_one.requested_by is None for next_one in self.rows()):
            return False
        by_person = (row.reason or "").startswith("cancelled by")
        never_ran = row.started_at is None and row.trigger != "retry"
        return not by_person and not never_ran

    @invariant()
    def attempts_are_counted(self) -> None:
        rows = {row.id: row for row in self.rows()}
        most = self.job().max_retries + 1 if rows else 1
        for row in rows.values():
            assert row.attempt <= most
            if row.retry_of and row.requested_by is None:
                before = rows[row.retry_of]
                assert before.cancel_requested_at is None, f"run {before.id} was to stop and got run {row.id}"
                assert row.attempt - before.attempt in (0, 1)
        started_over = Counter(
            root(row)
            for row in rows.values()
            if row.retry_of and row.requested_by is None and row.attempt == rows[row.retry_of].attempt
        )
        assert all(count == 1 for count in started_over.values())

    @invariant()
    def only_a_slot_that_runs_supersedes(self) -> None:
        rows = self.rows()
        for row in rows:
            if row.reason == SUPERSEDED:
                born = [new.id for new in rows if new.id > row.id and new.trigger in OF_A_SLOT]
                assert any(new.status != Status.SKIPPED for new in rows if new.id in born), f"run {row.id} gave way"

    def at_rest(self) -> None:
        self.each_close_owes_one_alert()


class ChainsOfPersons(Chains):
    """Persons cancel and retry its runs, too."""

    @rule(pick=PICK)
    def person_cancels(self, pick: int) -> None:
        if rows := self.open_rows():
            cancel_log(self.database, self.ring, ALICE, rows[pick % len(rows)].id)

    @rule(pick=PICK, in_turn=st.booleans())
    def person_retries(self, pick: int, in_turn: bool) -> None:
        failed = [row for row in self.rows() if row.status in NOT_OK]
        if not failed:
            return
        old = failed[pick % len(failed)]
        is_open = [row.id for row in self.open_rows() if root(row) == root(old)]
        try:
            new = retry_log(self.database, self.ring, ALICE, old.id, in_turn=in_turn).row
        except Refused as refused:
            asked = re.fullmatch(r"already asked: run (\d+)", str(refused))
            assert [int(number) for number in asked.groups()] == is_open if asked else not is_open
        else:
            assert not is_open, f"run {new.id} is the second open row of its chain"


class WaitingRetries(Chains):
    """The policy under which most depends on a retry that waits."""

    @initialize()
    def begin(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.add_job(overlap="skip", max_retries=2, retry_delay=DELAY, retry_backoff=1.0)

    @rule()
    def a_slot_fails(self) -> None:
        self.next_slot(0)
        self.a_run_fails(False)


def root(row: AnyRow) -> int:
    return row.root_id or row.id


class TestChains(Chains.TestCase):
    settings = SHORT


class TestWaitingRetries(WaitingRetries.TestCase):
    settings = settings(SHORT, max_examples=25)


class TestChainsOfPersons(ChainsOfPersons.TestCase):
    settings = settings(SHORT, max_examples=35)


@pytest.mark.slow
class TestChainsOfPersonsAtLength(ChainsOfPersons.TestCase):
    settings = LONG
