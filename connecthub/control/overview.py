"""What needs a person now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connecthub.db import overview, workers
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow

SHOWN = 100
OVERDUE_SECONDS = 60.0
LOST_SECONDS = 86_400.0
"""So long a worker is remembered that ended without a word."""


@dataclass(frozen=True)
class Overview:
    """A look at an installation. All instants are aware UTC."""

    at: datetime
    """The database's clock."""
    failing: Sequence[AnyRow]
    """Jobs whose newest finished run did not succeed: name, id, status, error, finished_at."""
    schedule_errors: Sequence[AnyRow]
    lost: Sequence[AnyRow]
    """Runs whose worker gives no sign of life."""
    overdue: int
    """Jobs that are due for more than a minute."""
    waiting: int
    waiting_since: datetime | None
    running: Sequence[AnyRow]
    workers: Sequence[AnyRow]
    """Those that live, with the number of runs that each holds (`busy`) of how many it can (`threads`)."""
    lost_workers: Sequence[AnyRow]
    """Those of the last day that ended without a word."""
    next_runs: Sequence[AnyRow]


def look(database: Database, lease: float) -> Overview:
    """Look at an installation; a worker counts as live for one `lease` (seconds)."""
    with database.read() as connection:
        recent = workers.list_recent(connection, lease, LOST_SECONDS)
        waiting = overview.waiting(connection)
        return Overview(
            at=overview.now(connection),
            failing=overview.failing(connection, SHOWN),
            schedule_errors=overview.unscheduled(connection, SHOWN),
            lost=overview.lease_is_over(connection),
            overdue=overview.overdue(connection, OVERDUE_SECONDS),
            waiting=waiting.ready,
            waiting_since=waiting.since,
            running=overview.running(connection),
            workers=[row for row in recent if not row.lost],
            lost_workers=[row for row in recent if row.lost],
            next_runs=overview.next_runs(connection, 3),
        )
