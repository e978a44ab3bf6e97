"""Jobs and JobLogs page by page, and failures by what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connecthub.control.filters import job_filter, log_filter
from connecthub.db import browsing, log_reading, overview
from connecthub.db.browsing import Cut
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow

SORTS = {"name": browsing.list_jobs_by_name, "next": browsing.list_jobs_by_next}
RETRIED = 10_000
"""So many are retried at once."""


@dataclass(frozen=True)
class Page:
    """Rows in the list's order."""

    rows: Sequence[AnyRow]
    more: bool
    """Whether rows follow beyond them, on the side that was asked for."""
    at: datetime
    """The database's clock."""
    runs: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Of jobs: the statuses of the last JobLogs, the newest last, by the job's id."""


def job_page(database: Database, text: str, sort: str, cut: Cut) -> Page:
    """Jobs that match a filter, by `name` or by `next` run; the key is the name, or (next_run_at, id).

    Raises ConfigError.
    """
    chosen = job_filter(text)
    with database.read() as connection:
        found = SORTS[sort](connection, chosen, cut)
        runs = browsing.last_runs(connection, [row.id for row in found.rows])
        return Page(found.rows, found.more, overview.now(connection), runs)


def log_page(database: Database, text: str, zone: str, cut: Cut) -> Page:
    """JobLogs that match a filter, the newest first; the key is the id. Raises ConfigError, NotFound."""
    with database.read() as connection:
        found = browsing.list_logs(connection, log_filter(connection, text, zone), cut)
        return Page(found.rows, found.more, overview.now(connection))


def failures(database: Database, text: str, zone: str) -> Sequence[AnyRow]:
    """Those of the newest JobLogs that match and did not succeed, by fingerprint; the newest group first.

    Raises ConfigError, NotFound.
    """
    with database.read() as connection:
        chosen = log_reading.not_ok(log_filter(connection, text, zone))
        return [] if chosen is None else browsing.groups(connection, chosen)


def database_time(database: Database) -> datetime:
    """The database's clock."""
    with database.read() as connection:
        return overview.now(connection)


def retriable(database: Database, text: str, zone: str) -> list[int]:
    """The JobLogs that match and can be retried, oldest first, and one beyond RETRIED where there are more.

    Raises ConfigError, NotFound.
    """
    with database.read() as connection:
        return log_reading.retriable(connection, log_filter(connection, text, zone), RETRIED + 1)
