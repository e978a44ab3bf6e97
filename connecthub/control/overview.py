"""A look at an installation: what fails, what is late, what runs, and how the last day went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecthub.alerts.long_runs import LONG_LEAST, usual_time
from connecthub.db import last_day, overview, workers
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow

if TYPE_CHECKING:
    from connecthub.core.config import Settings

SHOWN = 100
"""Of jobs that fail, and of those whose next run cannot be computed."""
NEXT_SHOWN = 20
OVERDUE_SECONDS = 60.0
LOST_SECONDS = 86_400.0
"""So long a worker is remembered that ended without a word."""
HOURS = 24
PING_SECONDS = 1


@dataclass(frozen=True)
class Overview:
    """A look at an installation. All instants are aware UTC."""

    at: datetime
    """The database's clock."""
    failing: Sequence[AnyRow]
    """Jobs whose newest finished run did not succeed: name, job_id, id, status, error, reason, finished_at."""
    failing_count: int
    """Of all of them, of which `failing` has the first."""
    acknowledged: Sequence[AnyRow]
    """The same of runs that somebody acknowledged: also actor, note, acknowledged_at."""
    acknowledged_count: int
    schedule_errors: Sequence[AnyRow]
    lost: Sequence[AnyRow]
    """Runs whose worker gives no sign of life."""
    overdue: int
    """Jobs that are due for more than a minute."""
    waiting: int
    waiting_since: datetime | None
    running: Sequence[AnyRow]
    usual: dict[int, float]
    """How many seconds a run of a job that runs now usually takes, where enough runs tell that."""
    workers: Sequence[AnyRow]
    """Those that live, with the number of runs that each holds (`busy`) of how many it can (`threads`)."""
    lost_workers: Sequence[AnyRow]
    """Those of the last day that ended without a word."""
    next_runs: Sequence[AnyRow]
    hours: Sequence[str]
    """The last 24 h, the current one last: what tells most of what was queued in each, see `db/last_day.py`."""
    hours_from: datetime


def look(database: Database, settings: Settings) -> Overview:
    """Look at an installation; a worker counts as live for one lease."""
    with database.read() as connection:
        recent = workers.list_recent(connection, settings.lease_seconds, LOST_SECONDS)
        waiting = overview.waiting(connection)
        running = overview.running(connection)
        failing = overview.failing(connection, SHOWN)
        at = overview.now(connection)
        starts = _hours(at, settings.timezone)
        return Overview(
            at=at,
            failing=[row for row in failing if row.actor is None],
            failing_count=failing[0].failing if failing else 0,
            acknowledged=[row for row in failing if row.actor is not None],
            acknowledged_count=failing[0].acknowledged if failing else 0,
            schedule_errors=overview.unscheduled(connection, SHOWN),
            lost=[row for row in running if row.lease_until is not None and row.lease_until < at],
            overdue=overview.overdue(connection, OVERDUE_SECONDS),
            waiting=waiting.ready,
            waiting_since=waiting.since,
            running=running,
            usual=_usual(overview.usual_seconds(connection, _jobs_of(running, at))),
            workers=[row for row in recent if not row.lost],
            lost_workers=[row for row in recent if row.lost],
            next_runs=overview.next_runs(connection, NEXT_SHOWN),
            hours=last_day.hours(connection, starts),
            hours_from=starts[0],
        )


def queue_problem(settings: Settings) -> str:
    """Why bells cannot be rung: Redis does not answer within a second; empty where it does, or is not used."""
    from connecthub.errors import QueueUnreachable
    from connecthub.tasks.huey_app import check_queue

    if not settings.redis_url:
        return ""
    mark = "&" if "?" in settings.redis_url else "?"
    hasty = f"{mark}socket_timeout={PING_SECONDS}&socket_connect_timeout={PING_SECONDS}"
    if "socket_timeout=" in settings.redis_url:
        hasty = ""
    try:
        check_queue(settings.model_copy(update={"redis_url": settings.redis_url + hasty}))
    except QueueUnreachable as error:
        return str(error).replace(hasty, "")
    return ""


def _hours(at: datetime, zone: str) -> list[datetime]:
    """The beginnings of the last hours by a zone's clock, and the end of the one that goes on."""
    this = at.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [this + timedelta(hours=number + 1 - HOURS) for number in range(HOURS + 1)]


def _jobs_of(running: Sequence[AnyRow], at: datetime) -> list[int]:
    """The jobs of runs that go on for so long that they may be long ones."""
    least = timedelta(seconds=LONG_LEAST)
    return sorted({row.job_id for row in running if row.job_id is not None and at - row.started_at > least})


def _usual(took: dict[int, list[float]]) -> dict[int, float]:
    times = {job_id: usual_time(seconds) for job_id, seconds in took.items()}
    return {job_id: usual for job_id, usual in times.items() if usual is not None}
