"""Hosts whose clock is an hour wrong: no slot is lost or doubled, and claims and leases go by the database's clock."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from connecthub.control.job_logs import list_logs
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import add_job, set_enabled
from connecthub.control.runs import run_job
from connecthub.core.clock import FixedClock
from connecthub.db import job_logs, tables
from connecthub.db.types import database_now
from connecthub.tasks.dispatcher import tick
from connecthub.tasks.execute import Workbench, execute_job
from connecthub.tasks.scheduler import MinuteStep
from tests.integration.conftest import ALICE, NOON, Installation

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WRONG = pytest.mark.parametrize("wrong", [HOUR, -HOUR], ids=["ahead", "behind"])


def slots(installation: Installation) -> Counter[object]:
    return Counter(row.scheduled_for for row in list_logs(installation.database, limit=1000))


def ticks(installation: Installation, clock: FixedClock) -> MinuteStep:
    """A scheduler's step with a clock of its own."""
    return MinuteStep("tick", lambda: tick(installation.database, installation.ring, clock.now()).more, clock)


@WRONG
def test_two_schedulers_an_hour_apart_give_each_slot_one_row(installation: Installation, wrong: timedelta):
    installation.add("minutely")
    installation.add("hourly", cron_expr="0 * * * *")
    clocks = FixedClock(NOON), FixedClock(NOON + wrong)
    steps = [ticks(installation, clock) for clock in clocks]
    for _ in range(70):
        for clock, step in zip(clocks, steps, strict=True):
            if step.take_if_due():
                step.run()
            clock.advance(60)
    rows = list_logs(installation.database, limit=1000)
    decided = Counter((row.job_name, row.scheduled_for) for row in rows)
    assert set(decided.values()) == {1}
    assert len(installation.rung) == len(set(installation.rung)) == sum(row.status == "queued" for row in rows)
    newest = NOON + 69 * MINUTE + max(wrong, timedelta())
    assert max(slot for _, slot in decided) == newest
    assert installation.job("minutely").next_run_at == newest + MINUTE


def test_a_scheduler_an_hour_ahead_fires_a_slot_early_and_the_right_one_finds_it_decided(installation: Installation):
    installation.add(cron_expr="0 * * * *", name="hourly")
    tick(installation.database, installation.ring, NOON)
    tick(installation.database, installation.ring, NOON + HOUR)
    assert slots(installation) == {NOON: 1, NOON + HOUR: 1}
    for minutes in (0, 1, 60, 119):
        tick(installation.database, installation.ring, NOON + minutes * MINUTE)
    assert slots(installation) == {NOON: 1, NOON + HOUR: 1}
    tick(installation.database, installation.ring, NOON + 2 * HOUR)
    assert slots(installation)[NOON + 2 * HOUR] == 1


def test_a_scheduler_an_hour_behind_finds_all_decided(installation: Installation):
    installation.add()
    tick(installation.database, installation.ring, NOON)
    before = installation.job()
    for minutes in range(-60, 0, 7):
        tick(installation.database, installation.ring, NOON + minutes * MINUTE)
    assert installation.job() == before
    assert slots(installation) == {NOON: 1}


@WRONG
def test_a_command_line_whose_clock_is_wrong_adds_and_edits_without_doubling(
    installation: Installation, wrong: timedelta
):
    settings = JobSettings("job", "samples.good:Hello", "*/10 * * * *", "UTC")
    office = installation.office(NOON + MINUTE + wrong)
    add_job(office, ALICE, settings, {})
    tick(installation.database, installation.ring, NOON + 10 * MINUTE)
    for enabled in (False, True):
        set_enabled(office, ALICE, installation.job(), enabled)
    for minutes in range(10, 100, 5):
        tick(installation.database, installation.ring, NOON + minutes * MINUTE)
    assert set(slots(installation).values()) == {1}
    assert installation.job().next_run_at == NOON + 100 * MINUTE


@WRONG
def test_what_a_wrong_clock_queued_is_run_at_once_by_the_databases_clock(
    installation: Installation, bench: Workbench, wrong: timedelta
):
    with installation.database.read() as connection:
        now = connection.execute(select(database_now())).scalar_one()
    installation.add()
    tick(installation.database, installation.ring, now + wrong)
    run_job(installation.office(now + wrong), ALICE, "job")
    with installation.database.read() as connection:
        waiting = job_logs.next_waiting(connection, "default", 10)
        born = connection.execute(select(tables.job_logs.c.queued_at)).scalars().all()
    assert all(now - MINUTE < at < now + MINUTE for at in born)
    first, *others = waiting
    assert job_logs.claim(installation.database, first, "a" * 32, "w", 60) is not None
    assert now < installation.log(first).row.lease_until < now + 3 * MINUTE
    for log_id in (*others, *others):
        execute_job(bench, log_id)
    assert {installation.log(log_id).row.status for log_id in others} == {"succeeded"}
    assert installation.log(first).row.status == "running"
