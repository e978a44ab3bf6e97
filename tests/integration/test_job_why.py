"""Why a job did or did not run, on both stacks: rows as the scheduler and the workers leave them, then the words."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Float, literal, select, update

from connecthub.control.jobs import edit_job, set_enabled
from connecthub.control.verdicts import Verdict, explain
from connecthub.db import job_logs, tables
from connecthub.db.ending import Ending
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, Trigger
from connecthub.db.types import AnyRow, database_now
from connecthub.errors import NotFound
from connecthub.tasks.dispatcher import tick
from tests.cli import Cli
from tests.integration.conftest import ALICE, NOON, Installation

MINUTE = timedelta(minutes=1)
FAR = {"cron_expr": "0 0 1 1 *"}
"""A job that nothing makes due while the test runs."""


def slots(installation: Installation) -> list[Verdict]:
    """The verdicts that are a slot's."""
    return [each for each in explain(installation.database, "job").verdicts if each.log is not None]


def born(installation: Installation, slot: datetime, *, skipped: bool = False, **more: Any) -> int:
    """A slot's JobLog."""
    new = NewLog(installation.job(), more.pop("trigger", Trigger.SCHEDULE), slot, exclusive=True, **more)
    with installation.database.write() as connection:
        (row,) = (job_logs.insert_skipped if skipped else job_logs.insert_queued)(connection, [new])
    return row.id


def ran(installation: Installation, log_id: int, ending: Ending) -> None:
    token = f"{log_id:032d}"
    assert job_logs.claim(installation.database, log_id, token, "host:1:test", 60) is not None
    with installation.database.write() as connection:
        assert job_logs.finish(connection, log_id, token, ending) is not None


def times(installation: Installation, log_id: int, **seconds: float) -> None:
    """Set when a row was queued, started and ended, in seconds after its slot."""
    slot = installation.log(log_id).row.scheduled_for
    values = {name: slot + timedelta(seconds=after) for name, after in seconds.items()}
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == log_id).values(values))


SUCCEEDED = Ending(Status.SUCCEEDED, "")


@pytest.mark.parametrize(
    ("queued_at", "started_at", "expected"),
    [
        (0.2, 0.5, ("on_time", "on time; succeeded in 3.0 s")),
        (40, 41, ("late", "late by 41 s: no scheduler came for 40 s; succeeded in 3.0 s")),
        (1, 95, ("late", "late by 1 min 35 s: it waited for its turn or a free worker; succeeded in 3.0 s")),
        (-3600, -3599, ("early", "early by 59 min 59 s: a scheduler's clock was ahead; succeeded in 3.0 s")),
    ],
)
def test_a_run_is_on_time_or_late_and_it_says_for_whom(
    installation: Installation, queued_at: float, started_at: float, expected: tuple[str, str]
):
    installation.add(**FAR)
    log_id = born(installation, NOON)
    ran(installation, log_id, SUCCEEDED)
    times(installation, log_id, queued_at=queued_at, started_at=started_at, finished_at=started_at + 3)
    (verdict,) = slots(installation)
    assert (verdict.kind, verdict.words) == expected
    assert (verdict.at, verdict.log) == (NOON, log_id)


def test_a_run_that_waited_for_the_one_before_names_it(installation: Installation):
    installation.add(**FAR)
    first, second = born(installation, NOON), born(installation, NOON + MINUTE)
    ran(installation, first, SUCCEEDED)
    ran(installation, second, SUCCEEDED)
    times(installation, first, queued_at=0, started_at=0, finished_at=90)
    times(installation, second, queued_at=0, started_at=30.5, finished_at=31)
    assert slots(installation)[0].words == f"late by 30 s: it waited for run {first} to end; succeeded in 0.5 s"


def test_a_run_that_failed_says_why_and_what_became_of_its_retry(installation: Installation):
    installation.add(**FAR)
    log_id = born(installation, NOON)
    ran(installation, log_id, Ending(Status.FAILED, "", error="no token\nmore of it"))
    times(installation, log_id, queued_at=0, started_at=0, finished_at=7)
    assert slots(installation)[0].words == "on time; failed after 7.0 s: no token"
    failed = installation.log(log_id).row
    retry = born(installation, NOON, trigger=Trigger.RETRY, retry_of=failed)
    assert slots(installation)[0].words == f"on time; failed after 7.0 s: no token; its retry, run {retry}, is queued"
    with installation.database.write() as connection:
        assert job_logs.cancel_rows(connection, [retry], "superseded by the next slot")
    assert slots(installation)[0].words.endswith(f"; its retry, run {retry}, was superseded by the next slot")
    again = born(installation, NOON, trigger=Trigger.RETRY, retry_of=failed)
    ran(installation, again, SUCCEEDED)
    assert slots(installation)[0].words.endswith(f"; its retry, run {again}, succeeded")
    assert len(slots(installation)) == 1


