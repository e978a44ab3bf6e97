"""Slots: whatever the clock does and whoever edits, each slot of an enabled job gets its verdict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.schedule.overlap import OVERLAPS
from tests.machines.world import LONG, SHORT, World

MINUTE = timedelta(minutes=1)
EVERY = {"*/5 * * * *": 5, "*/20 * * * *": 20, "0 * * * *": 60}
"""Expressions, and of which minutes they are."""
SECONDS = st.sampled_from([1, 29, 30, 60, 61, 240, 300, 3600])


class Slots(World):
    """The model knows which slots have passed since they last counted from now; the rows must account for them."""

    since: datetime
    """Slots after it are not decided."""

    @initialize(
        overlap=st.sampled_from(OVERLAPS),
        catch_up=st.sampled_from(["latest", "skip", "all"]),
    )
    def begin(self, overlap: str, catch_up: str) -> None:
        self.add_job(cron_expr="*/5 * * * *", overlap=overlap, catch_up=catch_up)
        self.passed: set[datetime] = set()
        self.since = self.clock.now()

    def elapse(self) -> set[datetime]:
        """What has passed by now has to have its verdict; returns those slots, which may have passed before."""
        job, now = self.job(), self.clock.now()
        if not job.enabled or now < self.since:
            return set()
        minutes = int((now - self.since) / MINUTE) + 1
        first = self.since.replace(second=0, microsecond=0)
        each = (first + number * MINUTE for number in range(1, minutes + 1))
        elapsed = {at for at in each if at <= now and at.minute % EVERY[job.cron_expr] == 0}
        self.passed |= elapsed
        self.since = now
        return elapsed

    @rule()
    def scheduler_ticks(self) -> None:
        before = {row.id for row in self.rows()}
        known = set(self.passed)
        elapsed = self.elapse()
        self.tick()
        new = [row for row in self.rows() if row.id not in before]
        if elapsed.isdisjoint(known):
            assert sum(row.missed_count or 1 for row in new) == len(elapsed)

    def change(self, **changes: Any) -> None:
        """An edit that changes something dispatches; a new schedule counts from now."""
        job = self.job()
        changes = {name: value for name, value in changes.items() if getattr(job, name) != value}
        if changes:
            self.elapse()
        if changes.keys() - {"overlap"}:
            self.since = self.clock.now()
        self.edit(**changes)

    @rule()
    def worker_runs_one(self) -> None:
        if found := self.waiting():
            row = self.claim(found[0])
            assert row is not None
            self.end(row.id, row.token, Status.SUCCEEDED)

    def settle(self) -> None:
        self.change(enabled=False)
        super().settle()

    def at_rest(self) -> None:
        rows = [row for row in self.rows() if row.trigger in ("schedule", "catch_up")]
        for slot in self.passed:
            assert any(covers(row, slot) for row in rows), f"slot {slot} has no verdict"
        invented = [row for row in rows if row.scheduled_for not in self.passed]
        assert not invented, f"nobody asked for {invented}"

    @invariant()
    def what_gave_way_gave_way_to_something(self) -> None:
        rows = [row for row in self.rows() if row.trigger in ("schedule", "catch_up")]
        for row in rows:
            if row.status == Status.CANCELLED:
                born = [f"by the slot {new.scheduled_for:%Y-%m-%d %H:%M} UTC" for new in rows if new.id > row.id]
                assert row.reason.removeprefix("replaced ") in born


class Outages(Slots):
    """Schedulers that are away, clocks that jump, jobs that are edited."""

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(seconds=SECONDS, back=st.booleans())
    def clock_is_stepped(self, seconds: int, back: bool) -> None:
        self.step(-seconds if back else seconds)

    @rule(expression=st.sampled_from(list(EVERY)), overlap=st.sampled_from(OVERLAPS))
    def job_is_edited(self, expression: str, overlap: str) -> None:
        self.change(cron_expr=expression, overlap=overlap)

    @rule(enabled=st.booleans())
    def job_is_switched(self, enabled: bool) -> None:
        self.change(enabled=enabled)


class ComeAgain(Slots):
    """Slots that come again and have their row already, under the policy by which a slot cancels what is before it."""

    @initialize(catch_up=st.sampled_from(["latest", "skip", "all"]))
    def begin(self, catch_up: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().begin("replace", catch_up)

    @rule(seconds=st.sampled_from([1, 61, 300]), expression=st.sampled_from(list(EVERY)))
    def somebody_whose_clock_is_behind_edits(self, seconds: int, expression: str) -> None:
        self.step(-seconds)
        self.change(cron_expr=expression)
        self.step(seconds)

    @rule()
    def scheduler_ticks_on_time(self) -> None:
        if self.job().enabled:
            self.clock.set(max(self.clock.now(), self.job().next_run_at))
        self.scheduler_ticks()


def covers(row: AnyRow, slot: datetime) -> bool:
    return (row.missed_from or row.scheduled_for) <= slot <= row.scheduled_for


class TestOutages(Outages.TestCase):
    settings = settings(SHORT, max_examples=40)


class TestComeAgain(ComeAgain.TestCase):
    settings = SHORT


@pytest.mark.slow
class TestOutagesAtLength(Outages.TestCase):
    settings = LONG


@pytest.mark.slow
class TestComeAgainAtLength(ComeAgain.TestCase):
    settings = LONG
