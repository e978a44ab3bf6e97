"""The policies of a job in the database: overlap, catch-up, retry; the rules of `rows.md` for dispatch and end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from connecthub.control.jobs import edit_job
from connecthub.control.runs import retry_log, run_job
from connecthub.db import job_logs, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.errors import Refused
from connecthub.tasks.dispatcher import tick
from connecthub.tasks.endings import Ended, end_run
from tests.integration.conftest import ALICE, NOON, Installation

MINUTE = timedelta(minutes=1)


def rows(installation: Installation) -> list[AnyRow]:
    with installation.database.read() as connection:
        return list(connection.execute(select(tables.job_logs).order_by(tables.job_logs.c.id)))


def alerts(installation: Installation) -> list[tuple[str, int | None]]:
    with installation.database.read() as connection:
        owed = connection.execute(select(tables.alert_outbox).order_by(tables.alert_outbox.c.id))
        return [(row.kind, row.job_log_id) for row in owed]


def statuses(installation: Installation) -> list[tuple[str, str]]:
    return [(row.trigger, row.status) for row in rows(installation)]


def token_of(log_id: int) -> str:
    return f"{log_id:032d}"


def start(installation: Installation, log_id: int) -> None:
    queue = installation.log(log_id).row.queue
    assert job_logs.claim(installation.database, log_id, token_of(log_id), "host:1:test", 60, queue) is not None


def end(installation: Installation, log_id: int, status: Status = Status.FAILED, **more: Any) -> Ended:
    with installation.database.write() as connection:
        ended = end_run(connection, log_id, token_of(log_id), Ending(status, "", **more))
    assert ended.written
    return ended


def fail(installation: Installation, log_id: int, **more: Any) -> Ended:
    start(installation, log_id)
    return end(installation, log_id, **more)


def dispatch(installation: Installation, minutes: float) -> None:
    tick(installation.database, installation.ring, NOON + minutes * MINUTE)


def let_wait_be_over(installation: Installation) -> None:
    """The retry's time comes."""
    past = NOON - timedelta(days=365)
    with installation.database.write() as connection:
        connection.execute(
            update(tables.job_logs).where(tables.job_logs.c.status == "queued").values(available_at=past)
        )


def test_under_skip_a_slot_whose_run_is_in_the_way_says_which(installation: Installation):
    installation.add(overlap="skip")
    dispatch(installation, 0)
    start(installation, 1)
    dispatch(installation, 1)
    second = rows(installation)[1]
    assert (second.status, second.reason) == ("skipped", "overlap: run 1 is still running")
    end(installation, 1, Status.SUCCEEDED)
    dispatch(installation, 2)
    assert rows(installation)[2].status == "queued"


def test_under_queue_one_waits_and_the_next_finds_the_queue_full(installation: Installation):
    installation.add(overlap="queue")
    for minute in range(3):
        dispatch(installation, minute)
    assert [row.status for row in rows(installation)] == ["queued", "queued", "skipped"]
    assert rows(installation)[2].reason.startswith("queue_full: run 1 is still queued")


def test_the_end_of_a_run_rings_the_row_that_waited_for_it(installation: Installation):
    installation.add(overlap="queue", queue="slow", priority=3)
    dispatch(installation, 0)
    dispatch(installation, 1)
    start(installation, 1)
    ended = end(installation, 1, Status.SUCCEEDED)
    assert [(bell.id, bell.queue, bell.priority) for bell in ended.bells] == [(2, "slow", 3)]


def test_under_replace_the_newest_slot_takes_the_place_of_all_before_it(installation: Installation):
    installation.add(overlap="replace")
    dispatch(installation, 0)
    start(installation, 1)
    dispatch(installation, 1)
    dispatch(installation, 2)
    first, second, third = rows(installation)
    assert first.status == "running"
    assert first.cancel_requested_at is not None
    assert (second.status, second.reason) == ("cancelled", "replaced by the slot 2026-11-24 12:02 UTC")
    assert third.status == "queued"
    end(installation, 1, Status.CANCELLED)
    assert len(rows(installation)) == 3, "a run that was asked to stop gets no automatic row"
    assert alerts(installation) == [("failed", 1)]


def test_replace_leaves_catch_up_rows_alone(installation: Installation):
    installation.add(overlap="replace")
    dispatch(installation, 1 + 2 / 60)
    assert statuses(installation) == [("catch_up", "queued"), ("schedule", "queued")]
    dispatch(installation, 2)
    assert statuses(installation) == [("catch_up", "queued"), ("schedule", "cancelled"), ("schedule", "queued")]


def test_all_missed_slots_run_in_order_under_catch_up_all(installation: Installation):
    installation.add(catch_up="all", overlap="queue")
    dispatch(installation, 5.1)
    assert statuses(installation) == [("catch_up", "queued")] * 5 + [("schedule", "queued")]
    assert [row.scheduled_for for row in rows(installation)] == [NOON + minute * MINUTE for minute in range(6)]
    assert job_logs.claim(installation.database, 2, "a" * 32, "w", 60) is None
    start(installation, 1)
    assert [bell.id for bell in end(installation, 1, Status.SUCCEEDED).bells] == [2]


def test_of_a_long_outage_the_newest_hundred_run_and_one_row_stands_for_the_rest(installation: Installation):
    installation.add(catch_up="all")
    dispatch(installation, 300.1)
    found = rows(installation)
    assert [row.trigger for row in found].count("catch_up") == 101
    misfire = next(row for row in found if row.status == "skipped")
    assert (misfire.missed_from, misfire.scheduled_for, misfire.missed_count) == (NOON, NOON + 199 * MINUTE, 200)


def test_no_missed_slot_runs_under_catch_up_skip(installation: Installation):
    installation.add(catch_up="skip")
    dispatch(installation, 3.1)
    assert statuses(installation) == [("schedule", "queued"), ("catch_up", "skipped")]


