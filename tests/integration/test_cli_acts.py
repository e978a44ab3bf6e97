"""Editing, retrying, pruning, rotating: the commands that act, as people type them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from connecthub.db import job_logs, tables, workers
from connecthub.db.job_logs import Ending, Status
from connecthub.db.migrations import HEAD
from tests.cli import Cli, refusal
from tests.integration.conftest import Installation

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
"""For what does not depend on the stack: the functions behind it are tested on both."""


@pytest.fixture
def cli(installation: Installation, tmp_path: Path) -> Cli:
    return Cli(installation.environment(), tmp_path)


def end(installation: Installation, log_id: int, status: Status, error: str | None = None) -> None:
    token = f"{log_id:032d}"
    assert job_logs.claim(installation.database, log_id, token, "host:1:test", 60) is not None
    with installation.database.write() as connection:
        assert job_logs.finish(connection, log_id, token, Ending(status, "first\nlast\n", error=error))


@EMBEDDED
@pytest.mark.slow
def test_a_job_is_edited_shown_in_its_history_and_taken_back(installation: Installation, cli: Cli, tmp_path: Path):
    installation.add(enabled=False)
    (tmp_path / "secrets.json").write_text('{"token": "c4nary-token"}')
    edited = cli("job", "edit", "job", "--cron", "0 3 * * *", "--timeout", "90", "--secrets", "@secrets.json")
    assert (edited.code, edited.err) == (0, "")
    assert edited.out == "job job saved as version 2; `connecthub job revert 1` takes it back\n"
    assert cli("job", "edit", "job", "--timeout", "90").out == "job job is so already; nothing was saved\n"

    told = cli("job", "history", "job")
    assert re.search(
        r'^2 .* local:\S+ +cron_expr: "\* \* \* \* \*" → "0 3 \* \* \*"; timeout: 3600.0 → 90.0; secrets changed$',
        told.out,
        re.MULTILINE,
    )
    saves = cli("job", "history", "job", "--json").json
    assert saves[0]["changes"]["cron_expr"] == {"before": "* * * * *", "after": "0 3 * * *"}
    assert saves[0]["changes"]["secrets"] == "changed"

    assert cli("job", "revert", "job").out.startswith("job job saved as version 3, with its earlier settings")
    shown = cli("job", "show", "job", "--json").json
    assert (shown["cron_expr"], shown["timeout"], shown["secret_cfg"]) == ("* * * * *", 3600.0, {"token": "***"})


@EMBEDDED
def test_an_edit_is_refused_where_the_version_is_another(installation: Installation, cli: Cli):
    installation.add(enabled=False)
    cli("job", "edit", "job", "--timeout", "90")
    assert refusal(cli("job", "edit", "job", "--timeout", "80", "--if-version", "1"), "version 2, not 1") is None
    assert refusal(cli("job", "edit", "job"), "nothing to change", "--help") is None
    assert refusal(cli("job", "edit", "job", "--params", '{"name": 7}'), "params.name") is None
    assert refusal(cli("job", "revert", "job", "--version", "9"), "no version 9", "1 to 2") is None


@EMBEDDED
def test_jobs_are_disabled_and_enabled(installation: Installation, cli: Cli):
    installation.add("a")
    installation.add("b")
    assert cli("job", "disable", "a", "b").out == "job a is disabled\njob b is disabled\n"
    assert "disabled already" in cli("job", "disable", "a").out
    assert re.match(r"job a is enabled, next run \d{4}-.* UTC\n", cli("job", "enable", "a").out)


@EMBEDDED
def test_deleting_asks_and_without_a_terminal_wants_yes(installation: Installation, cli: Cli):
    installation.add(enabled=False)
    installation.run()
    assert refusal(cli("job", "delete", "job"), "--yes") is None
    deleted = cli("job", "delete", "job", "--yes")
    assert (deleted.code, deleted.out) == (0, "job job is deleted, 1 queued runs cancelled; its JobLogs stay\n")
    assert refusal(cli("job", "show", "job"), "no job 'job'") is None


@EMBEDDED
@pytest.mark.slow
def test_what_failed_is_retried_by_number_and_by_filter(installation: Installation, cli: Cli):
    seen = installation.add(params={"name": "you"}, enabled=False)
    first, second = installation.run(), installation.run()
    end(installation, first, Status.FAILED, "boom")
    end(installation, second, Status.TIMED_OUT, "late")
    cli("job", "edit", str(seen.id), "--params", '{"name": "all"}')
    told = cli("log", "retry", str(first))
    assert told.out == (
        f"run 3 is queued: a retry of {first} (job); since then public_cfg is now {{'name': 'all'}}, "
        "was {'name': 'you'}\n"
    )
    assert refusal(cli("log", "retry"), "--job") is None
    assert "already asked: run 3" in cli("log", "retry", str(first)).err
    assert refusal(cli("log", "retry", "--job", "job", "--status", "bogus"), "no status 'bogus'") is None
    end(installation, 3, Status.FAILED, "again")
    assert refusal(cli("job", "retry-failed", "job"), "--yes") is None
    assert cli("job", "retry-failed", "job", "--yes").out.count("is queued: a retry of") == 2
    assert cli("job", "retry-failed", "job", "--yes").out == "nothing matches that did not succeed\n"


@EMBEDDED
@pytest.mark.slow
def test_logs_are_filtered_tailed_and_pruned(installation: Installation, cli: Cli):
    installation.add()
    old, new = installation.run(), installation.run()
    end(installation, old, Status.FAILED, "boom")
    end(installation, new, Status.SUCCEEDED)
    assert [row["id"] for row in cli("log", "list", "--text", "BOOM", "--json").json] == [old]
    assert [row["id"] for row in cli("log", "list", "--since", "1h", "--json").json] == [new, old]
    assert cli("log", "list", "--until", "1h", "--json").json == []
    assert [row["id"] for row in cli("log", "list", "--before", str(new), "--json").json] == [old]
    assert refusal(cli("log", "list", "--since", "yesterday-ish"), "is no time", "2026-11-24") is None
    assert cli("log", "tail", str(new), "-n", "1").out == "last\n"
    assert cli("log", "tail", str(new), "-f").out == "first\nlast\n"

    table = tables.job_logs
    with installation.database.write() as connection:
        past = installation.log(old).row.finished_at - timedelta(days=40)
        connection.execute(update(table).where(table.c.id == old).values(finished_at=past))
    assert cli("log", "prune", "--dry-run").out.startswith("1 JobLogs that ended before ")
    assert refusal(cli("log", "prune"), "--yes") is None
    assert cli("log", "prune", "--yes").out == "1 JobLogs are deleted\n"
    assert [row["id"] for row in cli("log", "list", "--json").json] == [new]


@EMBEDDED
def test_a_log_is_followed_to_the_end_of_its_run(installation: Installation, cli: Cli):
    installation.add(handler="samples.good:Chatty")
    with installation.process("worker"):
        log_id = installation.run(bell=True)
        followed = cli("log", "tail", str(log_id), "-f")
    assert followed.code == 0
    assert "say 1" in followed.out
    assert "say 11, no line end" in followed.out


@EMBEDDED
def test_a_run_takes_own_params_and_past_slots(installation: Installation, cli: Cli):
    installation.add(cron_expr="0 2 * * *")
    run = cli("job", "run", "job", "--params", '{"name": "all"}', "--json").json
    assert (run["public_cfg"], run["trigger"]) == ({"name": "all"}, "manual")
    slot = cli("job", "run", "job", "--slot", "2026-11-20 02:00", "--json").json
    assert (slot["trigger"], slot["scheduled_for"]) == ("backfill", "2026-11-20T02:00:00+00:00")
    assert refusal(cli("job", "run", "job", "--slot", "2026-11-20 02:30"), "has no slot at") is None


@EMBEDDED
def test_a_key_is_added_and_rotated(installation: Installation, cli: Cli):
    installation.add(handler="samples.good:Context", secrets={"password": "c4nary"})
    assert refusal(cli("key", "rotate"), "connecthub key add") is None
    added = cli("key", "add")
    assert re.match(r"key [0-9a-f]{16} is added to .*; copy that file to every host", added.out)
    assert refusal(cli("key", "add"), "was added already") is None
    done = cli("key", "rotate", "--json").json
    assert (done["sealed"], done["left"]) == (1, 0)
    assert cli("key", "check").code == 0
    assert cli("job", "show", "job", "--json").json["secret_cfg"] == {"password": "***"}


@EMBEDDED
@pytest.mark.slow
def test_the_database_the_settings_and_the_plugins_are_looked_at(installation: Installation, cli: Cli):
    installation.add()
    facts = cli("db", "check", "--json").json
    assert (facts["schema"], facts["jobs"], facts["unreadable"]) == (HEAD, 1, [])
    (cli.folder / ".env").write_text("NOT_OURS=1\n")
    checked = cli("config", "check", "--json").json
    assert (checked["ignored"], checked["settings"]["TIMEZONE"]) == (["NOT_OURS"], "UTC")
    listed = {row.get("handler") or row["module"]: row for row in cli("plugin", "list", "--json").json}
    assert listed["samples.good:Hello"]["doc"] == "Greets."
    assert "no licence" in listed["samples.broken"]["error"]
    shown = cli("plugin", "show", "samples.good:Hello")
    assert "\ndescription\nGreets.\n" in shown.out
    assert "name: string, may be left out" in shown.out
    assert 'you: {"name": "you"}' in shown.out


def test_status_says_what_needs_a_person(installation: Installation, cli: Cli):
    installation.add()
    calm = cli("status")
    assert "no worker gives a sign of life" in calm.out
    log_id = installation.run()
    end(installation, log_id, Status.FAILED, "boom\nsecond line")
    told = cli("status").out
    assert f"job job failed (run {log_id}): boom\n" in told
    assert len(told.splitlines()) <= 10
    seen = cli("status", "--json").json
    assert seen["failing"][0]["id"] == log_id
    assert datetime.fromisoformat(seen["at"]).tzinfo is not None


def test_cron_expressions_are_explained_and_completion_is_printed(tmp_path: Path):
    cli = Cli({**Cli({}, tmp_path).environment, "PATH": "/usr/bin:/bin", "TIMEZONE": "Asia/Shanghai"}, tmp_path)
    shown = cli("cron", "next", "0 2 * * *", "--from", "2026-11-24 12:00", "--count", "2")
    assert shown.out.splitlines() == [
        "At 02:00",
        "Asia/Shanghai        UTC",
        "2026-11-25 02:00:00  2026-11-24 18:00:00",
        "2026-11-26 02:00:00  2026-11-25 18:00:00",
    ]
    fires = cli("cron", "next", "0 2 * * *", "--timezone", "UTC", "--from", "2026-11-24", "--json").json
    assert fires[0] == "2026-11-24T02:00:00+00:00"
    assert refusal(cli("cron", "next", "61 * * * *"), "'61'") is None
    for shell in ("bash", "zsh", "fish"):
        assert "_CONNECTHUB_COMPLETE" in cli("completion", shell).out
    words = {"COMP_WORDS": "connecthub jo", "COMP_CWORD": "1", "_CONNECTHUB_COMPLETE": "bash_complete"}
    assert json.dumps(cli(**words).out) == json.dumps("plain,job\n")


@EMBEDDED
def test_status_lists_workers_and_who_serves_a_queue_no_more(installation: Installation, cli: Cli):
    told = "no worker gave a sign of life within a day"
    assert told in cli("status", "--workers").out
    with installation.database.write() as connection:
        for pid, queue in ((11, "default"), (12, "reports")):
            row = {"host": "h", "pid": pid, "nonce": f"n{pid}", "queue": queue, "threads": 2, "version": "1"}
            workers.insert_worker(connection, {**row, "key_fingerprints": ""})
        lost = update(tables.workers).where(tables.workers.c.pid == 12)
        connection.execute(lost.values(seen_at=datetime.now(UTC) - timedelta(minutes=5)))
    installation.add()
    log_id = installation.run()
    assert job_logs.claim(installation.database, log_id, "t" * 32, "h:11:n11", 60) is not None
    rows = [line.split()[:6] for line in cli("status", "--workers").out.splitlines()[1:]]
    assert rows == [["h:11", "default", "1", "of", "2", "lives"], ["h:12", "reports", "0", "of", "2", "lost"]]
    told = cli("status").out
    assert "workers: h:11 default 1 of 2 busy" in told
    assert "queue reports: nobody serves it since worker h:12 was lost at" in told
