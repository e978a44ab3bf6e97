"""Runs that a person starts: with own params, of a past slot, again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from connecthub.control.job_logs import LogChoice, list_logs
from connecthub.control.jobs import delete_job, edit_job
from connecthub.control.runs import failed_logs, retry_log, retry_many, run_job
from connecthub.db import job_logs, tables
from connecthub.db.tables import Status
from connecthub.errors import InvalidSettings, Refused
from tests.integration.conftest import ALICE, NOON, Installation


def end(installation: Installation, log_id: int, status: Status) -> None:
    token = f"{log_id:032d}"
    assert job_logs.claim(installation.database, log_id, token, "host:1:test", 60) is not None
    with installation.database.write() as connection:
        assert job_logs.finish(connection, log_id, token, job_logs.Ending(status, "", error="cause"))


def test_params_for_one_run_leave_the_job_as_it_is(installation: Installation):
    installation.add(params={"name": "you"})
    row = run_job(installation.office(), ALICE, "job", params={"name": "all"})
    assert installation.log(row.id).row.public_cfg == {"name": "all"}
    assert installation.job().public_cfg == {"name": "you"}
    with pytest.raises(InvalidSettings):
        run_job(installation.office(), ALICE, "job", params={"name": 1})


def test_a_past_slot_is_run_as_a_backfill(installation: Installation):
    installation.add(cron_expr="0 * * * *")
    slot = NOON - timedelta(hours=3)
    row = run_job(installation.office(), ALICE, "job", slot=slot)
    log = installation.log(row.id).row
    assert (log.trigger, log.scheduled_for, log.exclusive) == ("backfill", slot, True)
    with pytest.raises(Refused, match="has no slot at 2026-11-24T09:30:00"):
        run_job(installation.office(), ALICE, "job", slot=NOON - timedelta(hours=2, minutes=30))
    with pytest.raises(Refused, match="is not over yet"):
        run_job(installation.office(), ALICE, "job", slot=NOON + timedelta(hours=1))


def test_a_retry_is_a_new_row_with_the_settings_of_now_and_says_what_differs(installation: Installation):
    seen = installation.add(params={"name": "you"})
    failed = installation.run()
    end(installation, failed, Status.FAILED)
    edit_job(installation.office(), ALICE, seen, {"public_cfg": {"name": "all"}})
    retried = retry_log(installation.database, installation.ring, ALICE, failed)
    assert retried.differs == {"public_cfg": ({"name": "you"}, {"name": "all"})}
    row = installation.log(retried.row.id).row
    assert (row.trigger, row.retry_of, row.root_id, row.attempt) == ("retry", failed, failed, 1)
    assert row.public_cfg == {"name": "all"}
    assert installation.rung[-1] == row.id


def test_a_retry_with_the_same_settings_takes_the_snapshot(installation: Installation):
    seen = installation.add(params={"name": "you"})
    failed = installation.run()
    end(installation, failed, Status.FAILED)
    edit_job(installation.office(), ALICE, seen, {"public_cfg": {"name": "all"}})
    retried = retry_log(installation.database, installation.ring, ALICE, failed, same_settings=True)
    assert installation.log(retried.row.id).row.public_cfg == {"name": "you"}
    assert retried.differs == {}


def test_a_chain_has_one_open_row_and_who_asks_again_is_told_its_number(installation: Installation):
    installation.add()
    first = installation.run()
    end(installation, first, Status.TIMED_OUT)
    second = retry_log(installation.database, installation.ring, ALICE, first).row.id
    with pytest.raises(Refused, match=f"already asked: run {second}"):
        retry_log(installation.database, installation.ring, ALICE, first)
    end(installation, second, Status.CRASHED)
    third = retry_log(installation.database, installation.ring, ALICE, second).row.id
    assert installation.log(third).row.root_id == first
    with pytest.raises(Refused, match=f"already asked: run {third}"):
        retry_log(installation.database, installation.ring, ALICE, first)


def test_what_cannot_be_retried_says_why(installation: Installation):
    installation.add()
    done, waiting = installation.run(), installation.run()
    end(installation, done, Status.SUCCEEDED)
    _, refused = retry_many(installation.database, installation.ring, ALICE, [done, waiting, 4711])
    assert [reason.partition(";")[0] for reason in refused] == [
        f"{done}: JobLog {done} succeeded",
        f"{waiting}: JobLog {waiting} is queued",
        "4711: no JobLog 4711",
    ]
    failed = installation.run()
    end(installation, failed, Status.FAILED)
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == waiting).values(status="failed"))
    delete_job(installation.office(), ALICE, "job")
    with pytest.raises(Refused, match="was deleted"):
        retry_log(installation.database, installation.ring, ALICE, failed)


def test_of_all_that_failed_only_the_newest_of_each_chain_is_retried(installation: Installation):
    installation.add()
    first, second, fine = installation.run(), installation.run(), installation.run()
    end(installation, first, Status.FAILED)
    end(installation, second, Status.FAILED)
    end(installation, fine, Status.SUCCEEDED)
    again = retry_log(installation.database, installation.ring, ALICE, first).row.id
    end(installation, again, Status.FAILED)
    assert failed_logs(installation.database, LogChoice(job="job")) == [second, again]
    repaired = retry_log(installation.database, installation.ring, ALICE, second).row.id
    end(installation, repaired, Status.SUCCEEDED)
    assert failed_logs(installation.database, LogChoice(job="job")) == [again]


def test_logs_are_listed_by_time_text_and_page(installation: Installation):
    installation.add("Nightly")
    installation.add("日报")
    logs = [installation.run(name) for name in ("Nightly", "日报", "Nightly")]
    end(installation, logs[2], Status.FAILED)

    def listed(**chosen: object) -> list[int]:
        return [row.id for row in list_logs(installation.database, LogChoice(**chosen))]  # pyright: ignore[reportArgumentType]

    at = installation.log(logs[1]).row.queued_at
    assert listed(since=at) == [logs[2], logs[1]]
    assert listed(until=at) == [logs[0]]
    assert listed(text="nightLY") == [logs[2], logs[0]]
    assert listed(text="日报") == [logs[1]]
    assert listed(text="cause") == [logs[2]]
    assert listed(text="100%_") == []
    assert listed(before_id=logs[2]) == [logs[1], logs[0]]