def test_slots_that_were_missed_are_told_with_their_range(installation: Installation):
    installation.add(timezone="Asia/Shanghai", overlap="queue")
    back = NOON + 5 * MINUTE + timedelta(seconds=10)
    tick(installation.database, installation.ring, back)
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).values(queued_at=back))
    now, caught_up, missed = slots(installation)
    assert (now.at, now.kind) == (NOON + 5 * MINUTE, "waiting")
    assert (caught_up.at, caught_up.kind) == (NOON + 4 * MINUTE, "waiting")
    assert (missed.at, missed.kind) == (NOON + 3 * MINUTE, "missed")
    assert missed.words == "4 slots missed, 20:00:00 to 20:03:00: no scheduler ran from 20:00:00 to 20:05:10"
    assert caught_up.log is not None
    ran(installation, caught_up.log, SUCCEEDED)
    times(installation, caught_up.log, started_at=71, finished_at=72)
    assert slots(installation)[1].words == (
        "caught up, 1 min 11 s late: no scheduler ran until 20:05:10; succeeded in 1.0 s"
    )


def test_one_slot_that_was_missed_needs_no_range(installation: Installation):
    installation.add(catch_up="skip")
    tick(installation.database, installation.ring, NOON + timedelta(seconds=61))
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).values(queued_at=NOON + timedelta(days=1)))
    missed = slots(installation)[-1]
    assert missed.words == "missed: no scheduler ran from 12:00:00 to 2026-11-25 12:00:00"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("overlap: run 812 is still running", "skipped: run 812 was still running"),
        (
            "queue_full: run 812 is still queued, and no more than 1 may wait",
            "skipped: too many were waiting: run 812 was still queued, and no more than 1 may wait",
        ),
    ],
)
def test_a_slot_that_was_skipped_says_what_was_in_its_way(installation: Installation, reason: str, words: str):
    installation.add(**FAR)
    log_id = born(installation, NOON, skipped=True, reason=reason)
    assert [(each.kind, each.words, each.log) for each in slots(installation)] == [("skipped", words, log_id)]


def test_a_slot_that_gave_way_before_it_started_says_to_whom(installation: Installation):
    installation.add(**FAR)
    log_id = born(installation, NOON)
    with installation.database.write() as connection:
        job_logs.cancel_rows(connection, [log_id], "replaced by the slot 2026-11-24 12:01 UTC")
    assert slots(installation)[0].words == "never started: replaced by the slot 2026-11-24 12:01 UTC"


def test_a_run_that_was_cancelled_says_by_whom(installation: Installation):
    installation.add(**FAR)
    log_id = born(installation, NOON)
    assert job_logs.claim(installation.database, log_id, "a" * 32, "host:1:test", 60) is not None
    with installation.database.write() as connection:
        assert job_logs.ask_to_stop(connection, [log_id], "cancelled by bob")
        ending = Ending(Status.CANCELLED, "", error="cancelled")
        assert job_logs.finish(connection, log_id, "a" * 32, ending) is not None
    times(installation, log_id, queued_at=0, started_at=0, finished_at=3)
    assert slots(installation)[0].words == "on time; cancelled by bob after 3.0 s"


def test_what_waits_says_for_what_and_what_runs_since_when(installation: Installation):
    installation.add(**FAR)
    first, second = born(installation, NOON), born(installation, NOON + MINUTE)
    assert slots(installation)[1].words.endswith("s: no worker has taken it")
    assert job_logs.claim(installation.database, first, "a" * 32, "host:1:test", 60) is not None
    times(installation, first, queued_at=0, started_at=0)
    waiting, running = slots(installation)
    assert waiting.words.endswith(f"s: run {first} is running, and they run one at a time")
    assert running.words.startswith("on time; it has been running for ")
    assert waiting.log == second


def change(installation: Installation, now: datetime, **changes: Any) -> AnyRow:
    office = installation.office(now)
    if "enabled" in changes:
        return set_enabled(office, ALICE, installation.job(), changes["enabled"])
    return edit_job(office, ALICE, installation.job(), changes)


def acts_happened_at(installation: Installation, *times_of_acts: datetime) -> None:
    """Put the audit rows where the test wants them, in order."""
    with installation.database.write() as connection:
        rows = connection.execute(select(tables.audit.c.id).order_by(tables.audit.c.id)).scalars().all()
        for row_id, at in zip(rows, times_of_acts, strict=True):
            connection.execute(update(tables.audit).where(tables.audit.c.id == row_id).values(at=at))


