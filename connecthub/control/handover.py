"""What the next shift has to know: what failed, what recovered, what is open, what was changed since an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connecthub.control.audit_reading import detail_lines
from connecthub.control.filters import SLACK
from connecthub.control.needs import Need, needs
from connecthub.control.overview import Overview, look, queue_problem
from connecthub.core.config import Settings
from connecthub.core.times import parse_time
from connecthub.db import handover, overview
from connecthub.db.audit import audit_id_at
from connecthub.db.browsing import id_at
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError
from connecthub.schedule.cron import validate_timezone

SHOWN = 40
"""Of each list; how many there are is told with it."""
_DAY = timedelta(days=1)
_TOLD_OF_A_JOB = ("handler_path", "cron_expr", "timezone")
"""Of a job that was added or deleted; the audit trail has all its settings."""


@dataclass(frozen=True)
class Listed:
    """The newest rows of a list, and how many there are."""

    rows: Sequence[AnyRow]
    count: int


@dataclass(frozen=True)
class Handover:
    """A hand-over; what the rows hold, `connecthub/db/handover.py` says. All instants are aware UTC."""

    since: datetime
    at: datetime
    """The database's clock."""
    zone: str
    """Of the person who asks."""
    failures: Listed
    failed_runs: int
    recovered: Listed
    seen: Overview
    queue_problem: str
    did_not_run: Listed
    changes: Listed
    by_hand: Listed
    refusals: Listed
    unsent_alerts: Sequence[AnyRow]
    undelivered_alerts: Sequence[AnyRow]

    @property
    def open(self) -> list[Need]:
        """What needs a person now, also what somebody acknowledged."""
        return needs(self.seen)

    @property
    def open_beyond(self) -> int:
        """How many jobs fail beside those of `open`."""
        seen = self.seen
        shown = len(seen.failing) + len(seen.acknowledged)
        return seen.failing_count + seen.acknowledged_count - shown


def hand_over(database: Database, settings: Settings, since: str, zone: str | None = None) -> Handover:
    """Gather what happened since a time, as people write it in `zone`; TIMEZONE where that is None.

    Raises ConfigError for a time that is none or to come, ScheduleError for a zone that is none.
    """
    zone = zone or settings.timezone
    validate_timezone(zone)
    with database.read() as connection:
        at = overview.now(connection)
        begin = _past(since, zone, at)
        from_log, from_act = id_at(connection, begin - SLACK), audit_id_at(connection, begin - SLACK)
        failures = handover.failures(connection, begin, SHOWN)
        found = {
            "failures": _listed(failures, "jobs"),
            "failed_runs": int(failures[0].runs) if failures else 0,
            "recovered": _listed(handover.recovered(connection, begin, SHOWN), "jobs"),
            "did_not_run": _listed(handover.did_not_run(connection, begin, from_log, SHOWN), "groups"),
            "changes": _listed(handover.changes(connection, begin, from_act, SHOWN), "acts"),
            "by_hand": _listed(handover.by_hand(connection, begin, from_act, SHOWN), "groups"),
            "refusals": _listed(handover.refusals(connection, begin, from_act, SHOWN), "acts"),
            "unsent_alerts": handover.unsent_alerts(connection),
            "undelivered_alerts": handover.undelivered_alerts(connection, begin),
        }
    return Handover(begin, at, zone, seen=look(database, settings), queue_problem=queue_problem(settings), **found)


def told_changes(act: AnyRow) -> list[str]:
    """What an act changed, a line for each thing; of a job that was added or deleted only the most important."""
    detail: dict[str, Any] = act.detail
    if act.action in ("job.add", "job.delete"):
        detail = {name: value for name, value in detail.items() if name in _TOLD_OF_A_JOB}
    return [line for line in detail_lines(detail) if line != f"note: {act.reason}"]


def _past(since: str, zone: str, at: datetime) -> datetime:
    """A time that is over: one of the clock that is to come today was meant to be yesterday's."""
    begin = parse_time(since, zone, at)
    if begin > at:
        begin = parse_time(since, zone, at - _DAY)
    if begin > at:
        raise ConfigError(f"{since!r} is to come; name a time that is over, such as 12h or 18:00")
    return begin


def _listed(rows: Sequence[AnyRow], total: str) -> Listed:
    return Listed(rows, getattr(rows[0], total) if rows else 0)
