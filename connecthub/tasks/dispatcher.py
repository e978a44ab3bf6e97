"""The minute's work: every job whose slot is due gets its JobLogs, in one transaction; then the bells ring."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from connecthub.db import job_logs, jobs
from connecthub.db.engine import Database
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Trigger
from connecthub.db.types import AnyRow
from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time
from connecthub.schedule.policy import Plan, plan_slots

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


def dispatch(connection: Connection, due: Iterable[AnyRow], now: datetime) -> Dispatched:
    """Decide and write for jobs that the caller has locked, one at least, and no more than the budget allows."""
    done = Dispatched()
    queued: list[NewLog] = []
    skipped: list[NewLog] = []
    steps: list[dict[str, Any]] = []
    fires = _Fires()
    stop_at = time.monotonic() + BUDGET_SECONDS
    for job in due:
        if done.jobs and time.monotonic() > stop_at:
            break
        done.jobs += 1
        try:
            plan = plan_slots(job.next_run_at, now, fires.of(job.cron_expr, job.timezone))
        except ScheduleError as error:
            logger.error("job %s has no next run: %s", job.name, error)
            steps.append({"job_id": job.id, "next": None, "problem": str(error)})
            continue
        queued += births(job, plan)
        skipped += misfires(job, plan)
        steps.append({"job_id": job.id, "next": plan.next_run_at, "problem": None})
    done.queued = job_logs.insert_queued(connection, queued)
    job_logs.insert_skipped(connection, skipped)
    jobs.advance(connection, steps)
    return done


def births(job: AnyRow, plan: Plan) -> list[NewLog]:
    """The rows that run: the caught-up slot first, for it is the older."""
    caught_up = [NewLog(job, Trigger.CATCH_UP, plan.catch_up, exclusive=True)] if plan.catch_up else []
    return caught_up + [NewLog(job, Trigger.SCHEDULE, slot) for slot in plan.slots]


def misfires(job: AnyRow, plan: Plan) -> list[NewLog]:
    """The one row for the missed slots that do not run; it carries the last of them."""
    if plan.misfire is None:
        return []
    missed = plan.misfire
    return [
        NewLog(
            job,
            Trigger.CATCH_UP,
            missed.last,
            reason=missed.reason,
            missed_from=missed.first,
            missed_count=missed.count,
        )
    ]


class _Fires:
    """Next fire times of one tick: equal expressions in one zone share their answers."""

    def __init__(self) -> None:
        self._next = cache(next_fire_time)

    def of(self, cron_expr: str, timezone: str) -> Callable[[datetime], datetime]:
        return lambda after: self._next(cron_expr, timezone, after)
