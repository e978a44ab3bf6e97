"""No statement of the running system reads all jobs or all JobLogs: the plan says so, on tables that have many."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update

from connecthub.db import bells, chains, job_logs, jobs, leases, line, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.tasks.dispatcher import dispatch_due_jobs
from connecthub.tasks.endings import end_run
from tests.integration.conftest import NOON, Installation

MANY = 20_000
NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(2, {many}) AS numbers(n)",
    "sqlite": (
        "WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {many})"
        " SELECT n FROM numbers"
    ),
}


@pytest.fixture
def crowded(installation: Installation) -> Installation:
    """An installation with many jobs that are not due and many JobLogs that have ended."""
    installation.add(overlap="queue")
    run = installation.run()
    claim(installation, run)
    end(installation, run, Status.SUCCEEDED)
    with installation.database.write() as connection:
        for table, unlike in (("jobs", {"id": "n", "name": "'job-' || n"}), ("job_logs", {"id": "n"})):
            columns = columns_of(connection, table)
            values = [unlike.get(column, f'source."{column}"') for column in columns]
            names = ", ".join(f'"{column}"' for column in columns)
            numbers = NUMBERS[connection.dialect.name].format(many=MANY)
            connection.execute(
                text(
                    f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} AS source,"
                    f" ({numbers}) AS counted WHERE source.id = 1"
                )
            )
        others = tables.jobs.c.id > 1
        connection.execute(update(tables.jobs).where(others).values(next_run_at=NOON + timedelta(days=1)))
        if connection.dialect.name == "postgresql":
            for table in ("jobs", "job_logs"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', {MANY})"))
            connection.execute(text("ANALYZE"))  # as autovacuum does; nobody does on SQLite
    return installation


def columns_of(connection: Any, table: str) -> list[str]:
    return list(connection.execute(text(f"SELECT * FROM {table} LIMIT 0")).keys())


def claim(installation: Installation, log_id: int) -> None:
    assert job_logs.claim(installation.database, log_id, f"{log_id:032d}", "host:1:test", 60) is not None


def end(installation: Installation, log_id: int, status: Status) -> None:
    with installation.database.write() as connection:
        assert end_run(connection, log_id, f"{log_id:032d}", Ending(status, "")).written


@contextmanager
def statements(into: list[tuple[str, Any]]) -> Iterator[None]:
    """Collect what is executed meanwhile."""

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        into.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def job_logs_row(connection: Any, log_id: int) -> Any:
    return connection.execute(select(tables.job_logs).where(tables.job_logs.c.id == log_id)).one()


def a_life(installation: Installation) -> None:
    """Everything that happens to a slot, and what a scheduler and a worker ask each second."""
    database = installation.database
    (row,) = dispatch_due_jobs(database, NOON).queued
    with database.read() as connection:
        assert job_logs.next_waiting(connection, "default", 4) == [row.id]
    claim(installation, row.id)
    with database.write() as connection:
        jobs.any_due(connection, NOON)
        line.open_runs(connection, [1])
        leases.extend(connection, [f"{row.id:032d}"], 60)
        leases.expired(connection, 10)
        chains.lock_job_of(connection, row.id)
        chains.started_over(connection, job_logs_row(connection, row.id))
    end(installation, row.id, Status.FAILED)
    bells.take_due(database, 10)


SCANS: dict[str, Callable[[str], bool]] = {
    "postgresql": lambda plan: re.search(r"Seq Scan on (jobs|job_logs)\b", plan) is not None,
    "sqlite": lambda plan: (
        re.search(r"SCAN (jobs|job_logs|other|later|before)\b(?! USING (COVERING )?INDEX)", plan) is not None
    ),
}
"""What reads a whole table."""
HISTORY = re.compile(r"ix_job_logs_job\b")
"""The index of all that a job ever ran: it is for lists."""


def test_no_statement_of_a_runs_life_reads_whole_tables(crowded: Installation):
    done: list[tuple[str, Any]] = []
    with statements(done):
        a_life(crowded)
    asked = [(statement, values) for statement, values in done if re.search(r"\b(jobs|job_logs)\b", statement)]
    assert len(asked) > 10
    with crowded.database.write() as connection:
        prefix = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        for statement, values in asked:
            rows = connection.exec_driver_sql(prefix + statement, values).all()
            plan = "\n".join(str(row[-1]) for row in rows)
            assert not SCANS[connection.dialect.name](plan), f"{statement}\n{plan}"
            assert not HISTORY.search(plan), f"{statement}\n{plan}"
