"""What a person may see of runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connecthub.control.job_reading import found
from connecthub.core.safe_text import storable
from connecthub.db import log_reading
from connecthub.db.engine import Database
from connecthub.db.log_reading import LogFilter
from connecthub.db.tables import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotFound

WAIT_PAUSE = 0.2
"""Seconds between two looks at a run that is waited for."""


@dataclass(frozen=True)
class LogChoice:
    """Which JobLogs a person wants to see; what is None does not count."""

    job: str | None = None
    """By name or id."""
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    before_id: int | None = None
    dry: bool | None = None
    """Only dry runs, or only runs that are none."""


@dataclass(frozen=True)
class LogDetail:
    """One JobLog whole: its row, its log so far, its calls to outside systems."""

    row: AnyRow
    text: str
    calls: Sequence[AnyRow]
    last_chunk: int
    """The number of the last chunk in `text`, -1 where there is none: `follow` goes on after it."""


def list_logs(database: Database, chosen: LogChoice | None = None, limit: int = 50) -> Sequence[AnyRow]:
    """The newest JobLogs first; raises NotFound for an unknown job, ConfigError for an unknown status."""
    chosen = chosen or LogChoice()
    with database.read() as connection:
        return log_reading.list_logs(connection, resolve(connection, chosen), limit)


def resolve(connection: Connection, chosen: LogChoice) -> LogFilter:
    """The filter that a person's choice means; raises NotFound, ConfigError."""
    if chosen.status is not None and chosen.status not in list(Status):
        raise ConfigError(f"no status {chosen.status!r}; there are {', '.join(Status)}")
    job_id = None if chosen.job is None else found(connection, chosen.job).id
    return LogFilter(
        job_id=job_id,
        status=chosen.status,
        since=chosen.since,
        until=chosen.until,
        text=None if chosen.text is None else storable(chosen.text),  # as the texts were that it is compared with
        before_id=chosen.before_id,
        dry=chosen.dry,
    )


def show_log(database: Database, log_id: int) -> LogDetail:
    """One JobLog with its log and calls; raises NotFound."""
    with database.read() as connection:
        row = log_reading.get_log(connection, log_id)
        if row is None:
            raise NotFound(f"no JobLog {log_id}; `connecthub log list` shows the newest")
        written = log_reading.chunks_after(connection, log_id, -1)
        text = "".join([*(piece for _, piece in written), row.run_log or ""])
        return LogDetail(row, text, log_reading.list_calls(connection, log_id), written[-1][0] if written else -1)


def wait_for_end(database: Database, log_id: int, on_look: Callable[[AnyRow], None] = lambda row: None) -> LogDetail:
    """Stay until a run has its final status and return it whole; `on_look` is given the row at each look."""
    while True:
        with database.read() as connection:
            row = log_reading.get_log(connection, log_id)
        if row is None or row.status in FINAL:
            return show_log(database, log_id)
        on_look(row)
        time.sleep(WAIT_PAUSE)


def open_retry(database: Database, row: AnyRow) -> AnyRow | None:
    """The queued or running row of the chain of a run that has ended: what repeats it, if anything does."""
    with database.read() as connection:
        log_id = log_reading.open_in_chain(connection, row.root_id or row.id)
        return None if log_id is None else log_reading.get_log(connection, log_id)


def follow(
    database: Database,
    log_id: int,
    on_text: Callable[[str], None],
    after: int = -1,
    pause: Callable[[float], None] = time.sleep,
) -> AnyRow:
    """Give the log of a run after chunk number `after`, piece by piece, until the run has ended; returns its row.

    A look costs what is new, not all that there is.
    """
    seq = after
    while True:
        with database.read() as connection:
            row = log_reading.get_log(connection, log_id)
            new = log_reading.chunks_after(connection, log_id, seq)
        if row is None:
            raise NotFound(f"JobLog {log_id} is gone")
        for number, text in new:
            seq = number
            on_text(text)
        if row.status in FINAL:
            on_text(row.run_log or "")
            return row
        pause(WAIT_PAUSE)
