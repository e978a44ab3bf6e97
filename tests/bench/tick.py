"""The tick: a thousand jobs due of many, with three hundred expressions in six zones and half of them running."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import insert, select, text, update

from connecthub.db import tables
from connecthub.tasks.dispatcher import dispatch_due_jobs
from tests.bench.harness import Plan, Rounds, Servers, say
from tests.bench.installation import PLAIN, POSTGRES, Installation

DUE = 1_000
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata")
POLICIES = ("skip", "queue", "replace", "allow")
FEW = 10_000
SLOT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def measure(servers: Servers, plan: Plan) -> None:
    """Print milliseconds of a tick on PostgreSQL, with few jobs and with many."""
    many = plan.choose(full=1_000_000, quick=100_000)
    say(f"== the tick on PostgreSQL, in milliseconds: {DUE} due of so many jobs, and nothing due")
    rounds = Rounds("ms")
    with ExitStack() as stack:
        measures = {}
        for count in (FEW, many):
            installation = stack.enter_context(Installation(servers, POSTGRES, PLAIN))
            _fill(installation, count)
            measures[f"{DUE:,} due of {count:,}"] = partial(_due, installation, count)
            measures[f"nothing due of {count:,}"] = partial(_nothing, installation)
        Rounds("warm-up").run(1, measures)
        rounds.run(plan.rounds(full=5, quick=3), measures)
    rounds.table(measures)
    rounds.ratios([(f"{DUE:,} due of {many:,}", f"{DUE:,} due of {FEW:,}")])


def _fill(installation: Installation, count: int) -> None:
    """Copy the first job so often; none of the copies is due."""
    with installation.database.write() as connection:
        row = connection.execute(select(tables.jobs)).one()._mapping
        later = SLOT + timedelta(days=365)
        for begin in range(2, count + 1, 20_000):
            copies = [
                {**row, "id": number, "name": f"copy-{number}", "next_run_at": later, **_variety(number, count // DUE)}
                for number in range(begin, min(begin + 20_000, count + 1))
            ]
            connection.execute(insert(tables.jobs), copies)
        connection.execute(text(f"SELECT setval('jobs_id_seq', {count})"))
    with installation.database.write() as connection:
        connection.execute(text("ANALYZE"))


def _variety(number: int, step: int) -> dict[str, str]:
    """Its expression, zone and policy, by its place among those that fall due together."""
    place = number // step
    return {
        "cron_expr": f"{place % 60} {place // 60 % 5} * * *",
        "timezone": ZONES[place // 2 % len(ZONES)],
        "overlap": POLICIES[place // 2 % len(POLICIES)],
    }


def _due(installation: Installation, count: int) -> float:
    """Make a thousand due, half of them with a run that goes on, and dispatch them."""
    step = count // DUE
    chosen = tables.jobs.c.id.in_(range(2, count, step))
    with installation.database.write() as connection:
        connection.execute(text("DELETE FROM job_logs"))
        connection.execute(update(tables.jobs).where(chosen).values(next_run_at=SLOT))
        connection.execute(
            text(
                "INSERT INTO job_logs (job_id, job_name, status, trigger, attempt, exclusive, priority, queue,"
                " handler_path, public_cfg, timeout, job_version, dry_run, queued_at, available_at, token, lease_until)"
                " SELECT id, name, 'running', 'manual', 1, true, 0, 'default', handler_path, public_cfg, 60, 1, false,"
                " now(), now(), md5(id::text), now() FROM jobs WHERE next_run_at = :slot AND (id / :step) % 2 = 0"
            ).bindparams(slot=SLOT, step=step)
        )
    return _tick(installation)


def _nothing(installation: Installation) -> float:
    return _tick(installation)


def _tick(installation: Installation) -> float:
    begun = time.perf_counter()
    dispatch_due_jobs(installation.database, SLOT + timedelta(milliseconds=5))
    return (time.perf_counter() - begun) * 1000
