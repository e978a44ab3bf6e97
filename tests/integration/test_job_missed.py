"""The slots that passed while a job was disabled, on both stacks: rows as the acts leave them, then the walk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from connecthub.control import missed
from connecthub.control.browsing import database_time
from connecthub.control.jobs import edit_job, set_enabled
from connecthub.control.missed import NONE, command_to_run, missed_slots
from connecthub.control.runs import run_job
from connecthub.db import tables
from connecthub.errors import NotFound
from connecthub.schedule.cron import next_fire_time
from tests.cli import Cli
from tests.integration.conftest import ALICE, Installation

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def now(installation: Installation) -> datetime:
    """The database's clock as the test begins."""
    return database_time(installation.database)


def acts_happened_at(installation: Installation, *times_of_acts: datetime) -> None:
    """Put the audit rows where the test wants them, in order."""
    with installation.database.write() as connection:
        rows = connection.execute(select(tables.audit.c.id).order_by(tables.audit.c.id)).scalars().all()
        for row_id, at in zip(rows, times_of_acts, strict=True):
            connection.execute(update(tables.audit).where(tables.audit.c.id == row_id).values(at=at))


def disabled(installation: Installation, now: datetime, since: datetime, **more: Any) -> None:
    """A job that was added long ago and disabled later."""
    installation.add(**more)
    set_enabled(installation.office(), ALICE, installation.job(), enabled=False)
    acts_happened_at(installation, now - timedelta(days=9999), since)


def fired(cron_expr: str, after: datetime, until: datetime) -> list[datetime]:
    """What a schedule fires, walked plainly."""
    slots, at = [], after
    while (at := next_fire_time(cron_expr, "UTC", at)) <= until:
        slots.append(at)
    return slots


def test_the_slots_since_it_was_disabled_are_found_in_order(installation: Installation, now: datetime):
    disabled(installation, now, now - 5 * HOUR, cron_expr="*/20 * * * *")
    found = missed_slots(installation.database, "job")
    assert found.since == now - 5 * HOUR
    assert list(found.slots)[:14] == fired("*/20 * * * *", now - 5 * HOUR, now)[:14]
    assert (len(found.slots) in (15, 16), found.more) == (True, False)


def test_a_slot_that_has_a_log_already_is_left_out(installation: Installation, now: datetime):
    disabled(installation, now, now - 30 * HOUR, cron_expr="0 * * * *")
    slots = missed_slots(installation.database, "job").slots
    run_job(installation.office(now + MINUTE), ALICE, "job", slot=slots[3])
    run_job(installation.office(now + MINUTE), ALICE, "job")
    left = missed_slots(installation.database, "job").slots
    assert slots[3] not in left
    assert set(slots) - {slots[3]} <= set(left)


def test_of_many_only_the_newest_are_found(installation: Installation, now: datetime):
    disabled(installation, now, now - timedelta(days=3000))
    found = missed_slots(installation.database, "job", limit=70)
    assert (len(found.slots), found.more) == (70, True)
    assert list(found.slots) == fired("* * * * *", found.slots[0] - MINUTE, found.slots[-1])
    assert found.slots[-1] > now - 2 * MINUTE


def test_the_walk_is_bounded_and_says_that_there_may_be_more(
    installation: Installation, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(missed, "WALKED_MAX", 200)
    disabled(installation, now, now - timedelta(days=3000))
    found = missed_slots(installation.database, "job", limit=1000)
    assert 100 <= len(found.slots) <= 200
    assert found.more
    assert found.slots[-1] > now - 2 * MINUTE


def test_a_rare_slot_is_found_far_back(installation: Installation, now: datetime):
    disabled(installation, now, now - timedelta(days=1000), cron_expr="0 0 1 1 *")
    found = missed_slots(installation.database, "job")
    assert list(found.slots) == fired("0 0 1 1 *", now - timedelta(days=1000), now)
    assert not found.more


def test_a_job_that_was_added_disabled_counts_from_then(installation: Installation, now: datetime):
    installation.add(enabled=False, cron_expr="0 * * * *")
    acts_happened_at(installation, now - 3 * HOUR)
    found = missed_slots(installation.database, "job")
    assert (found.since, list(found.slots)[:3]) == (now - 3 * HOUR, fired("0 * * * *", now - 3 * HOUR, now))


def test_after_a_change_of_the_schedule_they_count_from_the_change(installation: Installation, now: datetime):
    disabled(installation, now, now - 50 * HOUR, cron_expr="*/5 * * * *")
    edit_job(installation.office(), ALICE, installation.job(), {"cron_expr": "0 * * * *"})
    acts_happened_at(installation, now - 60 * HOUR, now - 50 * HOUR, now - 2 * HOUR)
    found = missed_slots(installation.database, "job")
    assert (found.since, list(found.slots)[:2]) == (now - 50 * HOUR, fired("0 * * * *", now - 2 * HOUR, now))


def test_an_enabled_job_and_one_of_unknown_history_have_none(installation: Installation):
    installation.add()
    assert missed_slots(installation.database, "job") == NONE
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(enabled=False, next_run_at=None))
    assert missed_slots(installation.database, "job") == NONE
    with pytest.raises(NotFound, match="no job 'x'"):
        missed_slots(installation.database, "x")


def test_the_command_names_one_slot_also_where_an_hour_repeats():
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert command_to_run("a b", "Europe/Berlin", first) == "connecthub job run 'a b' --slot '2026-10-25 02:30'"
    assert command_to_run("a", "Europe/Berlin", second) == "connecthub job run a --slot '2026-10-25T01:30+00:00'"


@pytest.mark.slow
def test_people_list_them_and_are_told_when_they_enable(installation: Installation, now: datetime, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    disabled(installation, now, now - 49 * HOUR, cron_expr="0 2 * * *", timezone="Asia/Shanghai")
    answer = cli("job", "missed", "job", "--json").json
    assert (answer["job"], answer["timezone"], answer["more"]) == ("job", "Asia/Shanghai", False)
    heading, *rows = cli("job", "missed", "job").out.splitlines()
    assert heading.split() == ["SLOT", "(Asia/Shanghai)", "COMMAND", "THAT", "RUNS", "IT"]
    newest, command = rows[-1][:16], rows[-1][21:].strip()
    assert command == f"connecthub job run job --slot '{newest}'"
    assert len(rows) == len(answer["slots"])
    assert cli("job", "run", "job", "--slot", newest).code == 0
    assert len(cli("job", "missed", "job", "--json").json["slots"]) == len(rows) - 1
    told = cli("job", "enable", "job").out.splitlines()
    many = "1 slot" if len(rows) == 2 else f"{len(rows) - 1} slots"
    assert told[1].startswith(
        f"{many} passed while it was disabled, the newest {rows[-2][:16]} Asia/Shanghai: `connecthub"
    )
    assert told[1].endswith(f"--slot '{rows[-2][:16]}'` runs {'it' if len(rows) == 2 else 'one'}")
    assert "job job is enabled; `connecthub job why job`" in cli("job", "missed", "job").out


def test_who_missed_nothing_is_told_so(installation: Installation, now: datetime, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    disabled(installation, now, now, cron_expr="0 0 1 1 *")
    assert cli("job", "missed", "job").out.startswith("no slot passed since job job was disabled, ")
    assert len(cli("job", "enable", "job").out.splitlines()) == 1
