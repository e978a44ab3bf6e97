"""Runs whose worker was lost, on both stacks: seen twice, ended once, with all that an end brings."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text, update

from connecthub.core.clock import FixedClock
from connecthub.db import job_logs, leases, tables
from connecthub.db.ending import Ending
from connecthub.db.engine import Database
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.errors import NothingHere
from connecthub.tasks.maintenance import Sweep
from tests.integration.conftest import NOON, Installation

OVER = -30.0
"""Seconds of a lease that is over when it begins."""
ENOUGH = 8.0
"""A heartbeat and a twelfth of a lease, at the settings' defaults."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def sweep(installation: Installation, clock: FixedClock) -> Sweep:
    return Sweep(installation.settings, clock.monotonic)


def start(installation: Installation, log_id: int, lease: float = OVER) -> str:
    """A run that a worker holds, or has lost."""
    token = f"{log_id:032d}"
    assert job_logs.claim(installation.database, log_id, token, "host:4711:nonce", lease) is not None
    return token


def lost_run(installation: Installation, name: str = "job") -> int:
    installation.add(name)
    log_id = installation.run(name)
    start(installation, log_id)
    return log_id


def look(sweep: Sweep, installation: Installation) -> None:
    assert sweep.look(installation.database, installation.ring) is False


def look_twice(sweep: Sweep, installation: Installation, clock: FixedClock) -> None:
    look(sweep, installation)
    clock.advance(ENOUGH)
    look(sweep, installation)


def alerts(installation: Installation) -> Sequence[AnyRow]:
    with installation.database.read() as connection:
        return connection.execute(select(tables.alert_outbox)).all()


def change_job(installation: Installation, **values: object) -> None:
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(values))


def test_a_run_whose_worker_was_lost_is_ended_at_the_second_look(
    installation: Installation, sweep: Sweep, clock: FixedClock, caplog: pytest.LogCaptureFixture
):
    log_id = lost_run(installation)
    look(sweep, installation)
    assert installation.log(log_id).row.status == "running"
    clock.advance(ENOUGH)
    with caplog.at_level(logging.WARNING):
        look(sweep, installation)
    row = installation.log(log_id).row
    assert (row.status, row.fingerprint, row.lease_until) == ("crashed", "crashed: worker lost", None)
    assert row.finished_at is not None
    assert row.error.startswith("its worker host:4711 was lost: no sign of life for 9")
    assert [record.getMessage() for record in caplog.records] == [f"run {log_id} of job job crashed: {row.error}"]
    (alert,) = alerts(installation)
    assert (alert.job_log_id, alert.kind) == (log_id, "failed")


def test_two_looks_that_are_too_close_prove_nothing(installation: Installation, sweep: Sweep, clock: FixedClock):
    log_id = lost_run(installation)
    look(sweep, installation)
    clock.advance(ENOUGH - 0.1)
    look(sweep, installation)
    assert installation.log(log_id).row.status == "running"
    clock.advance(0.1)
    look(sweep, installation)
    assert installation.log(log_id).row.status == "crashed"


def test_a_lease_that_was_renewed_meanwhile_counts_anew(installation: Installation, sweep: Sweep, clock: FixedClock):
    """Also one that is over again: the worker lives, however late it is."""
    log_id = lost_run(installation)
    for beat in range(3):
        look(sweep, installation)
        with installation.database.write() as connection:
            assert leases.extend(connection, [f"{log_id:032d}"], OVER + 1 + beat)
        clock.advance(3600)
    look(sweep, installation)
    assert installation.log(log_id).row.status == "running"
    clock.advance(ENOUGH)
    look(sweep, installation)
    assert installation.log(log_id).row.status == "crashed"


def test_a_lease_that_is_renewed_between_the_look_and_the_end_is_not_ended(
    installation: Installation, clock: FixedClock
):
    log_id = lost_run(installation)

    def monotonic() -> float:
        """The clock is asked after the look."""
        if clock.monotonic():
            with installation.database.write() as connection:
                assert leases.extend(connection, [f"{log_id:032d}"], 60)
        return clock.monotonic()

    look_twice(Sweep(installation.settings, monotonic), installation, clock)
    assert installation.log(log_id).row.status == "running"
    assert alerts(installation) == []


