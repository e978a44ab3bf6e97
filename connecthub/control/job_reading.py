"""Jobs as a person sees them. It imports little, for a listing is asked for often and over a slow line."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from connecthub.db import jobs
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import NotFound


def list_jobs(database: Database) -> Sequence[AnyRow]:
    """All jobs by name, without their settings."""
    with database.read() as connection:
        return jobs.list_jobs(connection)


def show_job(database: Database, reference: str) -> AnyRow:
    """One job with its settings; its `secret_cfg` is sealed. Raises NotFound."""
    with database.read() as connection:
        return found(connection, reference)


def found(connection: Connection, reference: str) -> AnyRow:
    """A job by name or id; raises NotFound."""
    job = jobs.find_job(connection, reference)
    if job is None:
        raise NotFound(f"no job {reference!r}; `connecthub job list` shows what is there")
    return job
