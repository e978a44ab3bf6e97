"""Deleting old JobLogs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connecthub.control.actions import act, allow
from connecthub.control.actor import Actor
from connecthub.control.job_reading import found
from connecthub.db import pruning
from connecthub.db.engine import Database


def count_old(database: Database, before: datetime, job: str | None) -> int:
    """How many final JobLogs ended before an instant, of all jobs or of one; jobs with `keep_last` have none."""
    with database.read() as connection:
        return pruning.count_old(connection, before, None if job is None else found(connection, job).id)


def prune(
    database: Database,
    actor: Actor,
    before: datetime,
    job: str | None,
    on_batch: Callable[[int], None] = lambda deleted: None,
) -> int:
    """Delete the final JobLogs that ended before an instant; returns how many.

    What still goes on stays, and so does what a job with `keep_last` has: of it the scheduler deletes what is beyond.
    """
    allow(database, actor, "log.prune", job or "all jobs")
    with act(database, actor, "log.prune") as going_on:
        job_id = None if job is None else found(going_on.connection, job).id
        going_on.target_kind, going_on.target_id, going_on.target_name = "job", job_id, job or "all jobs"
        going_on.detail = {"before": before.isoformat()}
    deleted = 0
    for batch in pruning.delete_old(database, before, job_id):
        deleted += batch
        on_batch(deleted)
    return deleted
