"""What became of one slot, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connecthub.db.tables import Status, Trigger
from connecthub.db.types import AnyRow
from connecthub.schedule.policy import COUNT_MAX

ON_TIME = timedelta(seconds=5)
"""A run that started within it after its slot, was on time."""

_ENDS = {
    Status.QUEUED: "is queued",
    Status.RUNNING: "is running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.CANCELLED: "was cancelled",
    Status.CRASHED: "crashed",
}


class SlotWords:
    """Finds the words for a job's slots: what it is told of are all that are shown, newest first, their chains' newest
    rows by their id, and the job's open rows."""

    def __init__(
        self,
        zone: str,
        now: datetime,
        slots: Sequence[AnyRow],
        retries: Mapping[int, AnyRow],
        line: Sequence[AnyRow],
    ) -> None:
        self._zone = ZoneInfo(zone)
        self._now = now
        self._slots = slots
        self._retries = retries
        self._line = line

    def of(self, row: AnyRow) -> tuple[str, str]:
        """The kind of the verdict and its words."""
        if row.missed_from is not None:
            return "missed", self._missed(row)
        if row.status == Status.SKIPPED:
            return "skipped", f"skipped: {_past(row.reason)}"
        if row.status == Status.QUEUED:
            return "waiting", f"waits for {span(self._now - row.queued_at)}: {self._waits_for(row)}"
        if row.started_at is None:
            return "cancelled", f"never started: {row.reason or 'no cause given'}"
        kind, began = self._began(row)
        return kind, f"{began}; {self._ended(row)}{self._repeated(row)}"

    def day_and_time(self, at: datetime) -> str:
        """An instant in the job's zone."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def _time(self, at: datetime, beside: datetime) -> str:
        """An instant beside another one: without its day where that is the same."""
        same = at.astimezone(self._zone).date() == beside.astimezone(self._zone).date()
        return f"{at.astimezone(self._zone):%H:%M:%S}" if same else self.day_and_time(at)

    def _missed(self, row: AnyRow) -> str:
        first, last = (self._time(at, row.scheduled_for) for at in (row.missed_from, row.scheduled_for))
        absent = f"no scheduler ran from {first} to {self._time(row.queued_at, row.scheduled_for)}"
        if row.missed_count == 1:
            return f"missed: {absent}"
        many = f"more than {COUNT_MAX}" if row.missed_count > COUNT_MAX else str(row.missed_count)
        return f"{many} slots missed, {first} to {last}: {absent}"

    def _waits_for(self, row: AnyRow) -> str:
        if row.available_at > self._now:
            return f"it may start at {self._time(row.available_at, row.scheduled_for)}"
        before = [other for other in self._line if other.status == Status.RUNNING or other.id < row.id]
        if row.exclusive and before:
            first, kind = before[0], "dry run" if before[0].dry_run else "run"
            return f"{kind} {first.id} {_ENDS[first.status]}, and they run one at a time"
        return "no worker has taken it"

    def _began(self, row: AnyRow) -> tuple[str, str]:
        late = row.started_at - row.scheduled_for
        if row.trigger == Trigger.CATCH_UP:
            dispatched = self._time(row.queued_at, row.scheduled_for)
            return "caught_up", f"caught up, {span(late)} late: no scheduler ran until {dispatched}"
        if late < -ON_TIME:
            return "early", f"early by {span(-late)}: a scheduler's clock was ahead"
        if late <= ON_TIME:
            return "on_time", "on time"
        dispatched, waited = row.queued_at - row.scheduled_for, row.started_at - row.queued_at
        if dispatched >= waited:
            return "late", f"late by {span(late)}: no scheduler came for {span(dispatched)}"
        return "late", f"late by {span(late)}: it waited for {self._waited_for(row)}"

    def _waited_for(self, row: AnyRow) -> str:
        for other in self._slots:
            in_the_way = row.exclusive and other.exclusive and other.id < row.id and other.finished_at is not None
            if in_the_way and row.queued_at < other.finished_at <= row.started_at:
                return f"run {other.id} to end"
        return "its turn or a free worker" if row.exclusive else "a free worker"

    def _ended(self, row: AnyRow) -> str:
        if row.finished_at is None:
            return f"it has been running for {span(self._now - row.started_at)}"
        took = span(row.finished_at - row.started_at)
        if row.status == Status.SUCCEEDED:
            return f"succeeded in {took}"
        if row.status == Status.CANCELLED and row.reason:
            return f"{row.reason} after {took}"
        cause = (row.error or row.reason or "no cause given").splitlines()[0]
        return f"{_ENDS[row.status]} after {took}: {cause}"

    def _repeated(self, row: AnyRow) -> str:
        newest = self._retries.get(row.id)
        if newest is None:
            return ""
        gave_way = newest.status == Status.CANCELLED and newest.reason
        return f"; its retry, run {newest.id}, {f'was {newest.reason}' if gave_way else _ENDS[newest.status]}"


def _past(reason: str | None) -> str:
    """A skipped slot's reason as it is told later: `overlap: run 812 is still running`."""
    policy, _, why = (reason or "no cause given").partition(": ")
    told = (why or policy).replace(" is still ", " was still ")
    return f"too many were waiting: {told}" if policy == "queue_full" else told


def span(length: timedelta) -> str:
    """A length of time for people."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} days {whole % 86400 // 3600} h"
