"""The minute's work: every job whose slot is due gets its JobLogs, in one transaction; then the bells ring."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Connection

from connecthub.db import jobs, line
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time
from connecthub.schedule.policy import Plan, plan_slots
from connecthub.tasks.decisions import Decisions

logger = logging.getLogger(__name__)

BATCH = 1000
"""Jobs of one transaction; the rest follows a second later."""
BUDGET_SECONDS = 2.0
"""After so long no further job is decided in one transaction: a long outage has many slots to count."""


@dataclass
class Dispatched:
    """What one tick did."""

    queued: list[AnyRow] = field(default_factory=list)
    """Id, queue and priority of the new queued rows: whose bells to ring."""
    jobs: int = 0
    more: bool = False
    """Whether jobs are left that are due."""


def tick(database: Database, ring: Callable[[Iterable[AnyRow]], None], now: datetime) -> Dispatched:
    """Dispatch all that is due at `now` and ring; a late, missed or doubled tick changes nothing."""
    dispatched = dispatch_due_jobs(database, now)
    ring(dispatched.queued)
    if dispatched.jobs:
        logger.info("dispatched %d jobs, %d runs queued", dispatched.jobs, len(dispatched.queued))
    return dispatched


def dispatch_due_jobs(database: Database, now: datetime) -> Dispatched:
    """Lock the due jobs, insert their JobLogs, advance `next_run_at`; all or nothing."""
    with database.write() as connection:
        done = dispatch(connection, jobs.lock_due(connection, now, BATCH), now)
        done.more = jobs.any_due(connection, now)
    return done


def dispatch(connection: Connection, due: Sequence[AnyRow], now: datetime) -> Dispatched:
    """Decide and write for jobs that the caller has locked, one at least, and no more than the budget allows.

    A slot that has its row is decided. Only after a clock that went back one is met, so only then they are looked up:
    the first attempt is undone, or it might have cancelled something in favour of a row that was not born.
    """
    with connection.begin_nested() as attempt:
        done, passed_over = _dispatch(connection, due, now, defaultdict(set))
        if not passed_over:
            return done
        attempt.rollback()
    since = min(job.next_run_at for job in due)
    return _dispatch(connection, due, now, line.decided_slots(connection, [job.id for job in due], since))[0]


def _dispatch(
    connection: Connection, due: Sequence[AnyRow], now: datetime, has_row: Mapping[int, Set[datetime]]
) -> tuple[Dispatched, bool]:
    done = Dispatched()
    decided = Decisions()
    planned: list[tuple[AnyRow, Plan]] = []
    fires = _Fires()
    stop_at = time.monotonic() + BUDGET_SECONDS
    for job in due:
        if done.jobs and time.monotonic() > stop_at:
            break
        done.jobs += 1
        try:
            next_fire = fires.of(job.cron_expr, job.timezone, has_row[job.id])
            first = next_fire(job.next_run_at) if job.next_run_at in has_row[job.id] else job.next_run_at
            plan = plan_slots(first, now, next_fire, job.catch_up)
        except ScheduleError as error:
            logger.error("job %s has no next run: %s", job.name, error)
            decided.has_no_next_run(job, str(error))
        else:
            planned.append((job, plan))
    in_line = line.open_runs(connection, [job.id for job, _ in planned])
    for job, plan in planned:
        decided.take(job, plan, in_line.get(job.id, []))
    done.queued = decided.write(connection)
    return done, decided.passed_over


class _Fires:
    """Next fire times of one tick that have no row: equal expressions in one zone share their answers."""

    def __init__(self) -> None:
        self._next = cache(next_fire_time)

    def of(self, cron_expr: str, timezone: str, has_row: Set[datetime]) -> Callable[[datetime], datetime]:
        def next_fire(after: datetime) -> datetime:
            at = self._next(cron_expr, timezone, after)
            while at in has_row:
                at = self._next(cron_expr, timezone, at)
            return at

        return next_fire