def test_a_failed_run_is_repeated_after_its_delay_with_the_settings_that_it_had(installation: Installation):
    seen = installation.add(max_retries=1, retry_delay=300, params={"name": "you"}, overlap="skip")
    dispatch(installation, 0)
    edit_job(installation.office(), ALICE, seen, {"public_cfg": {"name": "all"}})
    assert fail(installation, 1).bells == []
    retry = rows(installation)[1]
    assert (retry.trigger, retry.status, retry.attempt, retry.root_id, retry.retry_of) == ("retry", "queued", 2, 1, 1)
    assert retry.public_cfg == {"name": "you"}
    assert 290 < (retry.available_at - retry.queued_at).total_seconds() < 310
    assert retry.ring_at > retry.available_at
    assert alerts(installation) == []
    let_wait_be_over(installation)
    fail(installation, 2)
    assert len(rows(installation)) == 2
    assert alerts(installation) == [("failed", 2)], "a chain closes once"


def test_a_plugin_that_names_its_delay_gets_it_and_no_more_attempts(installation: Installation):
    installation.add(max_retries=1, overlap="skip")
    dispatch(installation, 0)
    ended = fail(installation, 1, retry_after=0.0)
    assert [bell.id for bell in ended.bells] == [2]
    fail(installation, 2, retry_after=0.0)
    assert len(rows(installation)) == 2


def test_a_waiting_retry_is_in_nobodys_way_and_gives_way_to_the_next_slot_with_an_alert(installation: Installation):
    installation.add(max_retries=3, overlap="skip")
    dispatch(installation, 0)
    fail(installation, 1)
    dispatch(installation, 1)
    assert statuses(installation) == [("schedule", "failed"), ("retry", "cancelled"), ("schedule", "queued")]
    assert rows(installation)[1].reason == "superseded by the next slot"
    assert alerts(installation) == [("failed", 2)]


def test_only_a_row_that_is_born_queued_supersedes(installation: Installation):
    installation.add(max_retries=3, overlap="skip")
    dispatch(installation, 0)
    fail(installation, 1)
    installation.run()
    dispatch(installation, 1)
    assert [status for _, status in statuses(installation)] == ["failed", "queued", "queued", "skipped"]


@pytest.mark.parametrize("policy", [{"overlap": "allow"}, {"catch_up": "all", "overlap": "skip"}])
def test_where_every_slot_counts_a_retry_stays(installation: Installation, policy: dict[str, str]):
    installation.add(max_retries=3, **policy)
    dispatch(installation, 0)
    fail(installation, 1)
    dispatch(installation, 1)
    assert statuses(installation) == [("schedule", "failed"), ("retry", "queued"), ("schedule", "queued")]


def test_a_run_that_fails_when_a_later_slot_waits_gets_no_retry(installation: Installation):
    installation.add(max_retries=3, overlap="queue")
    dispatch(installation, 1 + 2 / 60)
    assert statuses(installation) == [("catch_up", "queued"), ("schedule", "queued")]
    assert [bell.id for bell in fail(installation, 1).bells] == [2]
    assert len(rows(installation)) == 2
    assert alerts(installation) == [("failed", 1)]


def test_a_plugin_that_never_started_gets_one_row_at_once_which_counts_as_no_attempt(installation: Installation):
    installation.add(overlap="skip")
    dispatch(installation, 0)
    ended = fail(installation, 1, never_started=True)
    assert [bell.id for bell in ended.bells] == [2]
    assert rows(installation)[1].attempt == 1
    fail(installation, 2, never_started=True)
    assert len(rows(installation)) == 2, "once per chain"
    assert alerts(installation) == [("failed", 2)]


def test_the_next_row_of_a_job_is_rung_only_once_its_time_has_come(installation: Installation):
    installation.add(max_retries=1, overlap="skip")
    dispatch(installation, 0)
    assert fail(installation, 1).bells == []


def test_a_run_now_obeys_the_overlap_policy(installation: Installation):
    installation.add("skips", overlap="skip")
    installation.add("queues", overlap="queue")
    installation.add("replaces", overlap="replace")
    first = installation.run("skips")
    with pytest.raises(Refused, match=f"job skips: run {first} is still queued; --in-turn waits for its turn"):
        installation.run("skips")
    assert run_job(installation.office(), ALICE, "skips", in_turn=True).id
    installation.run("queues")
    installation.run("queues")
    with pytest.raises(Refused, match="and no more than 1 may wait"):
        installation.run("queues")
    old, new = installation.run("replaces"), installation.run("replaces")
    assert installation.log(old).row.status == "cancelled"
    assert installation.log(new).row.status == "queued"


def test_a_retry_by_a_person_obeys_it_too_and_can_wait_its_turn(installation: Installation):
    installation.add(overlap="skip")
    failed = installation.run()
    fail(installation, failed)
    in_the_way = installation.run()
    with pytest.raises(Refused, match=f"run {in_the_way} is still queued"):
        retry_log(installation.database, installation.ring, ALICE, failed)
    assert retry_log(installation.database, installation.ring, ALICE, failed, in_turn=True).row.id


def test_the_policies_of_a_job_are_checked_and_shown(installation: Installation):
    with pytest.raises(Exception, match="overlap 'never' is unknown; write skip, queue, replace or allow"):
        installation.add(overlap="never")
    with pytest.raises(Exception, match="max retries 101 is out of range; write 0 to 100"):
        installation.add(max_retries=101)
    row = installation.add(overlap="queue", queue_limit=3, retry_backoff=1.5, keep_last=10)
    assert (row.overlap, row.queue_limit, row.retry_backoff, row.keep_last) == ("queue", 3, 1.5, 10)
