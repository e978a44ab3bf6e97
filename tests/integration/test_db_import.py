"""A database of the web-admin version is read, told and copied: in any shape, without a trace in it, nothing twice."""

from __future__ import annotations

import shutil
import signal
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Column,
    String,
    Text,
    Uuid,
    select,
    text,
)

from connecthub.control.importing import import_jobs, import_logs
from connecthub.control.jobs import set_enabled
from connecthub.control.old_jobs import Survey, survey
from connecthub.control.overview import look
from connecthub.db import tables
from connecthub.db.old_system import OldSystem
from connecthub.errors import ScheduleError
from connecthub.security.fernet import SecretState, describe_secret_cfg, open_secrets
from tests.cli import Cli, refusal
from tests.integration.conftest import ALICE, Installation
from tests.integration.old_system import BEFORE, OldDatabase, a_job, fill, old_database
from tests.runs import PLUGINS

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in run\nValueError: no such unit\n'


@pytest.fixture
def old(installation: Installation, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OldDatabase]:
    """An empty old database, of the kind of the stack."""
    if installation.settings.db_url is None:
        yield old_database(f"sqlite:///{tmp_path}/old.db", tmp_path)
        return
    server = request.getfixturevalue("postgres_server")
    name = f"old_{uuid.uuid4().hex}"
    yield old_database(server.create_database(name), tmp_path)
    server.drop_database(name)


def look_at(installation: Installation, old: OldDatabase, limit: int | None = None) -> Survey:
    return survey(installation.office(), OldSystem(old.url), old.keys, "Asia/Shanghai", limit)


def bring_over(installation: Installation, old: OldDatabase, limit: int | None = None) -> tuple[int, int]:
    """Import; how many jobs and logs are new."""
    found, office = look_at(installation, old, limit), installation.office()
    jobs = import_jobs(office, ALICE, found)
    logs, _ = import_logs(office, ALICE, OldSystem(old.url), found, 10_000, lambda looked_at: None)
    return jobs, logs


def rows_of(installation: Installation, table: Any) -> list[Any]:
    with installation.database.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)).all())


def test_jobs_arrive_disabled_under_new_ids_with_secrets_sealed_anew_and_their_logs(
    installation: Installation, old: OldDatabase
):
    installation.add("hourly")
    made_at = datetime(2025, 3, 1, 8, 0, 0, 500, tzinfo=UTC)
    fill(
        old,
        [
            a_job(41, name="夜间同步", secret_cfg=old.token({"password": "geheim"}), public_cfg={"unit": "财务"}),
            a_job(
                42,
                name="hourly",
                timezone="Europe/Berlin",
                created_at=made_at.replace(tzinfo=None),
                handler_path="samples.good.Hello",
            ),
        ],
        [
            {"id": 900, "job_id": 41, "run_log": "logged in as geheim\n完成", "finished_at": BEFORE},
            {"id": 901, "job_id": 41, "traceback": TRACEBACK.replace("unit", "unit geheim")},
        ],
    )
    assert bring_over(installation, old) == (2, 2)

    nightly, hourly = installation.job("夜间同步"), installation.job("hourly-2")
    assert (nightly.old_id, nightly.enabled, nightly.next_run_at) == ("41", False, None)
    assert (nightly.timezone, nightly.public_cfg, nightly.schedule_error) == ("Asia/Shanghai", {"unit": "财务"}, None)
    assert describe_secret_cfg(installation.keys, nightly.id, nightly.secret_cfg) is SecretState.SEALED
    assert open_secrets(installation.keys, nightly.id, nightly.secret_cfg) == {"password": "geheim"}
    assert (hourly.timezone, hourly.handler_path) == ("Europe/Berlin", "samples.good:Hello")
    assert hourly.created_at == made_at

    good, bad = rows_of(installation, tables.job_logs)
    assert (good.status, good.old_id, good.job_id, good.trigger) == ("succeeded", "900", nightly.id, "schedule")
    assert (good.run_log, good.scheduled_for, good.started_at) == ("logged in as ***\n完成", None, BEFORE)
    assert (bad.status, bad.error) == ("failed", "ValueError: no such unit ***")
    assert "geheim" not in bad.traceback


