"""The audit trail and the queues: filters and pages on both stacks, and the commands that list them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from connecthub.control.acknowledging import acknowledge
from connecthub.control.actor import Actor, Role
from connecthub.control.audit_reading import AuditChoice, audit_page, choose_acts, detail_lines, show_act, told_lines
from connecthub.control.cancelling import cancel_log
from connecthub.control.jobs import edit_job
from connecthub.control.queues import look_at_floor
from connecthub.db import job_logs, tables, workers
from connecthub.db.audit import SPAN
from connecthub.db.browsing import Cut
from connecthub.errors import ConfigError, Forbidden, NotFound
from tests.cli import Cli, terminal_codes
from tests.integration.conftest import ALICE, NOON, Installation
from tests.integration.test_browsing import walk
from tests.integration.test_plans import NUMBERS, statements

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
ACTS = (("alice", "job.edit", "夜间 50%"), ("bob", "job.run", "nightly"), ("Alice B", "log.retry", "nightly"))
HOSTILE = "\x1b]52;c;b3duZWQ=\x07\u202e"


def add_acts(installation: Installation, count: int) -> list[int]:
    """Acts of `ACTS` by turns, a minute apart from noon on; returns the numbers of all acts, the newest first."""
    rows = [
        {"at": NOON + timedelta(minutes=number), "actor": actor, "role": "admin", "via": "test", "action": action}
        | {"target_kind": "job", "target_id": 7 + number % 3, "target_name": target, "detail": {"log": number}}
        for number in range(count)
        for actor, action, target in [ACTS[number % 3]]
    ]
    with installation.database.write() as connection:
        connection.execute(text("DELETE FROM audit"))
        connection.execute(insert(tables.audit), rows)
        return list(connection.execute(text("SELECT id FROM audit ORDER BY id DESC")).scalars())


def ask(installation: Installation, typed: str, **more: Any) -> list[int]:
    return walk(lambda cut: audit_page(installation.database, typed, "UTC", cut), lambda row: row.id, **more)


def test_acts_are_filtered_and_their_pages_meet(installation: Installation):
    numbers = add_acts(installation, 60)
    edits, runs, retries = numbers[2::3], numbers[1::3], numbers[0::3]
    for typed, expected in {
        "": numbers,
        "by:alice": sorted(edits + retries, reverse=True),
        "by:bob": runs,
        "action:job.": sorted(edits + runs, reverse=True),
        "action:job.edit": edits,
        "target:夜间": edits,
        "target:50%": edits,
        "target:8": runs,
        "nightly alice": retries,
        "since:2026-11-24T12:50 by:bob": [number for number in runs if number >= numbers[9]],
        "since:2027-01-01": [],
        'by:"alice b"': retries,
        "nobody": [],
    }.items():
        assert ask(installation, typed) == expected, typed
        assert ask(installation, typed, back=True) == expected, typed
    page = audit_page(installation.database, "", "UTC", Cut("from", numbers[5], 3))
    assert [row.id for row in page.rows] == numbers[5:8]
    with pytest.raises(ConfigError, match="by: stands twice"):
        ask(installation, "by:a by:b")
    with pytest.raises(ConfigError, match="is no time"):
        ask(installation, "since:soon")


def test_a_rare_act_is_searched_for_among_the_newest_only_and_no_page_sorts(installation: Installation):
    add_acts(installation, 1)
    newest = SPAN + 20_001
    with installation.database.write() as connection:
        names = [column.name for column in tables.audit.c]
        values = [{"id": "n"}.get(name, f'source."{name}"') for name in names]
        numbers = NUMBERS[installation.database.dialect].format(many=20_000)
        listed, chosen = ", ".join(f'"{name}"' for name in names), ", ".join(values)
        connection.execute(text("UPDATE audit SET id = 1"))
        connection.execute(
            text(f"INSERT INTO audit ({listed}) SELECT {chosen} FROM audit AS source, ({numbers}) AS counted")
        )
        connection.execute(text(f"UPDATE audit SET id = {newest} WHERE id = 20000"))
        connection.execute(text("UPDATE audit SET actor = 'rare' WHERE id IN (100, 19990)"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE audit"))
    assert ask(installation, "by:rare") == []
    done = list[tuple[str, Any]]()
    with statements(done):
        for typed in ("", "by:rare", "since:1h", "since:2026-11-24"):
            for cut in (Cut(), Cut("last"), Cut("after", 9_000), Cut("before", 9_000), Cut("from", 9_000)):
                audit_page(installation.database, typed, "UTC", cut)
    prefix = "EXPLAIN " if installation.database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    asked = {(statement, repr(values)): values for statement, values in done if "audit" in statement}
    with installation.database.read() as connection:
        for (statement, _), values in asked.items():
            rows = connection.exec_driver_sql(prefix + statement, values).all()
            plan = "\n".join(str(row[-1]) for row in rows)
            assert re.search("Seq Scan|Sort|TEMP B-TREE", plan) is None, (statement, plan)
    assert len(asked) > 15


def test_what_an_act_changed_is_told_line_by_line(installation: Installation):
    installation.add(params={"name": "a", "kept": 1})
    changed = {"timeout": 90.0, "public_cfg": {"name": "b", "kept": 1}, "enabled": False}
    edit_job(installation.office(), ALICE, installation.job(), changed)
    (row,) = choose_acts(installation.database, AuditChoice(action="job.edit"), "UTC", 10)
    lines = ["enabled: yes → no", "public_cfg.name: a → b", "timeout: 3600 → 90"]
    assert sorted(line for line in detail_lines(row.detail) if not line.startswith("next_run_at")) == lines
    assert show_act(installation.database, row.id) == row
    with pytest.raises(NotFound, match="no act 999 in the audit trail"):
        show_act(installation.database, 999)


def test_queues_say_what_waits_what_runs_and_who_serves_them(installation: Installation):
    installation.add()
    ids = [installation.run() for _ in range(4)]
    rows = tables.job_logs
    with installation.database.write() as connection:
        workers.insert_worker(
            connection, {"host": "box", "pid": 1, "nonce": "n", "queue": "day", "threads": 4, "version": "1"}
            | {"key_fingerprints": "another"}
        )  # fmt: skip
        connection.execute(update(rows).where(rows.c.id.in_(ids[1:])).values(queue="night"))
        connection.execute(update(rows).where(rows.c.id == ids[0]).values(queue="day"))
        connection.execute(update(rows).where(rows.c.id == ids[3]).values(available_at=NOON + timedelta(days=9000)))
    assert job_logs.claim(installation.database, ids[0], "t" * 32, "box:1:n", 60, "day")
    seen = look_at_floor(installation.database, 60)
    night, day = seen.queues
    told = (night.name, night.waiting, night.later, night.running, night.workers, night.unserved)
    assert told == ("night", 2, 1, 0, 0, True)
    assert night.waiting_since == installation.log(ids[1]).row.available_at
    assert (day.name, day.waiting, day.running, day.workers, day.unserved) == ("day", 0, 1, 1, False)
    assert [(each.row.busy, each.lacks_key) for each in seen.workers] == [(1, True)]


def test_acts_are_chosen_by_their_way_in_and_by_their_result(installation: Installation):
    installation.add()
    vera = Actor("vera", Role.VIEWER, "ssh", address="10.1.2.3")
    with pytest.raises(Forbidden):
        cancel_log(installation.database, installation.ring, vera, 1)
    for chosen, expected in (
        (AuditChoice(via="ssh"), ["log.cancel"]),
        (AuditChoice(result="refused"), ["log.cancel"]),
        (AuditChoice(via="tui"), []),
        (AuditChoice(via="test", result="done"), ["job.add"]),
    ):
        rows = choose_acts(installation.database, chosen, "UTC", 10)
        assert [row.action for row in rows] == expected
    (row,) = choose_acts(installation.database, AuditChoice(result="refused"), "UTC", 10)
    assert told_lines(row) == ["refused: vera is viewer: log.cancel needs the role operator"]


def test_a_reason_comes_first_and_is_told_once(installation: Installation):
    installation.add()
    installation.run()
    cancel_log(installation.database, installation.ring, ALICE, 1, "wrong file")
    acknowledge(installation.database, ALICE, "job", "it was the wrong file")
    told = [told_lines(row) for row in choose_acts(installation.database, AuditChoice(), "UTC", 2)]
    assert told == [
        ["log: 1", "status: cancelled", "note: it was the wrong file"],
        ["reason: wrong file", "done: cancelled"],
    ]
    newest = choose_acts(installation.database, AuditChoice(), "UTC", 1)[0]
    assert newest.reason == "it was the wrong file"


@EMBEDDED
def test_the_commands_answer_for_people_and_for_programs(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    installation.add("nightly", queue="night")
    installation.run("nightly")
    with installation.database.write() as connection:
        values = {"actor": HOSTILE, "role": "admin", "via": "ssh", "action": "job.run", "target_kind": "job"}
        values |= {"at": NOON, "target_name": HOSTILE, "detail": {HOSTILE: HOSTILE}, "reason": HOSTILE}
        values |= {"address": "10.1.2.3", "fingerprint": "SHA256:abc", "result": "refused"}
        number = connection.execute(insert(tables.audit).values(**values).returning(tables.audit.c.id)).scalar_one()
    listed, as_json, shown, queues, queues_json = cli.each(
        [
            ("audit", "list"),
            ("audit", "list", "--by", "alice", "--action", "job.add", "--since", "1000w", "--json"),
            ("audit", "show", str(number)),
            ("queue", "list"),
            ("queue", "list", "--json"),
        ]
    )
    assert terminal_codes(listed.out + shown.out) == set()
    assert "␛]52;c;b3duZWQ=␇⟨U+202E⟩: ␛]52" in shown.out
    facts = dict(line.split(maxsplit=1) for line in shown.out.partition("\n\n")[0].splitlines())
    assert (facts["address"], facts["key"], facts["result"]) == ("10.1.2.3", "SHA256:abc", "refused")
    assert "  ssh 10.1.2.3  " in listed.out
    assert listed.out.index(" job.run ") < listed.out.index(" job.add ")
    assert [(row["actor"], row["target_name"]) for row in as_json.json] == [("alice", "nightly")]
    assert queues.out.splitlines()[1].split()[0] == "night"
    assert queues.out.splitlines()[1].endswith("nobody serves it")
    assert [(row["name"], row["waiting"], row["unserved"]) for row in queues_json.json] == [("night", 1, True)]
