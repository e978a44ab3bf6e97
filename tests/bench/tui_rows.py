"""Many JobLogs, made by the database itself out of a thousand, and a log of many lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, text

from connecthub.db import tables
from tests.bench.installation import Installation

KINDS = 1_000
"""So many rows differ; the others are like them."""
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
CHUNK_LINES = 1_000
"""About as much as a worker writes at once."""
NUMBERS = {
    "postgresql": "SELECT n FROM generate_series({first}, {last}) AS numbers(n)",
    "sqlite": (
        "WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})"
        " SELECT n FROM numbers"
    ),
}


def fill(installation: Installation, size: int, already: int = 0) -> None:
    """Make JobLogs 1 to `size`, of which `already` are there."""
    with installation.database.write() as connection:
        if not already:
            already = min(size, KINDS)
            connection.execute(
                insert(tables.job_logs), [_row(installation, number) for number in range(1, already + 1)]
            )
        if size > already:
            columns = [column.name for column in tables.job_logs.columns]
            values = ["n" if column == "id" else f'source."{column}"' for column in columns]
            names = ", ".join(f'"{column}"' for column in columns)
            numbers = NUMBERS[connection.dialect.name].format(first=already + 1, last=size)
            connection.execute(
                text(
                    f"INSERT INTO job_logs ({names}) SELECT {', '.join(values)} FROM ({numbers}) AS counted"
                    f" JOIN job_logs AS source ON source.id = 1 + (counted.n - 1) % {KINDS}"
                )
            )
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT setval('job_logs_id_seq', {size})"))
            connection.execute(text("ANALYZE"))


def failed(size: int) -> list[int]:
    """Which of them failed, the newest first."""
    return [number for number in range(size, 0, -1) if _fails(number)]


def write_log(installation: Installation, log_id: int, lines: int) -> None:
    """Give a JobLog so many lines, in chunks as a worker writes them; no other one has a log."""
    with installation.database.write() as connection:
        connection.execute(delete(tables.job_log_chunks))
        connection.execute(insert(tables.job_log_chunks), list(_chunks(log_id, lines)))


def _row(installation: Installation, number: int) -> dict[str, Any]:
    job, fails = installation.jobs[number % len(installation.jobs)], _fails(number)
    started = FIRST + timedelta(minutes=number)
    row = {"job_id": job.id, "job_name": job.name, "handler_path": job.handler_path, "public_cfg": {}, "timeout": 60}
    row |= {"status": "failed" if fails else "succeeded", "trigger": "backfill", "attempt": 1, "exclusive": False}
    row |= {"priority": 0, "queue": "default", "job_version": 1, "dry_run": False, "scheduled_for": started}
    row |= {"queued_at": started, "available_at": started, "started_at": started}
    row |= {"finished_at": started + timedelta(seconds=number % 90)}
    return row | {"id": number, "error": "TimeoutError: no answer within 30 s" if fails else None}


def _fails(number: int) -> bool:
    return (number - 1) % KINDS % 51 == 7


def _chunks(log_id: int, lines: int) -> Iterator[dict[str, Any]]:
    for seq, begin in enumerate(range(1, lines + 1, CHUNK_LINES)):
        numbers = range(begin, min(begin + CHUNK_LINES, lines + 1))
        said = "".join(f"2026-11-24T12:00:00.000Z INFO line {number} of a long log\n" for number in numbers)
        yield {"job_log_id": log_id, "seq": seq, "at": FIRST, "text": said}