def test_ids_may_be_uuids_and_optional_columns_may_be_missing(installation: Installation, old: OldDatabase):
    numbers = [uuid.UUID(int=number) for number in (7, 3)]
    needed = [Column(name, Text) for name in ("cron_expr", "handler_path", "public_cfg", "secret_cfg")]
    old.table(
        "jobs",
        [Column("id", Uuid, primary_key=True), *needed],
        [a_job(number, public_cfg="{'name': 'x', 'on': True}", secret_cfg='{"pin": 1}') for number in numbers],
    )
    old.table(
        "job_logs",
        [
            *(Column("id", Uuid, primary_key=True), Column("job_id", Uuid)),
            *(Column("run_log", Text), Column("traceback", Text)),
        ],
        [{"id": uuid.UUID(int=9), "job_id": numbers[0], "run_log": "x", "traceback": " "}],
    )
    assert bring_over(installation, old) == (2, 1)
    jobs, (log,) = rows_of(installation, tables.jobs), rows_of(installation, tables.job_logs)
    assert sorted(uuid.UUID(job.old_id) for job in jobs) == sorted(numbers)
    assert all(job.public_cfg == {"name": "x", "on": True} for job in jobs)
    assert all(open_secrets(installation.keys, job.id, job.secret_cfg) == {"pin": 1} for job in jobs)
    assert {job.name for job in jobs} == {f"Context-{job.old_id[:36]}" for job in jobs}
    assert (log.status, log.job_id, uuid.UUID(log.old_id)) == ("succeeded", jobs[-1].id, uuid.UUID(int=9))
    assert log.finished_at is not None
    assert bring_over(installation, old) == (0, 0)


def test_ids_may_be_text_and_a_token_may_stand_in_a_json_column(installation: Installation, old: OldDatabase):
    old.table(
        "jobs",
        [
            Column("id", String(20), primary_key=True),
            *(Column(name, Text) for name in ("cron_expr", "handler_path")),
            Column("public_cfg", JSON),
            Column("secret_cfg", JSON),
        ],
        [a_job("a/1", secret_cfg=old.token({"pin": "1"})), a_job("b 2", public_cfg='{"text": 1}', secret_cfg={"p": 2})],
    )
    old.table("job_logs", [Column(name, Text) for name in ("id", "job_id", "run_log", "traceback")], [])
    assert bring_over(installation, old) == (2, 0)
    first, second = rows_of(installation, tables.jobs)
    assert (first.old_id, first.name) == ("a/1", "Context-a1")
    assert open_secrets(installation.keys, first.id, first.secret_cfg) == {"pin": "1"}
    assert open_secrets(installation.keys, second.id, second.secret_cfg) == {"p": 2}
    assert second.public_cfg == {"text": 1}


def test_what_is_wrong_with_a_row_is_told_and_the_row_arrives_all_the_same(
    installation: Installation, old: OldDatabase, tmp_path: Path
):
    (tmp_path / "samples").mkdir()
    for name in ("__init__.py", "good.py"):
        shutil.copy(PLUGINS / "samples" / name, tmp_path / "samples")
    few = installation.settings.model_copy(update={"extensions_dir": tmp_path})
    installation = replace(installation, settings=few)
    (tmp_path / "other").mkdir()
    other = old_database("", tmp_path / "other")
    fill(
        old,
        [
            a_job(1, name="cron", cron_expr="0 0 2 * * *"),
            a_job(2, name="zone", timezone="Asia/Peking"),
            a_job(3, name="handler", handler_path="app.jobs.sync.job.SyncTokenJob"),
            a_job(4, name="moved", handler_path="app.jobs.greetings.Hello"),
            a_job(5, name="foreign", secret_cfg=other.token({"password": "x"})),
            a_job(6, name="broken", secret_cfg="junk", public_cfg=[1]),
            a_job(7, name="model", handler_path="samples.good:Hello", public_cfg={"name": [1]}),
            a_job(8, name="nan", secret_cfg='{"x": 1e999}'),
        ],
        [],
    )
    found = {job.settings.name: job for job in look_at(installation, old).jobs}
    assert {name: list(job.problems) for name, job in found.items()} == {
        "cron": ["cron"],
        "zone": ["timezone"],
        "handler": ["handler"],
        "moved": ["handler"],
        "foreign": ["secrets"],
        "broken": ["secrets", "params"],
        "model": ["settings"],
        "nan": ["secrets"],
    }
    assert "has 6 fields" in found["cron"].problems["cron"]
    assert found["handler"].problems["handler"].endswith("it should become extensions.sync.job:SyncTokenJob")
    assert found["moved"].problems["handler"].endswith("there is samples.good:Hello")
    assert {len(job.next_times) for job in found.values()} == {0, 5}
    assert bring_over(installation, old) == (8, 0)
    assert not any(job.enabled for job in rows_of(installation, tables.jobs))
    assert installation.job("foreign").schedule_error == "its secrets are unreadable with this key; set them anew"
    with pytest.raises(ScheduleError, match="has 6 fields"):
        set_enabled(installation.office(), ALICE, installation.job("cron"), True)
    with pytest.raises(ScheduleError, match="'Asia/Peking' is not known"):
        set_enabled(installation.office(), ALICE, installation.job("zone"), True)