def test_a_live_run_is_left_alone(installation: Installation, sweep: Sweep, clock: FixedClock):
    installation.add()
    log_id = installation.run()
    start(installation, log_id, lease=60)
    look_twice(sweep, installation, clock)
    assert installation.log(log_id).row.status == "running"


def test_after_an_outage_of_its_own_the_next_look_is_the_first_again(
    installation: Installation, sweep: Sweep, clock: FixedClock, tmp_path: Path
):
    log_id = lost_run(installation)
    look(sweep, installation)
    away = Database(f"sqlite:///{tmp_path}/away.sqlite3")
    with pytest.raises(NothingHere):
        sweep.look(away, installation.ring)
    clock.advance(3600)
    look(sweep, installation)
    assert installation.log(log_id).row.status == "running"


def test_a_lost_run_gets_its_retry_instead_of_an_alert(installation: Installation, sweep: Sweep, clock: FixedClock):
    log_id = lost_run(installation)
    change_job(installation, max_retries=1, retry_delay=0)
    installation.rung.clear()
    look_twice(sweep, installation, clock)
    with installation.database.read() as connection:
        newer = select(tables.job_logs).where(tables.job_logs.c.id > log_id)
        (retry,) = connection.execute(newer).all()
    assert (retry.status, retry.retry_of, retry.attempt) == ("queued", log_id, 2)
    assert alerts(installation) == []
    assert retry.id in installation.rung


def test_the_run_that_waited_for_a_lost_one_is_rung(installation: Installation, sweep: Sweep, clock: FixedClock):
    installation.add()
    change_job(installation, overlap="queue")
    first, second = installation.run(), installation.run()
    start(installation, first)
    installation.rung.clear()
    look_twice(sweep, installation, clock)
    assert installation.rung == [second]


def test_what_a_late_worker_writes_changes_nothing(installation: Installation, sweep: Sweep, clock: FixedClock):
    log_id = lost_run(installation)
    look_twice(sweep, installation, clock)
    with installation.database.write() as connection:
        assert job_logs.finish(connection, log_id, f"{log_id:032d}", Ending(Status.SUCCEEDED, "late")) is None
    assert installation.log(log_id).row.status == "crashed"


def test_of_two_schedulers_one_ends_the_run(installation: Installation, clock: FixedClock):
    lost_run(installation)
    sweeps = [Sweep(installation.settings, clock.monotonic) for _ in range(2)]
    for sweep in sweeps:
        look(sweep, installation)
    clock.advance(ENOUGH)
    for sweep in sweeps:
        look(sweep, installation)
    assert len(alerts(installation)) == 1


def refuse_to_end(connection: Connection, log_id: int) -> None:
    """Let the database refuse each change of a row, as a full disk or a broken page would."""
    if connection.dialect.name == "sqlite":
        refusal = f"WHEN OLD.id = {log_id} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        connection.execute(text(f"CREATE TRIGGER refuse BEFORE UPDATE ON job_logs {refusal}"))
        return
    body = "$$ BEGIN RAISE EXCEPTION 'refused'; END $$"
    connection.execute(text(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS {body}"))
    when = f"FOR EACH ROW WHEN (OLD.id = {log_id}) EXECUTE FUNCTION refuse()"
    connection.execute(text(f"CREATE TRIGGER refuse BEFORE UPDATE ON job_logs {when}"))


def test_a_run_that_cannot_be_ended_stops_no_other(
    installation: Installation, sweep: Sweep, clock: FixedClock, caplog: pytest.LogCaptureFixture
):
    broken, sound = lost_run(installation, "broken"), lost_run(installation, "sound")
    with installation.database.write() as connection:
        refuse_to_end(connection, broken)
    with caplog.at_level(logging.ERROR):
        look_twice(sweep, installation, clock)
    assert [installation.log(log_id).row.status for log_id in (broken, sound)] == ["running", "crashed"]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"run {broken} of job broken is lost and cannot be ended")
    with installation.database.write() as connection:
        connection.execute(text("DROP TRIGGER refuse" + (" ON job_logs" if installation.settings.redis_url else "")))
    look(sweep, installation)
    assert installation.log(broken).row.status == "crashed"


def test_what_a_lost_run_had_reached_stays(installation: Installation, sweep: Sweep, clock: FixedClock):
    log_id = lost_run(installation)
    reached = {"done": 3, "total": 7}
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).values(progress=reached))
    look_twice(sweep, installation, clock)
    assert installation.log(log_id).row.progress == reached
