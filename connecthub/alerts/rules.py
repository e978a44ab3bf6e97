"""The rules: facts in, alerts that are owed out. Pure functions; each alert has a key, and is owed once.

A failed chain and a schedule that cannot be computed are written where they happen, in the same transaction; the rest
is found here, by looking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connecthub.alerts.long_runs import judge, usual_time
from connecthub.alerts.policy import Policy, Rule
from connecthub.db.types import AnyRow

LONG_FOR_ALERT = 60.0
"""Seconds below which nobody is told of a long run, unless the policy names a time."""
MISFIRE = "misfire"
"""How the reason of a slot begins that was missed."""


@dataclass(frozen=True)
class Owed:
    """An alert that is owed. `detail` must hold no secret."""

    kind: Rule
    key: str
    """What it is about: a second alert of the same key is not written."""
    at: datetime
    """When that happened."""
    detail: dict[str, Any]
    job_id: int | None = None
    log_id: int | None = None


def is_told(kind: str, policy: Policy, *, first: bool) -> bool:
    """Whether a policy wants an alert; `first` of a failure that is the first of its series."""
    if kind == Rule.FAILED:
        return Rule.FAILED in policy.rules or (first and Rule.FIRST_FAILURE in policy.rules)
    return kind in policy.rules


def begins_series(began_at: datetime | None, succeeded_at: datetime | None) -> bool:
    """Whether a failure is the first of a series: none is open, or the job succeeded since that one began."""
    return began_at is None or (succeeded_at is not None and succeeded_at > began_at)


def recovery_key(job_id: int, alert_id: int) -> str:
    """The key of the end of the series that an alert began."""
    return f"recovered:{job_id}:{alert_id}"


def long_key(log_id: int) -> str:
    """The key of a run that takes long."""
    return f"long:{log_id}"


def missed(rows: Iterable[AnyRow]) -> list[Owed]:
    """Of slots that were not run: those that were missed."""
    return [
        Owed(
            Rule.MISSED,
            f"missed:{row.id}",
            row.queued_at,
            {"job": row.job_name, "count": row.missed_count or 1, "reason": row.reason},
            row.job_id,
            row.id,
        )
        for row in rows
        if row.status == "skipped" and (row.reason or "").startswith(MISFIRE)
    ]


def recovered(rows: Iterable[AnyRow]) -> list[Owed]:
    """Of series of failures, each with its job's newest success: those that are over."""
    return [
        Owed(
            Rule.RECOVERED,
            recovery_key(row.job_id, row.id),
            row.succeeded_at,
            {"job": row.detail.get("job", ""), "failed_at": row.created_at.isoformat(), "failed_run": row.job_log_id},
            row.job_id,
            row.success_id,
        )
        for row in rows
        if row.succeeded_at is not None and row.succeeded_at > row.created_at
    ]


def no_success(rows: Iterable[AnyRow], policies: Mapping[int, Policy], now: datetime) -> list[Owed]:
    """Of enabled jobs, each with its newest success: those that have had none for too long.

    Counted from that success or the job's last edit, whichever came later.
    """
    owed: list[Owed] = []
    for row in rows:
        hours = policies[row.id].no_success_hours
        since = max(row.updated_at, row.succeeded_at or row.updated_at)
        if hours is None or now - since <= timedelta(hours=hours):
            continue
        key = f"no_success:{row.id}:{since.timestamp():.0f}"
        told = row.succeeded_at.isoformat() if row.succeeded_at else None
        detail = {"job": row.name, "hours": hours, "since": since.isoformat(), "succeeded_at": told}
        owed.append(Owed(Rule.NO_SUCCESS, key, now, detail, row.id))
    return owed


def long_running(
    rows: Iterable[AnyRow], took: Mapping[int, Sequence[float]], policies: Mapping[int, Policy], now: datetime
) -> list[Owed]:
    """Of runs that go on: those that take long. `took` has what runs of a job took that succeeded."""
    owed: list[Owed] = []
    for row in rows:
        seconds = (now - row.started_at).total_seconds()
        limit = policies[row.job_id].long_running_seconds
        if limit is not None:
            why = f"longer than {limit:g} s" if seconds > limit else ""
        else:
            why = _why_long(seconds, row.timeout, usual_time(took.get(row.job_id, ())))
        if why:
            detail = {"job": row.job_name, "started_at": row.started_at.isoformat(), "why": why}
            owed.append(Owed(Rule.LONG_RUNNING, long_key(row.id), now, detail, row.job_id, row.id))
    return owed


def _why_long(seconds: float, timeout: float, usual: float | None) -> str:
    found = judge(seconds, timeout, usual) if seconds > LONG_FOR_ALERT else None
    if found is None:
        return ""
    return f"{'near its timeout of' if found.near_timeout else 'it usually takes'} {found.seconds:g} s"


def worker_lost(rows: Iterable[AnyRow], now: datetime) -> list[Owed]:
    """Of workers that gave no sign of life for more than a lease, and did not stop: all."""
    return [
        Owed(
            Rule.WORKER_LOST,
            f"worker_lost:{row.id}",
            now,
            {"worker": f"{row.host}:{row.pid}", "queue": row.queue, "seen_at": row.seen_at.isoformat()},
        )
        for row in rows
    ]
