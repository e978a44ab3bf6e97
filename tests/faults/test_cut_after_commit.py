"""A connection that breaks after PostgreSQL has done what it was told, before its client hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from connecthub.db import tables
from tests.cli import Cli, refusal
from tests.faults.traces import SECONDS, add_witness, alerts_of, begun, rows_of, wait_for_words
from tests.integration.conftest import Installation
from tests.integration.test_processes import ended
from tests.servers.proxy import PostgresProxy

CLAIM = (b"UPDATE job_logs SET status='running'",)
FINISH_ALONE = (b"finished_at=clock_timestamp()",)
FINISH = (b"finished_at=clock_timestamp()", b"COMMIT")
DISPATCH = RUN_NOW = (b"INSERT INTO job_logs", b"COMMIT")
FAILS = -1.0
"""Seconds that nobody can sleep."""

pytestmark = pytest.mark.parametrize("installation", ["production"], indirect=True)


@pytest.fixture
def proxy(installation: Installation) -> Iterator[PostgresProxy]:
    """What stands between PostgreSQL and the processes that a test starts."""
    with PostgresProxy(installation.settings.database_url) as proxy:
        installation.settings = installation.settings.model_copy(update={"db_url": proxy.url})
        yield proxy


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each run of the witness leaves a line; the processes keep a log beside it."""
    monkeypatch.setenv("LOG_TO_FILE", "on")
    return tmp_path / "trace"


def test_a_claim_whose_reply_is_lost_is_one_run(installation: Installation, proxy: PostgresProxy, trace: Path):
    add_witness(installation, trace)
    loss = proxy.lose_reply(*CLAIM)
    with installation.process("worker", "-w", "2"):
        log_id = installation.run(bell=True)
        row = ended(installation, log_id).row
    assert loss.happened.is_set()
    assert (row.status, row.attempt, begun(trace)) == ("succeeded", 1, [log_id])


@pytest.mark.slow
def test_a_success_whose_reply_is_lost_is_one_end(installation: Installation, proxy: PostgresProxy, trace: Path):
    add_witness(installation, trace, overlap="queue")
    loss = proxy.lose_reply(*FINISH_ALONE)
    with installation.process("worker", "-w", "2"):
        first, second = (installation.run(bell=True) for _ in range(2))
        rows = [ended(installation, log_id).row for log_id in (first, second)]
    assert loss.happened.is_set()
    assert [row.status for row in rows] == ["succeeded"] * 2
    assert begun(trace) == [first, second]
    assert rows[0].finished_at <= rows[1].started_at


@pytest.mark.parametrize("retries", [1, pytest.param(0, marks=pytest.mark.slow)])
def test_a_failure_whose_reply_is_lost_has_one_follow_up(
    installation: Installation, proxy: PostgresProxy, trace: Path, retries: int
):
    add_witness(installation, trace, seconds=FAILS, max_retries=retries, retry_delay=3600)
    loss = proxy.lose_reply(*FINISH)
    with installation.process("worker", "-w", "2"):
        log_id = installation.run(bell=True)
        assert loss.happened.wait(SECONDS)
        wait_for_words(installation, "worker", "run of job ended: failed")
    assert begun(trace) == [log_id]
    assert [(row.status, row.attempt) for row in rows_of(installation)] == [("failed", 1), ("queued", 2)][: 1 + retries]
    assert alerts_of(installation) == [log_id] * (1 - retries)


@pytest.mark.slow
def test_a_dispatch_whose_reply_is_lost_is_one_run_of_its_slot(
    installation: Installation, proxy: PostgresProxy, trace: Path
):
    add_witness(installation, trace)
    slot = datetime.now(UTC).replace(second=0, microsecond=0)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(next_run_at=slot))
    loss = proxy.lose_reply(*DISPATCH)
    with installation.process("scheduler"):
        assert loss.happened.wait(SECONDS)
        wait_for_words(installation, "scheduler", "tick works again")
        with installation.process("worker"):
            (row,) = rows_of(installation)
            assert ended(installation, row.id).row.status == "succeeded"
    (row,) = rows_of(installation)
    assert (row.scheduled_for, begun(trace)) == (slot, [row.id])
    assert installation.job().next_run_at > slot


@pytest.mark.slow
def test_a_run_that_was_asked_for_and_whose_reply_is_lost_runs_once(
    installation: Installation, proxy: PostgresProxy, trace: Path, tmp_path: Path
):
    add_witness(installation, trace)
    loss = proxy.lose_reply(*RUN_NOW)
    ran = Cli(installation.environment(), tmp_path)("job", "run", "job")
    assert loss.happened.is_set()
    assert refusal(ran, "cannot be reached") is None
    with installation.process("worker"):
        (row,) = rows_of(installation)
        assert ended(installation, row.id).row.status == "succeeded"
    assert [row.id for row in rows_of(installation)] == begun(trace)