def test_who_disabled_the_job_and_what_passed_meanwhile_stands_between_its_slots(installation: Installation):
    installation.add(cron_expr="*/10 * * * *", overlap="skip")
    tick(installation.database, installation.ring, NOON)
    change(installation, NOON + MINUTE, enabled=False)
    change(installation, NOON + 35 * MINUTE, enabled=True)
    tick(installation.database, installation.ring, NOON + 40 * MINUTE)
    acts_happened_at(installation, NOON - MINUTE, NOON + MINUTE, NOON + 35 * MINUTE)
    kinds = [(each.at, each.kind, each.words) for each in explain(installation.database, "job").verdicts]
    assert [kind for _, kind, _ in kinds] == ["skipped", "enabled", "disabled", "waiting", "added"]
    assert kinds[1] == (NOON + 35 * MINUTE, "enabled", "enabled by alice; 3 slots passed while it was disabled")
    assert kinds[2] == (NOON + MINUTE, "disabled", "disabled by alice")


def test_a_changed_schedule_stands_between_its_slots(installation: Installation):
    installation.add(**FAR)
    change(installation, NOON, cron_expr="0 3 * * *", timezone="Asia/Tokyo")
    change(installation, NOON, timeout=5.0)
    changed, added = explain(installation.database, "job").verdicts
    assert (changed.kind, added.kind) == ("rescheduled", "added")
    assert changed.words == "schedule changed by alice: 0 0 1 1 * → 0 3 * * *, UTC → Asia/Tokyo"


def test_acts_before_the_oldest_slot_shown_are_left_out(installation: Installation):
    installation.add()
    for minute in range(4):
        tick(installation.database, installation.ring, NOON + minute * MINUTE)
    acts_happened_at(installation, NOON - MINUTE)
    assert [each.at for each in explain(installation.database, "job", 3).verdicts] == [
        NOON + minute * MINUTE for minute in (3, 2, 1)
    ]


def following(installation: Installation, **values: Any) -> Verdict:
    """What is said first, after the job's row was changed; `next_run_at` in seconds from now."""
    if values.get("next_run_at"):
        values["next_run_at"] = database_now(literal(values["next_run_at"], Float))
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(values))
    return explain(installation.database, "job").next


def test_what_comes_next_is_said_first(installation: Installation):
    installation.add()
    coming = following(installation, next_run_at=600.0)
    assert coming.kind == "next"
    assert coming.words.startswith(("the next slot, in 9 min 5", "the next slot, in 10 min 0 s"))
    assert coming.at == installation.job().next_run_at
    due = following(installation, next_run_at=-5.0)
    assert (due.kind, due.words) == ("due", "due now")
    overdue = following(installation, next_run_at=-7200.0)
    assert overdue.kind == "due"
    assert overdue.words.startswith("due for 2 h 0 min, and no scheduler has taken it; ")


def test_a_job_without_a_next_slot_says_why(installation: Installation):
    installation.add()
    broken = following(installation, schedule_error="minute '61' is out of range", next_run_at=None, timezone="Moon/X")
    assert broken.kind == "none"
    assert broken.words == "no next slot: minute '61' is out of range; `connecthub job edit` mends it"
    following(installation, schedule_error=None, timezone="UTC")
    change(installation, NOON, enabled=False)
    acts_happened_at(installation, NOON, NOON + MINUTE)
    disabled = explain(installation.database, "job").next
    assert disabled.words == "no next slot: disabled by alice on 2026-11-24 12:01:00"


def test_a_job_that_was_added_disabled_says_so(installation: Installation):
    installation.add(enabled=False)
    acts_happened_at(installation, NOON)
    explained = explain(installation.database, "job")
    assert explained.next.words == "no next slot: added by alice, disabled on 2026-11-24 12:00:00"
    assert [each.words for each in explained.verdicts] == ["added by alice, disabled"]


def test_an_unknown_job_is_refused(installation: Installation):
    with pytest.raises(NotFound, match="no job 'job'"):
        explain(installation.database, "job")


def test_people_read_a_table_and_programs_json(installation: Installation, tmp_path: Path):
    installation.add(timezone="Asia/Shanghai", **FAR)
    log_id = born(installation, NOON, skipped=True, reason="overlap: run 812 is still running")
    following(installation, next_run_at=7201.0)
    cli = Cli(installation.environment(), tmp_path)
    table = cli("job", "why", "job")
    assert (table.code, table.err) == (0, "")
    heading, coming, *others = table.out.splitlines()
    assert heading.split()[:3] == ["SLOT", "(Asia/Shanghai)", "RUN"]
    assert coming.endswith("the next slot, in 2 h 0 min") or coming.endswith("the next slot, in 1 h 59 min")
    assert f"2026-11-24 20:00:00 {log_id} skipped: run 812 was still running" in [
        " ".join(line.split()) for line in others
    ]
    answer = cli("job", "why", "job", "--count", "1", "--json").json
    assert (answer["job"], answer["timezone"]) == ("job", "Asia/Shanghai")
    assert answer["verdicts"][-1] == {
        "at": "2026-11-24T12:00:00+00:00",
        "kind": "skipped",
        "words": "skipped: run 812 was still running",
        "log": log_id,
    }
