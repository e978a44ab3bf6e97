"""What the next shift has to know: gathered on both stacks, and as text that is ready to paste."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from connecthub.cli.handover_text import code, lines_of
from connecthub.control.acknowledging import acknowledge
from connecthub.control.actor import Actor, Role
from connecthub.control.cancelling import cancel_log
from connecthub.control.handover import SHOWN, Handover, hand_over
from connecthub.control.jobs import SecretChanges, delete_job, edit_job, set_enabled
from connecthub.core.safe_text import display_width
from connecthub.db import tables
from connecthub.errors import ConfigError, Forbidden, ScheduleError
from tests.cli import Cli, refusal, terminal_codes
from tests.integration.conftest import ALICE, Installation
from tests.integration.test_browsing import add_jobs
from tests.integration.test_overview import add_run
from tests.integration.test_plans import NUMBERS, columns_of, statements

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
HOUR = 3600.0
HOSTILE = "# *b* [x](http://y) <b> `c`\x1b]52;c;x\x07"


def gather(installation: Installation, since: str = "12h", zone: str | None = None) -> Handover:
    return hand_over(installation.database, installation.settings, since, zone)


def told(installation: Installation, since: str = "12h", zone: str | None = None) -> str:
    return "\n".join(lines_of(gather(installation, since, zone), "plant"))


def section(text: str, name: str) -> list[str]:
    """The heading of a section, what follows the colon, and its lines."""
    (found,) = re.findall(rf"^## {name}: (.*(?:\n(?!\n).*)*)", text, re.MULTILINE)
    return found.splitlines()


def of_job(installation: Installation, name: str) -> dict[str, Any]:
    row = installation.job(name)
    return {"job_id": row.id, "job_name": row.name}


def test_an_installation_at_rest_says_that_nothing_happened(installation: Installation):
    text = told(installation, zone="Asia/Shanghai")
    assert text.startswith("# Handover: `plant`\n\n")
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d to \d{4}-\d\d-\d\d \d\d:\d\d \(Asia/Shanghai\)$", text, re.MULTILINE)
    for name in ("Failed", "Recovered", "Did not run", "Run, retried or cancelled by hand", "Refused"):
        assert section(text, name) == ["nothing"], name
    assert section(text, "Alerts not delivered") == ["none"]
    assert section(text, "Open now") == [
        "1 thing",
        "- 0 running, 0 waiting, 0 workers",
        "- no worker gives a sign of life",
    ]


def test_failures_are_told_by_job_with_first_last_cause_and_what_became_of_them(installation: Installation):
    for name in ("still", "well", "seen", "old", "gone"):
        installation.add(name)
    still, well, seen, old, gone = (of_job(installation, name) for name in ("still", "well", "seen", "old", "gone"))
    add_run(installation, "failed", 20 * HOUR, error="before the shift", **old)
    add_run(installation, "failed", 20 * HOUR, error="before the shift", **well)
    add_run(installation, "crashed", 4 * HOUR, error="ConnectionError: refused\nmore", **gone)
    add_run(installation, "failed", 4 * HOUR, error="boom", **well)
    first = add_run(installation, "timed_out", 3 * HOUR, **still)
    last = add_run(installation, "failed", 2 * HOUR, error="ConnectionError: refused\nby them", **still)
    add_run(installation, "cancelled", 2 * HOUR, reason="cancelled by bob", **still)
    healed = add_run(installation, "succeeded", 1 * HOUR, **well)
    back = add_run(installation, "succeeded", 1 * HOUR, **old)
    noted = add_run(installation, "failed", 1 * HOUR, error="down", **seen)
    acknowledge(installation.database, ALICE, "seen", "their server is down until noon")
    delete_job(installation.office(), ALICE, "gone")

    found = gather(installation)
    assert [(row.job_name, row.count, row.log_id) for row in found.failures.rows][:2] == [
        ("seen", 1, noted),
        ("still", 2, last),
    ]
    assert {row.job_name for row in found.failures.rows} == {"seen", "still", "gone", "well"}
    assert (found.failures.count, found.failed_runs) == (4, 5)
    rows = {row.job_name: row for row in found.failures.rows}
    assert rows["still"].first == installation.log(first).row.finished_at
    assert rows["still"].last == installation.log(last).row.finished_at
    assert rows["well"].recovered_at == installation.log(healed).row.finished_at
    assert (rows["seen"].actor, rows["seen"].note) == ("alice", "their server is down until noon")
    assert {(row.job_name, row.log_id) for row in found.recovered.rows} == {("well", healed), ("old", back)}

    text = told(installation)
    failed = section(text, "Failed")
    assert failed[0] == "4 jobs, 5 runs"
    assert re.match(r"- `still`: 2 times, (..-.. )?\d\d:\d\d to (..-.. )?\d\d:\d\d; still failing$", failed[5])
    assert failed[6] == f"  run {last} failed: `ConnectionError: refused`"
    assert failed[3:5] == ["  acknowledged by `alice`:", "  `their server is down until noon`"]
    assert any(re.match(r"- `gone`: once, .*; the job was deleted", line) for line in failed)
    assert any(re.match(r"- `well`: once, .*; recovered ", line) for line in failed)
    assert section(text, "Recovered")[0] == "2 jobs"
    assert "- 2 jobs of those above, under Failed" in section(text, "Open now")
    assert max(map(display_width, text.splitlines())) <= 80


def test_what_did_not_run_and_what_is_open_is_told(installation: Installation):
    installation.add("late")
    job = of_job(installation, "late")
    slot = datetime.now(UTC) - timedelta(hours=2)
    add_run(installation, "skipped", HOUR, reason="misfire: 30 missed", missed_count=30, scheduled_for=slot,
            missed_from=slot - timedelta(hours=1), **job)  # fmt: skip
    for minute in range(3):
        at = slot + timedelta(minutes=minute)
        add_run(installation, "skipped", HOUR, reason="overlap: run 7", scheduled_for=at, **job)
    add_run(installation, "skipped", HOUR, reason="queue_full: run 7", scheduled_for=slot, **job)
    add_run(installation, "queued", 600, **job)
    add_run(installation, "running", 3590, token="t", timeout=60, **job)
    with installation.database.write() as connection:
        connection.execute(tables.jobs.update().values(schedule_error="zone `Mars` is not known", next_run_at=None))
    found = gather(installation)
    rows = {row.kind: row for row in found.did_not_run.rows}
    assert {kind: row.slots for kind, row in rows.items()} == {"misfire": 30, "overlap": 3, "queue_full": 1}
    assert (rows["misfire"].first, rows["misfire"].last) == (slot - timedelta(hours=1), slot)
    text = told(installation)
    assert any(
        re.match(r"- `late`: 30 slots missed, .* to .* \(run 1\)$", line) for line in section(text, "Did not run")
    )
    open_now = section(text, "Open now")
    assert re.match(r"- 1 running, 1 waiting since .*, 0 workers", open_now[1])
    assert any(re.match(r"- `late`: run \d+ runs since .*, its timeout of 60 s is near", line) for line in open_now)
    assert open_now[open_now.index("- `late` has no next run:") + 1] == "  `zone 'Mars' is not known`"


def test_what_was_changed_and_refused_is_told_without_a_secret(installation: Installation):
    installation.add("nightly", handler="samples.good:Secretive", secrets={"password": "c4nary-one"})
    office, bob = installation.office(), replace(ALICE, name="bob", via="ssh", address="10.1.2.3")
    secret = SecretChanges({"password": "c4nary-two"})
    edit_job(office, bob, installation.job("nightly"), {"timeout": 90.0, "cron_expr": "30 2 * * *"}, secret)
    set_enabled(office, ALICE, installation.job("nightly"), False, "their server moves")
    with pytest.raises(Forbidden):
        delete_job(office, Actor("vera", Role.VIEWER, "tui"), "nightly")
    for _ in range(3):
        cancel_log(installation.database, installation.ring, bob, installation.run("nightly"), "wrong file")
    text = told(installation)
    changed = section(text, "Changed")
    assert "c4nary" not in text
    times = re.compile(r"^- (..-.. )?\d\d:\d\d ")
    assert times.sub("- ", changed[1]) == "- `alice` job.disable `nightly` (test)"
    assert changed[2:4] == ["  reason: `their server moves`", "  - `enabled: yes → no`"]
    assert times.sub("- ", changed[4]) == "- `bob` job.edit `nightly` (ssh `10.1.2.3`)"
    assert sorted(changed[5:8]) == [
        "  - `cron_expr: * * * * * → 30 2 * * *`",
        "  - `secrets: changed`",
        "  - `timeout: 3600 → 90`",
    ]
    assert times.sub("- ", changed[8]) == "- `alice` job.add `nightly` (test)"
    by_hand = section(text, "Run, retried or cancelled by hand")
    assert by_hand[0] == "2 kinds"
    assert re.match(r"- `bob` log.cancel `nightly` 3 times, ", by_hand[1])
    assert by_hand[2] == "  reason: `wrong file`"
    refused = section(text, "Refused")
    assert (refused[0], times.sub("- ", refused[1])) == ("1 attempt", "- `vera` job.delete `nightly` (tui)")
    assert refused[2].startswith("  - `refused: vera is viewer: job.delete needs the role admin")


def test_alerts_that_nobody_got_are_counted(installation: Installation):
    now = datetime.now(UTC)
    with installation.database.write() as connection:
        owed = {"kind": "failed", "detail": {}, "created_at": now}
        connection.execute(insert(tables.alert_outbox), [owed, owed, {**owed, "kind": "missed"}])
        channel = {"name": "ops *1*", "service": "json", "sealed_url": "x", "created_at": now}
        channel_id = connection.execute(
            insert(tables.alert_channels).values(channel).returning(tables.alert_channels.c.id)
        ).scalar_one()
        ids = connection.execute(select(tables.alert_outbox.c.id).order_by(tables.alert_outbox.c.id)).scalars().all()
        rows = [
            {"alert_id": ids[0], "next_try_at": now, "sent_at": None},
            {"alert_id": ids[1], "next_try_at": None, "sent_at": None},
            {"alert_id": ids[2], "next_try_at": None, "sent_at": now},
        ]
        connection.execute(
            insert(tables.alert_deliveries), [row | {"channel_id": channel_id, "tries": 1} for row in rows]
        )
    alerts = section(told(installation), "Alerts not delivered")
    assert re.sub(r"since .*", "since", "\n".join(alerts[1:3])) == (
        "- 2 failed not handed on since\n- 1 missed not handed on since"
    )
    assert alerts[3:] == ["- channel `ops *1*`: 1 not delivered yet, 1 given up"]


def test_text_from_outside_stands_in_code_spans_and_acts_on_no_terminal(installation: Installation):
    installation.add("夜间 *同步* `x` " * 12)
    job = of_job(installation, "夜间 *同步* `x` " * 12)
    add_run(installation, "failed", 60, error=HOSTILE, **job)
    acknowledge(installation.database, replace(ALICE, name=HOSTILE.split("\x1b")[0]), "1", "note *")
    text = told(installation)
    assert terminal_codes(text) == set()
    without_code = re.sub(r"`[^`\n]*`", "", text)
    assert re.search(r"[*\[<`]", without_code) is None
    assert re.findall("^#.*", without_code, re.MULTILINE)[0] == "# Handover: "
    assert max(map(display_width, text.splitlines())) <= 120
    assert code("`") == "`'`"
    assert code("  ") == "`-`"


def test_times_are_those_of_the_past_in_the_zone_of_who_asks(installation: Installation):
    found = gather(installation, "23:59", "Asia/Shanghai")
    assert timedelta(0) <= found.at - found.since <= timedelta(days=1)
    assert found.since.utctimetuple()[3:5] == (15, 59)
    assert found.zone == "Asia/Shanghai"
    assert gather(installation, "12h").zone == "UTC"
    with pytest.raises(ConfigError, match="'2999-01-01' is to come"):
        gather(installation, "2999-01-01")
    with pytest.raises(ConfigError, match="'soon' is no time"):
        gather(installation, "soon")
    with pytest.raises(ScheduleError, match="'Mars' is not known"):
        gather(installation, zone="Mars")


@pytest.mark.slow
def test_a_bad_night_is_told_in_bounded_lists_and_few_statements(installation: Installation):
    installation.add()
    add_jobs(installation, 200)
    add_run(installation, "failed", HOUR, error="boom")
    with installation.database.write() as connection:
        numbers = NUMBERS[connection.dialect.name].format(many=10_000)
        for table, unlike in (
            ("job_logs", {"id": "n", "job_id": "1 + n % 200", "job_name": "'job-' || (n % 200)"}),
            ("audit", {"id": "n + 100", "action": "'job.edit'"}),
        ):
            names = columns_of(connection, table)
            values = ", ".join(unlike.get(name, f'source."{name}"') for name in names)
            listed = ", ".join(f'"{name}"' for name in names)
            connection.execute(
                text(
                    f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} AS source,"
                    f" ({numbers}) AS counted WHERE source.id = 1"
                )
            )
    done = list[tuple[str, Any]]()
    with statements(done):
        found = gather(installation)
    assert (found.failed_runs, found.failures.count, len(found.failures.rows)) == (10_000, 201, SHOWN)
    assert (found.changes.count, len(found.changes.rows)) == (10_000, SHOWN)
    reads = [statement for statement, _ in done if statement.lstrip().startswith(("SELECT", "WITH"))]
    assert len(reads) < 100
    text_of_it = "\n".join(lines_of(found, "plant"))
    assert f"- and {201 - SHOWN} more" in section(text_of_it, "Failed")
    assert f"- and {10_000 - SHOWN} more" in section(text_of_it, "Changed")
    assert len(text_of_it.splitlines()) < 600


@EMBEDDED
def test_the_command_answers_for_people_and_for_programs(installation: Installation, tmp_path: Path):
    cli = Cli({**installation.environment(), "INSTANCE_NAME": "plant"}, tmp_path)
    installation.add(enabled=False)
    bad = add_run(installation, "failed", 60, error="boom")
    plain, as_json, to_come = cli.each(
        [
            ("handover", "--since", "1h", "--zone", "Asia/Shanghai"),
            ("handover", "--json"),
            ("handover", "--since", "2999-01-01"),
        ]
    )
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.startswith("# Handover: `plant`\n\n")
    assert "(Asia/Shanghai)" in plain.out
    assert f"\n  run {bad} failed: `boom`\n" in plain.out
    told = as_json.json
    assert (told["instance"], told["failed_runs"]) == ("plant", 1)
    assert told["failed"]["newest"][0]["log_id"] == bad
    assert told["since"].endswith("+00:00")
    assert [need["kind"] for need in told["open"]] == ["no_worker", "failing"]
    assert told["changed"]["newest"][0]["action"] == "job.add"
    assert refusal(to_come, "'2999-01-01'", "18:00") is None
