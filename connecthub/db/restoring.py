"""What a restored database needs before anybody works with it: nothing in it goes on by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, MetaData, Table, column, func, inspect, select, table, update

from connecthub.db import job_logs as life
from connecthub.db.ending import Ending
from connecthub.db.migrations import VERSION_TABLE
from connecthub.db.tables import (
    Status,
    alert_channels,
    alert_deliveries,
    alert_outbox,
    audit,
    job_logs,
    jobs,
    metadata,
    operators,
    workers,
)
from connecthub.db.types import database_now
from connecthub.errors import DatabaseError

BATCH = 500
FINGERPRINT = "crashed: restored from a backup"
_OF_A_FRESH_ONE = ("db.upgrade", "db.restore", "key.init")
"""Acts that an installation may have in its trail before anything stands in it."""


def what_stands(connection: Connection) -> list[str]:
    """What a database has that no restore may replace, such as `3 jobs`; of tables that are not there, nothing."""
    present = set(inspect(connection).get_table_names())
    history = audit.c.action.not_in(_OF_A_FRESH_ONE)
    counted = {"jobs": jobs, "JobLogs": job_logs, "operators": operators, "alert channels": alert_channels}
    queries = {name: select(func.count()).select_from(each) for name, each in counted.items() if each.name in present}
    if audit.name in present:
        queries["acts in its audit trail"] = select(func.count()).select_from(audit).where(history)
    rows = {name: connection.execute(query).scalar_one() for name, query in queries.items()}
    return [f"{count} {name}" for name, count in rows.items() if count]


def schema_of(connection: Connection) -> str | None:
    """The schema that a database stands at; None where it is none of ours."""
    if VERSION_TABLE not in inspect(connection).get_table_names():
        return None
    version = table(VERSION_TABLE, column("version_num"))
    return connection.execute(select(version.c.version_num)).scalar()


def drop_tables(connection: Connection) -> None:
    """Drop our tables, as far as they are there, of a database in which nothing stands."""
    metadata.drop_all(connection)
    Table(VERSION_TABLE, MetaData()).drop(connection, checkfirst=True)


def execute_script(connection: Connection, script: Iterable[bytes], name: str) -> None:
    """Execute the lines that `pg_restore --file=-` writes of the file `name`; raises DatabaseError where one fails.

    Here and not by `pg_restore` itself, so that it is one transaction with all that follows. What the script sets for
    its session is reset.
    """
    from psycopg import Error

    try:
        _execute_lines(connection.connection.cursor(), iter(script))
    except Error as error:
        said = " ".join((error.diag.message_primary or str(error)).split())
        raise DatabaseError(f"{name} cannot be restored: {said}; nothing of it was kept") from error


def _execute_lines(cursor: Any, lines: Iterator[bytes]) -> None:
    """Statements, and the rows of each COPY up to its `\\.`."""
    statements: list[bytes] = []

    def execute() -> None:
        if text := b"".join(statements).strip():
            cursor.execute(text)
        statements.clear()

    for line in lines:
        if line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            execute()
            with cursor.copy(line) as copy:
                for row in takewhile(lambda row: row != b"\\.\n", lines):
                    copy.write(row)
        elif not line.startswith((b"--", b"\\")):  # a comment, or a command of psql
            statements.append(line)
    execute()
    cursor.execute("RESET ALL")


def as_of(connection: Connection) -> datetime | None:
    """The newest instant that a database tells of: when it was copied, where a worker ran."""
    columns = (job_logs.c.queued_at, audit.c.at, workers.c.seen_at)
    newest = [connection.execute(select(func.max(each))).scalar() for each in columns]
    return max((at for at in newest if at is not None), default=None)


def disable_jobs(connection: Connection) -> list[str]:
    """Disable all jobs; returns the names of those that were enabled."""
    enabled = select(jobs.c.name).where(jobs.c.enabled).order_by(jobs.c.name)
    names = list(connection.execute(enabled).scalars())
    connection.execute(update(jobs).values(enabled=False, next_run_at=None))
    return names


def end_open(connection: Connection, reason: str) -> tuple[int, int]:
    """End what was open, with no retry and no alert: what waited is cancelled, what ran has crashed; returns both."""
    waiting = _ids(connection, Status.QUEUED)
    for begin in range(0, len(waiting), BATCH):
        life.cancel_rows(connection, waiting[begin : begin + BATCH], reason)
    columns = (job_logs.c.id, job_logs.c.token, job_logs.c.progress)
    running = connection.execute(select(*columns).where(job_logs.c.status == Status.RUNNING)).all()
    for row in running:
        ending = Ending(Status.CRASHED, "", error=reason, fingerprint=FINGERPRINT, progress=row.progress)
        life.finish(connection, row.id, row.token, ending)
    return len(waiting), len(running)


def _ids(connection: Connection, status: Status) -> Sequence[int]:
    chosen = select(job_logs.c.id).where(job_logs.c.status == status).order_by(job_logs.c.id)
    return connection.execute(chosen).scalars().all()


def stop_workers(connection: Connection) -> None:
    """Say of every worker that it has ended."""
    connection.execute(update(workers).where(workers.c.stopped_at.is_(None)).values(stopped_at=database_now()))


def silence_alerts(connection: Connection, reason: str) -> int:
    """Let no alert go out that was owed when the copy was made; returns how many those were."""
    late = update(alert_deliveries).where(alert_deliveries.c.next_try_at.is_not(None))
    connection.execute(late.values(next_try_at=None, last_error=reason))
    owed = update(alert_outbox).where(alert_outbox.c.sent_at.is_(None))
    return connection.execute(owed.values(sent_at=database_now())).rowcount
