"""The end of a run and all that goes with it in one transaction: its retry or its alert, and whose turn is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connecthub.db import alerts, chains, job_logs
from connecthub.db.ending import Ending
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, Trigger
from connecthub.db.types import AnyRow
from connecthub.schedule.follow_up import Failure, FollowUp, RetryPolicy, follow_up

REPLACED = "replaced"
"""How the reason begins where a policy asked a run to stop, and not a person."""


@dataclass(frozen=True)
class Bell:
    """A row whose bell is to ring."""

    id: int
    queue: str
    priority: int


@dataclass(frozen=True)
class Ended:
    """What became of an end."""

    written: bool
    bells: list[Any] = field(default_factory=list)
    """Id, queue and priority of the rows that may start now."""


def end_run(
    connection: Connection, log_id: int, token: str, ending: Ending, *, expired_lease: datetime | None = None
) -> Ended:
    """End a run that `token` still holds (and, where it is given, whose lease is still `expired_lease`).

    Of a run that did not succeed the job is locked first, as everybody locks; then it gets its follow-up.
    """
    job = None
    if ending.status != Status.SUCCEEDED:
        job = chains.lock_job_of(connection, log_id)
    ended = job_logs.finish(connection, log_id, token, ending, expired_lease)
    if ended is None:
        return Ended(written=False)
    bells = next_in_line(ended)
    if ending.status != Status.SUCCEEDED:
        bells += _follow_up(connection, job, ended, ending)
    return Ended(True, bells)


def next_in_line(ended: AnyRow) -> list[Any]:
    """The bell of the row that waited for this end, in the queue of the same job; one that was moved since is found by
    a worker's look."""
    return [] if ended.next_in_line is None else [Bell(ended.next_in_line, ended.queue, ended.priority)]


def cut(connection: Connection, log_ids: Sequence[int], reason: str) -> None:
    """Cancel waiting rows that a policy makes give way.

    A retry that waited was its chain's last hope: the chain closes, and with an alert, unless it is one of dry runs.
    """
    owed = [
        {
            "job_id": row.job_id,
            "job_log_id": row.id,
            "detail": {"job": row.job_name, "status": "cancelled", "error": reason},
        }
        for row in job_logs.cancel_rows(connection, log_ids, reason)
        if row.trigger == Trigger.RETRY and not row.dry_run
    ]
    alerts.owe(connection, "failed", owed)


def _follow_up(connection: Connection, job: AnyRow | None, ended: AnyRow, ending: Ending) -> list[Any]:
    decided = FollowUp(alert=not ended.cancel_requested_at)
    if job is not None:
        policy = RetryPolicy(job.max_retries, job.retry_delay, job.retry_backoff)
        decided = follow_up(policy, _failure(connection, job, ended, ending))
    if decided.alert and not ended.dry_run:  # of a dry run, who started it hears
        detail = {"job": chains.name_of(connection, ended.id), "status": ending.status, "error": ending.error}
        alerts.owe(connection, "failed", [{"job_id": ended.job_id, "job_log_id": ended.id, "detail": detail}])
    if job is None or decided.attempt is None:
        return []
    old = chains.snapshot_of(connection, ended.id)
    retry = NewLog(
        job,
        Trigger.RETRY,
        scheduled_for=old.scheduled_for,
        exclusive=old.exclusive,
        retry_of=old,
        attempt=decided.attempt,
        snapshot=old,
    )
    row = job_logs.insert_retry(connection, retry, decided.delay)
    return [] if decided.delay else [row]


def _failure(connection: Connection, job: AnyRow, ended: AnyRow, ending: Ending) -> Failure:
    asked = ended.cancel_requested_at is not None
    return Failure(
        attempt=ended.attempt,
        cancel_requested=asked,
        by_person=asked and not (ended.reason or "").startswith(REPLACED),
        never_started=ending.never_started,
        started_over=ending.never_started and chains.started_over(connection, ended),
        later_slot_queued=not ended.dry_run and chains.later_slot_queued(connection, ended),
        every_slot_counts=job.overlap == "allow" or job.catch_up == "all",
        retry_after=ending.retry_after,
    )