def test_a_second_import_brings_what_is_new_and_nothing_twice(installation: Installation, old: OldDatabase):
    fill(old, [a_job(1)], [{"id": 1, "job_id": 1}, {"id": 2, "job_id": 1, "status": "running", "finished_at": None}])
    assert bring_over(installation, old) == (1, 1)
    assert bring_over(installation, old) == (0, 0)
    with old.write() as connection:
        connection.execute(text("UPDATE job_logs SET status = 'ok' WHERE id = 2"))
        connection.execute(text("INSERT INTO job_logs (id, job_id, traceback) VALUES (3, 1, 'E: bad'), (4, 99, '')"))
        connection.execute(
            text(
                "INSERT INTO jobs (id, cron_expr, handler_path, public_cfg) "
                "VALUES (2, '@daily', 'samples.good:Context', 'null')"
            )
        )
    assert look_at(installation, old).logs_without_job == 1
    assert bring_over(installation, old) == (1, 2)
    assert [log.old_id for log in rows_of(installation, tables.job_logs)] == ["1", "2", "3"]


def test_a_failure_of_the_old_system_owes_no_alert_and_needs_nobody(installation: Installation, old: OldDatabase):
    fill(old, [a_job(1, name="nightly")], [{"id": 1, "job_id": 1, "traceback": TRACEBACK}])
    bring_over(installation, old)
    assert rows_of(installation, tables.alert_outbox) == []
    seen = look(installation.database, installation.settings)
    assert (seen.failing_count, seen.acknowledged_count) == (0, 1)


def test_the_newest_logs_of_each_job_come_where_a_limit_is_set_and_long_ones_are_cut(
    installation: Installation, old: OldDatabase
):
    long = "首" * 5000 + "x" * 5000 + "end"
    logs = [{"id": number, "job_id": 1, "run_log": long} for number in range(1, 6)]
    fill(old, [a_job(1), a_job(2)], [*logs, {"id": 6, "job_id": 2}])
    assert bring_over(installation, old, limit=2) == (2, 3)
    found = rows_of(installation, tables.job_logs)
    assert [log.old_id for log in found] == ["4", "5", "6"]
    assert len(found[0].run_log.encode()) < 11_000
    assert found[0].run_log.startswith("首")
    assert found[0].run_log.endswith("xend")
    assert "bytes of log left out" in found[0].run_log


def test_the_import_is_one_audit_row_and_each_job_has_its_first_version(installation: Installation, old: OldDatabase):
    fill(old, [a_job(1, secret_cfg=old.token({"pin": "4711"})), a_job(2, cron_expr="")], [{"id": 1, "job_id": 1}])
    bring_over(installation, old)
    (audit,) = rows_of(installation, tables.audit)
    counts = {"jobs": 2, "jobs_there": 0, "jobs_refused": 1, "secrets_unreadable": 0, "logs": 1}
    assert (audit.action, audit.target_kind, audit.detail) == ("db.import", "database", counts)
    revisions = rows_of(installation, tables.job_revisions)
    assert [row.settings["secrets"] for row in revisions] == [["pin"], []]
    assert "4711" not in str(revisions)


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_the_command_tells_asks_and_prints_no_secret(installation: Installation, old: OldDatabase, tmp_path: Path):
    fill(old, [a_job(1, name="nightly", secret_cfg=old.token({"pin": "geheim"}))], [{"id": 1, "job_id": 1}])
    cli = Cli(installation.environment(), tmp_path)
    arguments = ("db", "import", "--key", str(old.key_file))
    (tmp_path / "url").write_text(f"{old.url}\n")
    unasked = cli(*arguments, "--from", "@url")
    assert unasked.code == 2
    assert "say --yes" in unasked.err
    assert "nightly: 20" in unasked.out
    assert "to copy: 1 jobs, 1 logs" in unasked.out
    assert rows_of(installation, tables.jobs) == []
    done = cli(*arguments, "--yes", OLD_DB_URL=old.url)
    assert (done.code, done.out.splitlines()[-2:]) == (
        0,
        ["stop the old beat first, then enable them here:", "connecthub job enable nightly"],
    )
    again = cli(*arguments, "--from", "-", "--yes", "--json", stdin=old.url)
    assert (again.json["added"], again.json["copied"], again.json["jobs"][0]["already_there"]) == (0, 0, True)
    assert "geheim" not in unasked.out + done.out + done.err + again.out
    literal = cli(*arguments, "--from", "postgresql://me:geheim@db/app")
    assert refusal(literal, "takes no URL with a password", "@FILE") is None
    assert "geheim" not in literal.err


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_where_it_was(installation: Installation, old: OldDatabase, tmp_path: Path):
    count = 10_000
    fill(old, [a_job(1)], [{"id": number, "job_id": 1, "run_log": "x" * 500} for number in range(count)])
    cli = Cli(installation.environment(), tmp_path)
    arguments = ("db", "import", "--key", str(old.key_file), "--yes")
    with cli.live(*arguments, OLD_DB_URL=old.url) as first:
        first.wait_for("logs: ")
        first.send(signal.SIGKILL)
        first.end()
    copied = len(rows_of(installation, tables.job_logs))
    assert 0 < copied < count
    done = cli(*arguments, "--json", OLD_DB_URL=old.url)
    assert (done.json["added"], done.json["copied"]) == (0, count - copied)
    logs = rows_of(installation, tables.job_logs)
    assert [log.old_id for log in logs] == [str(number) for number in range(count)]
