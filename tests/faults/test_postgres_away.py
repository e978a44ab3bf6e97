"""PostgreSQL restarted, crashed and away, while jobs are dispatched and runs go on."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connecthub.db import tables
from connecthub.errors import DatabaseUnreachable
from tests.faults.fleet import LEASE_SECONDS
from tests.faults.traces import add_witness, all_ended, begun, plugin_of, told, wait_for_words
from tests.integration.conftest import Installation
from tests.integration.test_stopping import watching
from tests.runs import is_gone
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("installation", ["production"], indirect=True)]


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that may be hurt; what it has committed outlives its crash."""
    with PostgresServer(settings={"synchronous_commit": "on"}) as server:
        yield server


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each run of the witness leaves a line; the processes keep a log beside it."""
    monkeypatch.setenv("LOG_TO_FILE", "on")
    return tmp_path / "trace"


@contextmanager
def due_and_locked(installation: Installation, name: str) -> Iterator[datetime]:
    """Let a job's slot be due, and not be dispatched until an outage has ended this transaction; yields the slot."""
    slot = datetime.now(UTC).replace(second=0, microsecond=0)
    job = tables.jobs.c
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).where(job.name == name).values(next_run_at=slot))
    with contextlib.suppress(DatabaseUnreachable), installation.database.write() as connection:
        connection.execute(select(tables.jobs).where(job.name == name).with_for_update())
        yield slot


@pytest.mark.parametrize("mode", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_a_restart_of_postgresql_costs_no_run_and_no_slot(
    installation: Installation, trace: Path, postgres_server: PostgresServer, mode: signal.Signals
):
    for name, seconds in (("due", 0), ("short", 1), ("long", 3)):
        add_witness(installation, trace, name, seconds=seconds, max_retries=1)
    with due_and_locked(installation, "due") as slot:
        with installation.process("worker", "-w", "3") as worker, installation.process("scheduler") as scheduler:
            wait_for_words(installation, "scheduler", "scheduler started")
            short, long = (installation.run(name, bell=True) for name in ("short", "long"))
            going_on = plugin_of(trace, long)
            with watching(plugin_of(trace, short)) as ends:
                os.kill(postgres_server.pid, mode)
                postgres_server.stop()
                assert ends()
                wait_for_words(installation, "worker", "the end (succeeded) cannot be written yet")
                assert not is_gone(going_on)
            postgres_server.start()
            rows = all_ended(installation, 3)
            assert (worker.poll(), scheduler.poll()) == (None, None)
        ran = {row.job_name: (row.status, row.error, row.scheduled_for) for row in rows}
        manual = ("succeeded", None, None)
        assert ran == {"due": ("succeeded", None, slot), "short": manual, "long": manual}
        assert sorted(begun(trace)) == [row.id for row in rows]
        assert installation.job("due").next_run_at > slot


def test_an_outage_longer_than_the_leases_ends_what_goes_on_and_keeps_what_has_ended(
    installation: Installation, trace: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SWEEP_SECONDS", "3")  # as in production, longer than between two attempts at an end
    for name, seconds in (("short", 1), ("long", 600)):
        add_witness(installation, trace, name, seconds=seconds)
    with installation.process("worker", "-w", "3") as worker, installation.process("scheduler") as scheduler:
        short, long = (installation.run(name, bell=True) for name in ("short", "long"))
        with watching(plugin_of(trace, short)) as short_ends, watching(plugin_of(trace, long)) as long_ends:
            stopped_at = time.monotonic()
            postgres_server.stop()
            assert short_ends()
            assert long_ends()
            assert time.monotonic() - stopped_at < LEASE_SECONDS, "the plugin outlived its lease"
        for end in ("succeeded", "crashed"):
            wait_for_words(installation, "worker", f"the end ({end}) cannot be written yet")
        time.sleep(LEASE_SECONDS + 0.5 - (time.monotonic() - stopped_at))
        postgres_server.start()
        rows = all_ended(installation, 2)
        assert (worker.poll(), scheduler.poll()) == (None, None)
    unreachable = f"database unreachable for {0.75 * LEASE_SECONDS:g} s"
    assert [(row.status, row.error) for row in rows] == [("succeeded", None), ("crashed", unreachable)]
    assert sorted(begun(trace)) == [row.id for row in rows]
    for words in ("cannot be written yet", "the heartbeat failed", "no look into the database"):
        assert told(installation, "worker").count(words) == (2 if "written" in words else 1), words
