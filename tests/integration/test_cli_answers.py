"""The way of a job through the commands: what each answers, to people and to programs."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from connecthub.db import tables
from tests.cli import Cli
from tests.integration.conftest import Installation

pytestmark = pytest.mark.slow


def columns(table: Table) -> set[str]:
    return set(table.c.keys())


def instants(answer: Any) -> dict[str, datetime]:
    """The values of an object that are instants, read as ISO 8601."""
    names = [name for name, value in answer.items() if name.endswith(("_at", "_until", "_for")) and value is not None]
    return {name: datetime.fromisoformat(answer[name]) for name in names}


@pytest.fixture
def cli(installation: Installation, tmp_path: Path) -> Cli:
    return Cli(installation.environment(), tmp_path)


def test_a_job_is_added_listed_and_shown(cli: Cli):
    added = cli(
        *("job", "add", "夜间 nightly", "--handler", "samples.good:Hello", "--cron", "30 2 * * *"),
        *("--timezone", "Asia/Shanghai", "--params", "-", "--timeout", "90"),
        stdin='{"name": "张三"}',
    )
    assert (added.code, added.err) == (0, "")
    assert added.out.startswith("job 1 added: 夜间 nightly, next run ")
    assert added.out.endswith(" 02:30:00 Asia/Shanghai\n")

    listed = cli("job", "list")
    assert (listed.code, listed.err) == (0, "")
    headings, line = listed.out.splitlines()
    assert headings.split() == ["ID", "NAME", "CRON", "ZONE", "NEXT", "RUN", "(UTC)", "HANDLER"]
    cells = re.split(" {2,}", line)
    assert cells[:4] == ["1", "夜间 nightly", "30 2 * * *", "Asia/Shanghai"]
    assert cells[4].endswith(":30:00")
    assert cells[5:] == ["samples.good:Hello"]

    shown = cli("job", "show", "夜间 nightly")
    facts = dict(line.split(None, 1) for line in shown.out.splitlines())
    assert (shown.code, shown.err) == (0, "")
    assert facts["name"] == "夜间 nightly"
    assert facts["public_cfg"] == '{"name": "张三"}'
    assert facts["timeout"] == "90 s"
    assert facts["next_run_at"].endswith(":30:00 UTC")
    assert "None" not in shown.out


def test_json_has_rows_under_their_column_names_and_instants_in_utc(installation: Installation, cli: Cli):
    asked_at = datetime.now(UTC)
    added = cli("job", "add", "nightly", "--handler", "samples.good:Hello", "--cron", "@hourly", "--json").json
    assert added.keys() == columns(tables.jobs)
    assert (added["name"], added["public_cfg"], added["tags"], added["enabled"]) == ("nightly", {}, [], True)
    assert set(instants(added)) == {"next_run_at", "created_at", "updated_at"}
    assert asked_at < instants(added)["next_run_at"] <= datetime.now(UTC) + timedelta(hours=1)

    installation.add("off", enabled=False)
    queued = cli("job", "run", "nightly", "--json").json
    assert queued.keys() == columns(tables.job_logs)
    assert (queued["status"], queued["trigger"], queued["job_id"]) == ("queued", "manual", 1)
    assert set(instants(queued)) == {"queued_at", "available_at", "ring_at"}
    assert all(at.utcoffset() == timedelta(0) for at in [*instants(added).values(), *instants(queued).values()])

    commands = [("job", "show", "1"), ("job", "list"), ("log", "show", str(queued["id"])), ("log", "list")]
    shown, jobs, logged, (row,) = (ran.json for ran in cli.each([(*command, "--json") for command in commands]))
    assert shown == added
    assert [(row["name"], row["enabled"]) for row in jobs] == [("nightly", True), ("off", False)]
    assert jobs[0].items() <= added.items()
    assert jobs[1]["next_run_at"] is None
    assert logged.keys() == columns(tables.job_logs) | {"log", "calls"}
    assert row.items() <= logged.items()


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_run_that_is_waited_for_ends_with_zero_or_with_one_and_its_cause(installation: Installation, cli: Cli):
    installation.add("good", params={"name": "you"})
    installation.add("bad", handler="samples.bad:Bad", params={"do": "raises"})
    with cli.live("worker"):
        good = cli("job", "run", "good", "--wait")
        bad = cli("job", "run", "bad", "--wait")
        bad_json = cli("job", "run", "bad", "--wait", "--json")
    assert (good.code, good.out) == (0, "run 1 succeeded\n")
    assert good.err == "run 1 is queued; waiting for its end, Ctrl-C leaves it to itself\n"
    cause = "run {} failed: ValueError: no such unit; `connecthub log show {}` has its log"
    assert (bad.code, bad.out) == (1, "run 2 failed\n")
    assert bad.err.splitlines()[1:] == [f"connecthub: {cause.format(2, 2)}"]
    assert (bad_json.code, bad_json.err) == (1, f"connecthub: {cause.format(3, 3)}\n")
    assert (bad_json.json["status"], bad_json.json["error"]) == ("failed", "ValueError: no such unit")

    listed, failed, of_good, shown, shown_json = cli.each(
        [
            ("log", "list"),
            ("log", "list", "--json", "--status", "failed", "--limit", "1"),
            ("log", "list", "--json", "--job", "good"),
            ("log", "show", "2"),
            ("log", "show", "1", "--json"),
        ]
    )
    assert [line.split()[:4] for line in listed.out.splitlines()[1:]] == [
        ["3", "bad", "failed", "manual"],
        ["2", "bad", "failed", "manual"],
        ["1", "good", "succeeded", "manual"],
    ]
    assert listed.out.splitlines()[1].endswith("ValueError: no such unit")
    assert [[row["id"] for row in ran.json] for ran in (failed, of_good)] == [[3], [1]]
    assert json.loads(shown_json.json["result"]) == {"greeted": "you"}
    assert shown_json.json["log"].endswith("INFO samples.good: hello you\n")
    facts, _, trace = shown.out.partition("\ntraceback\n")
    assert dict(line.split(None, 1) for line in facts.splitlines())["cause"] == "ValueError: no such unit"
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.endswith("\nValueError: no such unit\n")


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_ctrl_c_leaves_a_run_that_is_waited_for_to_itself(installation: Installation, cli: Cli):
    installation.add()
    with cli.live("job", "run", "job", "--wait") as waiting:
        waiting.wait_for("waiting for its end")
        waiting.send(signal.SIGINT)
        assert waiting.end() == 130
    assert "Traceback" not in waiting.said
    assert installation.log(1).row.status == "queued"


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_each_act_leaves_its_audit_row_with_the_account_of_the_shell(installation: Installation, cli: Cli):
    options = ("--handler", "samples.good:Secretive", "--cron", "@daily", "--secrets", "-")
    assert cli("job", "add", "audited", *options, stdin='{"password": "4711"}').code == 0
    assert cli("job", "run", "audited").code == 0
    assert cli("job", "run", "nobody").code == 2
    actor = f"local:{pwd.getpwuid(os.getuid()).pw_name}"
    with installation.database.read() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()
    acts = [(row.action, row.actor, row.role, row.via, row.target_name) for row in rows]
    assert acts == [("job.add", actor, "admin", "cli", "audited"), ("job.run", actor, "admin", "cli", "audited")]
    assert rows[0].detail["secrets"] == ["password"]
    assert installation.log(1).row.requested_by == actor


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_log_records_never_mix_with_the_answer(installation: Installation, cli: Cli):
    installation.add()
    ran = cli("job", "run", "job", "--json", LOG_LEVEL="debug", LOG_FORMAT="json")
    assert ran.code == 0
    assert ran.json["status"] == "queued"
    assert all(json.loads(line)["process"] == "cli" for line in ran.err.splitlines())


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_listings_of_nothing_say_how_something_comes_there(cli: Cli):
    commands = [("job", "list"), ("log", "list"), ("job", "list", "--json"), ("log", "list", "--json")]
    jobs, logs, *as_json = cli.each(commands)
    assert jobs.out == "no jobs yet; `connecthub job add` makes one\n"
    assert "`connecthub job run`" in logs.out
    assert [ran.json for ran in as_json] == [[], []]


COLUMNS_BEYOND_LENGTH = {"plain": 0, "夜间同步任务": 6, "emoji 🚀": 1, "한국어": 3, "cafe\u0301": -1}


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
@pytest.mark.parametrize("long_names", [{}, {"名" * 200: 29, "x" * 200: 0}], ids=["fit", "cut"])
def test_tables_line_up_whatever_the_names_are_made_of(
    installation: Installation, cli: Cli, long_names: dict[str, int]
):
    beyond_length = {**COLUMNS_BEYOND_LENGTH, **long_names}
    for name in beyond_length:
        installation.add(name)
        installation.run(name)

    def columns_before(text: str, line: str) -> int:
        name = next(name for name in beyond_length if name[:29] in line)
        return line.index(text) + beyond_length[name]

    jobs, runs = (ran.out.splitlines() for ran in cli.each([("job", "list"), ("log", "list")]))
    assert {columns_before("* * * * *", line) for line in jobs[1:]} == {jobs[0].index("CRON")}
    assert {columns_before("queued", line) for line in runs[1:]} == {runs[0].index("STATUS")}
    assert len(jobs) == len(runs) == 1 + len(beyond_length)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_who_waits_for_a_failed_run_learns_of_its_retry(installation: Installation, cli: Cli):
    installation.add("bad", handler="samples.bad:Bad", params={"do": "raises"}, max_retries=1)
    with cli.live("worker"):
        bad = cli("job", "run", "bad", "--wait")
    assert bad.code == 1
    assert "no such unit; run 2 is its retry; `connecthub log show 1` has its log" in bad.err
