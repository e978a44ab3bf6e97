"""`connecthub doctor` with processes killed or never started: what is told, and that its remedy mends it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import literal, update

from connecthub.db import tables
from connecthub.db.types import database_now
from connecthub.service.doctor.finding import Finding
from tests.integration.conftest import Installation
from tests.integration.doctoring import (
    OK,
    WARNING,
    WRONG,
    commands,
    embedded,
    one,
    person_of,
    production,
    until,
)

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def typed(installation: Installation, finding: Finding, number: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of a remedy that goes on, while the block runs."""
    words = shlex.split(commands(finding)[number])
    assert words[0] == "connecthub"
    with installation.process(*words[1:]) as process:
        yield process


def hasty(installation: Installation) -> Installation:
    """The same installation, whose workers count as lost after two seconds."""
    installation.settings = installation.settings.model_copy(
        update={"lease_seconds": 2.0, "heartbeat_seconds": 0.3, "sweep_seconds": 1.0}
    )
    return installation


@pytest.fixture
def quick(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation whose processes beat fast."""
    for name, value in {"LEASE_SECONDS": "2", "HEARTBEAT_SECONDS": "0.3", "SWEEP_SECONDS": "1"}.items():
        monkeypatch.setenv(name, value)
    return hasty(installation)


def test_a_worker_that_was_killed_is_told_and_started_again(quick: Installation):
    installation = quick
    installation.add()
    installation.add("报表", queue="reports")
    with installation.process("worker", "--queue", "default") as default:
        (unserved,) = until(installation.settings, "workers", WRONG, "reports")
        assert (unserved.state, unserved.found) == (WRONG, "nobody serves queue reports, and enabled jobs are in it")
        with typed(installation, unserved):
            until(installation.settings, "workers", OK)
            default.kill()
            default.wait()
            lost = until(installation.settings, "workers", WRONG, "default was lost")
            assert [each.state for each in lost] == [WRONG, WARNING]
            assert f":{default.pid} of queue default was lost" in lost[1].found
            with typed(installation, lost[1]):
                until(installation.settings, "workers", OK)
    told = until(installation.settings, "workers", WRONG, "no worker")
    assert told[0].found == "no worker gives a sign of life"
    if installation.settings.stack == "production":
        assert commands(told[0]) == ["connecthub worker", "connecthub worker --queue reports"]
        with typed(installation, told[0]), typed(installation, told[0], 1):
            until(installation.settings, "workers", OK)


@embedded
def test_up_is_the_remedy_where_nothing_runs(quick: Installation):
    installation = quick
    installation.add()
    person = person_of(installation)
    found = one(installation.settings, "scheduler", WRONG, "no scheduler runs", "connecthub up --detach")
    assert commands(one(installation.settings, "workers", WRONG))[0] == commands(found)[0]
    try:
        person.follow(found)
        until(installation.settings, "scheduler", OK)
        until(installation.settings, "workers", OK)
    finally:
        subprocess.run(
            [sys.executable, "-m", "connecthub", "down"], env=person.environment, cwd=person.folder, check=True
        )


@production
def test_overdue_jobs_are_run_by_a_scheduler_that_is_started(quick: Installation):
    installation = quick
    installation.add("每晚", cron_expr="@daily")
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(next_run_at=database_now(literal(-600.0))))
    found = one(installation.settings, "scheduler", WRONG, "1 jobs are overdue, first 每晚", "`connecthub scheduler`")
    with typed(installation, found):
        until(installation.settings, "scheduler", OK)


@embedded
def test_a_scheduler_that_hangs_is_told_and_replaced(quick: Installation):
    installation = quick
    installation.add(cron_expr="@yearly")
    with installation.process("scheduler") as hung:
        until(installation.settings, "scheduler", OK, "ticked")
        hung.send_signal(signal.SIGSTOP)
        (sign,) = (installation.settings.data_dir / "run").glob("scheduler-*")
        an_hour_ago = time.time() - 3600
        os.utime(sign, (an_hour_ago, an_hour_ago))
        found = one(installation.settings, "scheduler", WRONG, f"scheduler {hung.pid} lives", "3600 s ago")
        person_of(installation).follow(found)
        hung.send_signal(signal.SIGCONT)
        hung.wait(30)
    with installation.process("scheduler"):
        until(installation.settings, "scheduler", OK, "ticked")
