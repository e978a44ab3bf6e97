"""The slots that passed while a job was disabled: nothing runs them by itself, a person may."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connecthub.control.job_reading import found
from connecthub.core.times import parse_time
from connecthub.db import overview, verdicts
from connecthub.db.engine import Database
from connecthub.db.missed import slots_with_logs
from connecthub.db.types import AnyRow
from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time

LIMIT = 100
WALKED_MAX = 10_000
"""So many fire times are looked at, at most."""
_FIRST_SPAN = timedelta(hours=1)


@dataclass(frozen=True)
class MissedSlots:
    """What a disabled job missed; nothing of a job that is enabled."""

    since: datetime | None
    """When it was disabled; None where it is not, or nobody knows."""
    slots: tuple[datetime, ...]
    """The newest that have no JobLog, in order, by the schedule of now."""
    more: bool
    """There may be older ones."""


NONE = MissedSlots(None, (), more=False)


def missed_slots(database: Database, reference: str, limit: int = LIMIT) -> MissedSlots:
    """Return the newest `limit` slots that passed since a job was disabled; raises NotFound.

    Where its schedule was changed meanwhile, they count from that change.
    """
    with database.read() as connection:
        job = found(connection, reference)
        if job.enabled:
            return NONE
        acts = verdicts.newest_acts(connection, job.id)
        since = _disabled_at(acts)
        if since is None:
            return NONE
        start = max([since, *(act.at for act in acts if _reschedules(act))])
        slots, more = _newest(connection, job, start, overview.now(connection), limit)
        return MissedSlots(since, slots, more)


def command_to_run(name: str, timezone: str, slot: datetime) -> str:
    """The command line that runs one slot of a job."""
    written = f"{slot.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"
    if parse_time(written, timezone, slot) != slot:  # the second pass of an hour that repeats
        written = slot.isoformat(timespec="minutes")
    return f"connecthub job run {shlex.quote(name)} --slot '{written}'"


def _disabled_at(acts: Sequence[AnyRow]) -> datetime | None:
    """When the newest of the acts that switched the job disabled it."""
    for act in reversed(acts):
        if act.action == "job.add":
            return None if act.detail.get("enabled", True) else act.at
        if "enabled" in act.detail:
            return None if act.detail["enabled"]["after"] else act.at
    return None


def _reschedules(act: AnyRow) -> bool:
    return act.action != "job.add" and ("cron_expr" in act.detail or "timezone" in act.detail)


def _newest(
    connection: Connection, job: AnyRow, start: datetime, now: datetime, limit: int
) -> tuple[tuple[datetime, ...], bool]:
    """The newest free slots after `start`, in order, and whether there may be more: looked for in spans back from now,
    each twice as long as the one after it, so that the newest are found whatever passed before them."""
    newest: list[datetime] = []
    walk = _Walk(job.cron_expr, job.timezone)
    end, span = now, _FIRST_SPAN
    while end > start and len(newest) <= limit:
        first = max(start, end - span)
        passed = walk.between(first, end)
        if passed is None:
            return tuple(newest[-limit:]), True
        if passed:
            taken = slots_with_logs(connection, job.id, start, passed[0], passed[-1])
            newest = [slot for slot in passed if slot not in taken] + newest
        end, span = first, span * 2
    return tuple(newest[-limit:]), len(newest) > limit


class _Walk:
    """Walks the fire times of a schedule, WALKED_MAX at most."""

    def __init__(self, cron_expr: str, timezone: str) -> None:
        self._schedule = cron_expr, timezone
        self._left = WALKED_MAX

    def between(self, after: datetime, until: datetime) -> list[datetime] | None:
        """The fire times after one instant and up to another; None where they are too many."""
        fired: list[datetime] = []
        at = after
        while (at := self._next(at, until)) <= until:
            if self._left == 0:
                return None
            self._left -= 1
            fired.append(at)
        return fired

    def _next(self, after: datetime, until: datetime) -> datetime:
        try:
            return next_fire_time(*self._schedule, after)
        except ScheduleError:  # a schedule that cannot be used fires nothing
            return until + _FIRST_SPAN
