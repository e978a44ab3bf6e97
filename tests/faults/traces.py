"""What a test reads after a fault: rows, the witness's trace, what a process has logged."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connecthub.db import tables
from connecthub.db.types import AnyRow
from connecthub.errors import DatabaseUnreachable
from tests.integration.conftest import Installation

SECONDS = 30.0
"""A deadline for events that come within a few seconds."""
WITNESS = "samples.witness:Witness"
YEARLY = "0 0 1 1 *"


def add_witness(
    installation: Installation,
    trace: Path,
    name: str = "job",
    *,
    seconds: float = 0,
    cron_expr: str = YEARLY,
    **more: Any,
) -> AnyRow:
    """Add a job whose runs leave a line each in `trace` and take so many seconds; negative ones make them fail."""
    trace.touch()
    params = {"file": str(trace), "seconds": seconds}
    return installation.add(name, WITNESS, params=params, cron_expr=cron_expr, **more)


def begun(trace: Path) -> list[int]:
    """The runs whose plugin was begun, by number; one that was begun twice stands there twice."""
    return [int(line.split()[0]) for line in trace.read_text().splitlines()]


def rows_of(installation: Installation) -> list[AnyRow]:
    """All JobLogs, by number."""
    with installation.database.read() as connection:
        return list(connection.execute(select(tables.job_logs).order_by(tables.job_logs.c.id)).all())


def all_ended(installation: Installation, least: int) -> list[AnyRow]:
    """Wait until so many rows are there and none is open."""
    give_up = time.monotonic() + SECONDS
    while True:
        try:
            rows = rows_of(installation)
        except DatabaseUnreachable:  # the connections of this process that an outage has ended
            rows = []
        if len(rows) >= least and all(row.finished_at for row in rows):
            return rows
        open_rows = [(row.id, row.status) for row in rows if not row.finished_at]
        assert time.monotonic() < give_up, f"{len(rows)} rows, still open: {open_rows}"
        time.sleep(0.05)


def alerts_of(installation: Installation) -> list[int]:
    """The runs for which an alert is owed."""
    with installation.database.read() as connection:
        failed = select(tables.alert_outbox.c.job_log_id).where(tables.alert_outbox.c.kind == "failed")
        return list(connection.execute(failed.order_by(tables.alert_outbox.c.id)).scalars())


def lateness(rows: Iterable[AnyRow], since: datetime) -> list[float]:
    """Seconds from a row's slot, but not before `since`, or from when it was asked for, to its start."""
    due = ((row, max(row.scheduled_for, since) if row.scheduled_for else row.queued_at) for row in rows)
    return [(row.started_at - at).total_seconds() for row, at in due]


def told(installation: Installation, process: str) -> str:
    """What a process has logged so far; it has to be started with LOG_TO_FILE=on."""
    try:
        return (installation.settings.data_dir / "logs" / f"{process}.log").read_text()
    except FileNotFoundError:
        return ""


def wait_for_words(installation: Installation, process: str, words: str) -> None:
    """Wait until a process has logged `words`."""
    give_up = time.monotonic() + SECONDS
    while words not in (so_far := told(installation, process)):
        assert time.monotonic() < give_up, f"the {process} never said {words!r}, but:\n{so_far}"
        time.sleep(0.02)


def plugin_of(trace: Path, log_id: int) -> int:
    """Wait until a run's plugin has begun; its pid."""
    give_up = time.monotonic() + SECONDS
    while True:
        for line in trace.read_text().splitlines():
            run, pid = map(int, line.split())
            if run == log_id:
                return pid
        assert time.monotonic() < give_up, f"the plugin of run {log_id} has not begun"
        time.sleep(0.02)
