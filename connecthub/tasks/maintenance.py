"""What the scheduler does beside the tick: lost runs end, bells ring again, old JobLogs go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Any

from connecthub.core.clock import Clock
from connecthub.core.config import Settings
from connecthub.db import bells, leases, pruning
from connecthub.db.ending import Ending
from connecthub.db.engine import Database
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.tasks.endings import end_run

logger = logging.getLogger(__name__)

Ring = Callable[[Iterable[Any]], None]

SWEEP_BATCH = 1000
"""Lost runs that one look takes in."""
SWEEP_SHARE = 1 / 12
"""The share of a lease that a sweep waits, beside a heartbeat, before it takes an expired lease for a lost run."""
RING_BATCH = 500
PRUNE_SECONDS = 20.0
"""The longest that one step of pruning takes."""
PRUNE_PAUSE = 0.1
"""Seconds between two of its transactions, for others to write in."""


class Sweep:
    """Ends the runs whose worker was lost.

    A lease that is over is no proof: the clock may have been stepped, or the database away, and the worker about to
    prolong it. So it has to be seen twice, unchanged and far enough apart on this process's own monotonic clock.
    """

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._lease = settings.lease_seconds
        self._wait = settings.heartbeat_seconds + settings.lease_seconds * SWEEP_SHARE
        self._monotonic = monotonic
        self._seen: dict[tuple[Any, ...], float] = {}

    def look(self, database: Database, ring: Ring) -> bool:
        """Take one look, end what has to end and ring what may start now; returns whether more may be there.

        A run that cannot be ended stops no other; raises where the database does not answer, and the next look is
        the first again.
        """
        seen, self._seen = self._seen, {}
        with database.read() as connection:
            found = leases.expired(connection, SWEEP_BATCH)
        now = self._monotonic()
        self._seen = {key: seen.get(key, now) for key in map(_key, found)}
        lost = [row for row in found if now - self._seen[_key(row)] >= self._wait]
        for row in lost:
            self._end(database, ring, row)
        return bool(lost) and len(found) == SWEEP_BATCH

    def _end(self, database: Database, ring: Ring, row: AnyRow) -> None:
        silent = (row.now - row.lease_until).total_seconds() + self._lease
        cause = f"its worker {row.worker.rpartition(':')[0]} was lost: no sign of life for {silent:.0f} s"
        lost = Ending(Status.CRASHED, "", error=cause, fingerprint="crashed: worker lost", progress=row.progress)
        try:
            with database.write() as connection:
                ended = end_run(connection, row.id, row.token, lost, expired_lease=row.lease_until)
        except Exception as error:
            logger.error("run %d of job %s is lost and cannot be ended: %s", row.id, row.job_name, error)
            return
        if ended.written:
            logger.warning("run %d of job %s crashed: %s", row.id, row.job_name, cause)
            ring(ended.bells)


def _key(row: AnyRow) -> tuple[Any, ...]:
    return row.id, row.token, row.lease_until


def ring_due(database: Database, ring: Ring) -> bool:
    """Ring for the queued rows whose time has come or whose bell nobody answered; returns whether more may be due."""
    due = bells.take_due(database, RING_BATCH)
    ring(due)
    return len(due) == RING_BATCH


class Prune:
    """Deletes what is past LOG_RETENTION_DAYS: JobLogs, alerts, workers that are gone. And what a job has
    beyond what it keeps, and turns that nobody takes any more."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, stopping: threading.Event) -> None:
        self._database = database
        self._kept = timedelta(days=settings.log_retention_days)
        self._clock = clock
        self._stopping = stopping
        self._rest: Iterator[int] | None = None

    def step(self) -> bool:
        """Delete in short transactions until nothing is left, the time is over or the process stops.

        Returns whether something is left; the next step goes on with it.
        """
        batches, self._rest = self._rest or self._batches(), None
        ends_at = self._clock.monotonic() + PRUNE_SECONDS
        deleted = 0
        for batch in batches:
            deleted += batch
            if self._stopping.wait(PRUNE_PAUSE if batch else 0) or self._clock.monotonic() >= ends_at:
                self._rest = batches
                break
        if deleted:
            logger.info("pruned %d JobLogs, alerts, workers and turns", deleted)
        return self._rest is not None

    def _batches(self) -> Iterator[int]:
        before = self._clock.now() - self._kept
        return chain(
            pruning.delete_old(self._database, before),
            pruning.delete_beyond(self._database),
            pruning.delete_alerts(self._database, before),
            pruning.delete_workers(self._database, before),
            pruning.delete_turns(self._database),
        )
