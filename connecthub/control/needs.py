"""What needs a person now: drawn from a look at an installation, in the order of what matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connecthub.alerts.long_runs import judge
from connecthub.control.overview import Overview
from connecthub.db.types import AnyRow


class Kind(StrEnum):
    """Why something needs a person, the most important first."""

    NO_WORKER = "no_worker"
    UNSERVED = "unserved"
    """A queue whose last worker was lost."""
    OVERDUE = "overdue"
    """Slots without a verdict."""
    SCHEDULE = "schedule"
    """A job's next run cannot be computed."""
    LOST = "lost"
    """A run whose worker gives no sign of life."""
    FAILING = "failing"
    """A job whose newest run that has ended did not succeed."""
    NEAR_TIMEOUT = "near_timeout"
    LONG = "long"
    ACKNOWLEDGED = "acknowledged"
    """A job that fails, as somebody has seen: it needs nobody."""


@dataclass(frozen=True)
class Need:
    """One thing that needs a person. Which fields have a value, the kind tells."""

    kind: Kind
    name: str = ""
    """Of the job, or of the queue."""
    job_id: int | None = None
    log_id: int | None = None
    status: str = ""
    """Of the run."""
    at: datetime | None = None
    """Since when."""
    text: str = ""
    """The cause, or the note."""
    by: str = ""
    """The worker that was lost, or who acknowledged."""
    number: float = 0
    """How many are overdue; the usual seconds of a run, or those of its timeout."""


def needs(seen: Overview) -> list[Need]:
    """What needs a person, the most important first, and at the end what somebody acknowledged."""
    found = [Need(Kind.NO_WORKER)] if not seen.workers else []
    served = {row.queue for row in seen.workers}
    unserved = {row.queue: row for row in seen.lost_workers if row.queue not in served}.values()
    found += [Need(Kind.UNSERVED, row.queue, at=row.seen_at, by=f"{row.host}:{row.pid}") for row in unserved]
    if seen.overdue and seen.next_runs:
        oldest = seen.next_runs[0]
        found.append(Need(Kind.OVERDUE, oldest.name, oldest.id, at=oldest.next_run_at, number=seen.overdue))
    found += [Need(Kind.SCHEDULE, row.name, row.id, text=row.schedule_error) for row in seen.schedule_errors]
    found += [
        Need(Kind.LOST, row.job_name, row.job_id, row.id, status="running", at=row.lease_until) for row in seen.lost
    ]
    found += [_failing(row) for row in seen.failing]
    found += _long(seen)
    return found + [_failing(row) for row in seen.acknowledged]


def _failing(row: AnyRow) -> Need:
    run = (row.name, row.job_id, row.id, row.status)
    if row.actor is not None:
        return Need(Kind.ACKNOWLEDGED, *run, at=row.acknowledged_at, text=row.note, by=row.actor)
    return Need(Kind.FAILING, *run, at=row.finished_at, text=row.error or row.reason or "")


def _long(seen: Overview) -> list[Need]:
    """Runs, no dry ones, that are near their timeout, then those that take much longer than usual."""
    lost = {row.id for row in seen.lost}
    near, long = list[Need](), list[Need]()
    for row in seen.running:
        seconds, usual = (seen.at - row.started_at).total_seconds(), seen.usual.get(row.job_id)
        run = (row.job_name, row.job_id, row.id, "running", row.started_at)
        if row.id in lost or row.dry_run:
            continue
        found = judge(seconds, row.timeout, usual)
        if found is not None and found.near_timeout:
            near.append(Need(Kind.NEAR_TIMEOUT, *run, number=found.seconds))
        elif found is not None:
            long.append(Need(Kind.LONG, *run, number=found.seconds))
    return near + long
