"""Workers and queues: who lives, who was lost, what waits, and whether somebody serves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connecthub.control.overview import LOST_SECONDS
from connecthub.db import installation, overview, queues, workers
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow


@dataclass(frozen=True)
class Queue:
    """One queue."""

    name: str
    waiting: int
    """Rows that could run now."""
    waiting_since: datetime | None
    later: int
    """Rows that wait for their time: retries."""
    running: int
    workers: int
    """Those that live and serve it."""

    @property
    def unserved(self) -> bool:
        """Whether something waits that no living worker will take."""
        return bool(self.waiting or self.later) and not self.workers


@dataclass(frozen=True)
class Worker:
    """One worker process."""

    row: AnyRow
    """Its row, with `busy` and `lost`."""
    lacks_key: bool
    """Whether it lives and its key file does not hold the key in use."""


@dataclass(frozen=True)
class Floor:
    """Where runs run."""

    at: datetime
    """The database's clock."""
    workers: Sequence[Worker]
    """Those that live, then those of the last day that ended without a word."""
    queues: Sequence[Queue]
    """Those that nobody serves first, then by name."""


def look_at_floor(database: Database, lease: float) -> Floor:
    """Look at workers and queues; a worker counts as live for one `lease` (seconds)."""
    with database.read() as connection:
        found = workers.list_recent(connection, lease, LOST_SECONDS)
        key = installation.key_fingerprint(connection)
        return Floor(
            at=overview.now(connection),
            workers=[Worker(row, _lacks(row, key)) for row in sorted(found, key=lambda row: (bool(row.lost), row.id))],
            queues=_queues(found, queues.list_waiting(connection), queues.list_running(connection)),
        )


def _lacks(worker: AnyRow, key: str | None) -> bool:
    return key is not None and not worker.lost and key not in worker.key_fingerprints.split(",")


def _queues(found: Sequence[AnyRow], waiting: Sequence[AnyRow], running: Sequence[AnyRow]) -> list[Queue]:
    live = Counter(row.queue for row in found if not row.lost)
    runs = {row.queue: row.running for row in running}
    waits = {row.queue: row for row in waiting}
    listed = [
        Queue(
            name=name,
            waiting=waits[name].ready if name in waits else 0,
            waiting_since=waits[name].since if name in waits else None,
            later=waits[name].later if name in waits else 0,
            running=runs.get(name, 0),
            workers=live[name],
        )
        for name in {*waits, *runs, *(row.queue for row in found)}
    ]
    return sorted(listed, key=lambda queue: (not queue.unserved, queue.name))
