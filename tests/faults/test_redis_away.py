"""Redis flushed, frozen and stopped while jobs are dispatched: the rows are the truth, and every one is found."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from sqlalchemy import update

from connecthub.db import tables
from connecthub.db.types import AnyRow
from tests.faults.traces import add_witness, all_ended, begun, lateness, rows_of, told, wait_for_words
from tests.integration.conftest import Installation
from tests.servers.redis import RedisServer

LATE_SECONDS = 10.0
"""How late a row may be started, whatever Redis does."""
OUTAGE_SECONDS = 62.0
THREADS = 4

pytestmark = pytest.mark.parametrize("installation", ["production"], indirect=True)


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A Redis that may be hurt."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each run of the witness leaves a line; the processes keep a log beside it."""
    monkeypatch.setenv("LOG_TO_FILE", "on")
    return tmp_path / "trace"


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that stands still while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def stopped(server: RedisServer) -> Iterator[None]:
    """A Redis that is away while the block runs, and empty afterwards."""
    server.stop()
    try:
        yield
    finally:
        server.start()


def make_due(installation: Installation) -> datetime:
    """Let the minute that goes on be due for all jobs, as a scheduler that starts will find; its slot."""
    slot = datetime.now(UTC).replace(second=0, microsecond=0)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(next_run_at=slot))
    return slot


def check(rows: list[AnyRow], trace: Path, since: datetime) -> None:
    """Each row ran, once, and in time: no job had any slot before `since`."""
    assert [(row.id, row.status, row.error) for row in rows if row.status != "succeeded"] == []
    ran = [log_id for log_id in begun(trace) if log_id <= rows[-1].id]  # the next minute may have come meanwhile
    assert sorted(ran) == [row.id for row in rows]
    assert max(lateness(rows, since)) <= LATE_SECONDS


def check_words(installation: Installation) -> None:
    """That Redis is away is said once by each of the worker's threads and once by the scheduler."""
    assert told(installation, "worker").count("the queue is away") == THREADS
    assert told(installation, "scheduler").count("bells cannot be rung") == 1


@pytest.mark.slow
def test_rows_whose_bells_were_flushed_all_run(installation: Installation, trace: Path, redis_server: RedisServer):
    since = datetime.now(UTC)
    add_witness(installation, trace, seconds=0.1)
    with installation.process("worker", "-w", str(THREADS)) as worker:
        wait_for_words(installation, "worker", "serves queue")
        with frozen(worker.pid):
            waiting = [installation.run(bell=True) for _ in range(60)]
            with redis.Redis.from_url(redis_server.url()) as client:
                client.flushall()
        rows = all_ended(installation, len(waiting))
    check(rows, trace, since)
    assert "the queue is away" not in told(installation, "worker")


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["frozen", "stopped"])
def test_while_redis_is_away_rows_are_dispatched_and_found_and_it_is_said_once(
    installation: Installation, trace: Path, redis_server: RedisServer, mode: str
):
    since = datetime.now(UTC)
    names = [f"job-{number}" for number in range(8)]
    for name in names:
        add_witness(installation, trace, name, seconds=0.1)
    with installation.process("worker", "-w", str(THREADS)):
        wait_for_words(installation, "worker", "serves queue")
        with frozen(redis_server.pid) if mode == "frozen" else stopped(redis_server):
            slot = make_due(installation)
            with installation.process("scheduler"):
                for _ in range(2):
                    for name in names:
                        installation.run(name)
                    rows = all_ended(installation, len(rows_of(installation)))
                wait_for_words(installation, "scheduler", "8 runs queued")
        wait_for_words(installation, "worker", "the queue is back")
    rows = all_ended(installation, 24)
    assert [row.scheduled_for for row in rows if row.trigger in ("schedule", "catch_up")] == [slot] * len(names)
    check(rows, trace, since)
    check_words(installation)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_minute_without_redis_under_load_costs_no_slot_and_none_is_late(
    installation: Installation, trace: Path, redis_server: RedisServer
):
    since = datetime.now(UTC)
    jobs = [f"job-{number}" for number in range(20)]
    for name in jobs:
        add_witness(installation, trace, name, seconds=0.5, cron_expr="* * * * *")
    make_due(installation)
    with installation.process("worker", "-w", str(THREADS)), installation.process("scheduler"):
        all_ended(installation, len(jobs))
        with stopped(redis_server):
            away_until = time.monotonic() + OUTAGE_SECONDS
            asked = 0
            while time.monotonic() < away_until:
                installation.run(jobs[asked % len(jobs)])
                asked += 1
                time.sleep(0.5)
        rows = all_ended(installation, len(jobs) + asked)
    slots = Counter(row.scheduled_for for row in rows if row.scheduled_for is not None)
    assert len(slots) >= 2, "no minute has begun meanwhile"
    assert set(slots.values()) == {len(jobs)}
    assert len({(row.job_id, row.scheduled_for) for row in rows if row.scheduled_for}) == slots.total()
    check(rows, trace, since)
    check_words(installation)
