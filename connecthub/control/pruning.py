"""Deleting old JobLogs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connecthub.control.actions import act, check
from connecthub.control.actor import Actor
from connecthub.control.job_reading import found
from connecthub.db import pruning
from connecthub.db.engine import Database

BATCH = 1000
"""JobLogs of one transaction: short, so that nobody waits for it."""


def count_old(database: Database, before: datetime, job: str | None) -> int:
    """How many final JobLogs ended before an instant, of all jobs or of one."""
    with database.read() as connection:
        return pruning.count_old(connection, before, None if job is None else found(connection, job).id)


def prune(
    database: Database,
    actor: Actor,
    before: datetime,
    job: str | None,
    on_batch: Callable[[int], None] = lambda deleted: None,
) -> int:
    """Delete the final JobLogs that ended before an instant; returns how many. What still goes on stays."""
    check(actor, "log.prune")
    with act(database, actor, "log.prune") as going_on:
        job_id = None if job is None else found(going_on.connection, job).id
        going_on.target_kind, going_on.target_id, going_on.target_name = "job", job_id, job or "all jobs"
        going_on.detail = {"before": before.isoformat()}
    deleted = 0
    while True:
        with database.write() as connection:
            batch = pruning.delete_old(connection, before, job_id, BATCH)
        deleted += batch
        on_batch(deleted)
        if batch < BATCH:
            return deleted
