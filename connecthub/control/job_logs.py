"""What a person may see of runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connecthub.db import jobs, log_reading
from connecthub.db.engine import Database
from connecthub.db.models import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotFound

WAIT_PAUSE = 0.2
"""Seconds between two looks at a run that is waited for."""


@dataclass(frozen=True)
class LogDetail:
    """One JobLog whole: its row, its log so far, its calls to outside systems."""

    row: AnyRow
    text: str
    calls: Sequence[AnyRow]


def list_logs(
    database: Database, *, job: str | None = None, status: str | None = None, limit: int = 50
) -> Sequence[AnyRow]:
    """The newest JobLogs first; raises NotFound for an unknown job, ConfigError for an unknown status."""
    if status is not None and status not in list(Status):
        raise ConfigError(f"no status {status!r}; there are {', '.join(Status)}")
    with database.read() as connection:
        job_id = None
        if job is not None:
            found = jobs.find_job(connection, job)
            if found is None:
                raise NotFound(f"no job {job!r}; `connecthub job list` shows what is there")
            job_id = found.id
        return log_reading.list_logs(connection, job_id=job_id, status=status, limit=limit)


def show_log(database: Database, log_id: int) -> LogDetail:
    """One JobLog with its log and calls; raises NotFound."""
    with database.read() as connection:
        row = log_reading.get_log(connection, log_id)
        if row is None:
            raise NotFound(f"no JobLog {log_id}; `connecthub log list` shows the newest")
        return LogDetail(row, log_reading.log_text(connection, log_id), log_reading.list_calls(connection, log_id))


def wait_for_end(database: Database, log_id: int, on_look: Callable[[AnyRow], None] = lambda row: None) -> LogDetail:
    """Stay until a run has its final status and return it whole; `on_look` is given the row at each look."""
    while True:
        with database.read() as connection:
            row = log_reading.get_log(connection, log_id)
        if row is None or row.status in FINAL:
            return show_log(database, log_id)
        on_look(row)
        time.sleep(WAIT_PAUSE)
