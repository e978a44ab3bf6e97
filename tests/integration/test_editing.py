"""Changing jobs: safe against each other, without taking a slot's verdict away, and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from connecthub.control.actor import Actor, Role
from connecthub.control.job_logs import list_logs
from connecthub.control.jobs import SecretChanges, delete_job, edit_job, secret_fields, set_enabled
from connecthub.control.revisions import history, revert
from connecthub.db import job_logs, tables
from connecthub.errors import EditedMeanwhile, Forbidden, InvalidSettings, NotFound, Refused, ScheduleError
from tests.integration.conftest import ALICE, NOON, Installation

BOB = Actor("bob", Role.OPERATOR, "test")
VIEWER = Actor("carol", Role.VIEWER, "test")
MINUTE = timedelta(minutes=1)


def audit_of(installation: Installation) -> list[tuple[str, str, object]]:
    with installation.database.read() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()
    return [(row.actor, row.action, row.detail) for row in rows]


def test_an_edit_is_saved_as_the_next_version_with_its_audit_row(installation: Installation):
    seen = installation.add(params={"name": "you"})
    row = edit_job(installation.office(), BOB, seen, {"public_cfg": {"name": "all"}, "timeout": 60.0})
    assert (row.version, row.public_cfg, row.timeout) == (2, {"name": "all"}, 60.0)
    assert row.next_run_at == seen.next_run_at
    assert audit_of(installation)[-1] == (
        "bob",
        "job.edit",
        {
            "public_cfg": {"before": {"name": "you"}, "after": {"name": "all"}},
            "timeout": {"before": 3600.0, "after": 60.0},
        },
    )


def test_an_edit_that_changes_nothing_saves_nothing(installation: Installation):
    seen = installation.add()
    assert edit_job(installation.office(), BOB, seen, {"cron_expr": seen.cron_expr}).version == 1
    assert len(audit_of(installation)) == 1


def test_an_edit_of_a_row_that_changed_meanwhile_is_refused_with_the_difference(installation: Installation):
    seen = installation.add()
    edit_job(installation.office(), ALICE, seen, {"cron_expr": "0 3 * * *"}, SecretChanges({"token": "x"}))
    with pytest.raises(EditedMeanwhile) as refused:
        edit_job(installation.office(), BOB, seen, {"timeout": 5.0})
    assert refused.value.changes == {"cron_expr": ("* * * * *", "0 3 * * *")}
    assert str(refused.value) == (
        "job job was saved meanwhile by alice (version 2): cron_expr is now '0 3 * * *', was '* * * * *'; "
        "its secrets were changed; look at it and edit it again"
    )
    assert installation.job().timeout == 3600.0


def test_a_new_schedule_counts_from_now_and_what_was_due_keeps_its_row(installation: Installation):
    seen = installation.add()
    now = NOON + timedelta(seconds=5)
    row = edit_job(installation.office(now), BOB, seen, {"cron_expr": "30 * * * *"})
    assert row.next_run_at == NOON + 30 * MINUTE
    (log,) = list_logs(installation.database)
    assert (log.status, log.scheduled_for) == ("queued", NOON)
    assert installation.rung == [log.id]


def test_disabling_a_job_whose_slot_is_due_does_not_lose_the_slot(installation: Installation):
    seen = installation.add()
    row = set_enabled(installation.office(NOON + timedelta(seconds=1)), BOB, seen, False)
    assert (row.enabled, row.next_run_at) == (False, None)
    assert [log.scheduled_for for log in list_logs(installation.database)] == [NOON]


def test_enabling_again_never_fires_past_slots(installation: Installation):
    seen = installation.add(enabled=False)
    row = set_enabled(installation.office(NOON + 10 * MINUTE), BOB, seen, True)
    assert row.next_run_at == NOON + 11 * MINUTE
    assert list_logs(installation.database) == []


def test_a_new_queue_takes_the_waiting_runs_along_and_rings_for_them(installation: Installation):
    seen = installation.add()
    log_id = installation.run()
    installation.rung.clear()
    edit_job(installation.office(), BOB, seen, {"queue": "heavy", "priority": 7})
    row = installation.log(log_id).row
    assert (row.queue, row.priority) == ("heavy", 7)
    assert installation.rung == [log_id]


def test_a_run_that_was_moved_is_not_for_a_worker_that_hears_its_old_bell(installation: Installation):
    seen = installation.add()
    log_id = installation.run()
    edit_job(installation.office(), BOB, seen, {"queue": "heavy"})
    assert job_logs.claim(installation.database, log_id, "a" * 32, "host:1:test", 60, "default") is None
    assert job_logs.claim(installation.database, log_id, "b" * 32, "host:2:test", 60, "heavy") is not None


def test_secrets_are_set_one_by_one_cleared_and_replaced(installation: Installation):
    seen = installation.add(handler="samples.good:Context", secrets={"user": "u", "password": "p"})
    for changes, left in (
        (SecretChanges({"password": "q", "pin": "1"}), ["password", "pin", "user"]),
        (SecretChanges(clear=("pin",)), ["password", "user"]),
        (SecretChanges({"token": "t"}, replace_all=True), ["token"]),
        (SecretChanges(clear=("token",)), []),
    ):
        seen = edit_job(installation.office(), BOB, seen, {}, changes)
        assert list(secret_fields(installation.keys, seen)) == left
    assert seen.secret_cfg is None
    assert audit_of(installation)[-1][2] == {"secrets": "changed"}


def test_settings_that_break_the_model_are_refused_before_anything_is_written(installation: Installation):
    seen = installation.add()
    with pytest.raises(InvalidSettings, match=r"params\.name"):
        edit_job(installation.office(), BOB, seen, {"public_cfg": {"name": 7}})
    with pytest.raises(ScheduleError):
        edit_job(installation.office(), BOB, seen, {"cron_expr": "61 * * * *"})
    installation.add("other")
    with pytest.raises(Refused, match="is there already"):
        edit_job(installation.office(), BOB, seen, {"name": "other"})
    assert installation.job().version == 1


def test_a_viewer_may_change_nothing(installation: Installation):
    seen = installation.add()
    with pytest.raises(Forbidden, match=r"carol is viewer: job\.edit needs the role operator"):
        edit_job(installation.office(), VIEWER, seen, {"timeout": 5.0})
    with pytest.raises(Forbidden, match=r"bob is operator: job\.delete needs the role admin"):
        delete_job(installation.office(), BOB, "job")


def test_history_tells_what_each_save_changed(installation: Installation):
    seen = installation.add()
    seen = edit_job(installation.office(), BOB, seen, {"timeout": 60.0})
    edit_job(installation.office(), ALICE, seen, {"cron_expr": "0 3 * * *"}, SecretChanges({"token": "x"}))
    third, second, first = history(installation.database, "job")
    assert (third.version, third.actor, third.changes, third.secrets_changed) == (
        3,
        "alice",
        {"cron_expr": ("* * * * *", "0 3 * * *")},
        True,
    )
    assert (second.actor, second.changes, second.secrets_changed) == ("bob", {"timeout": (3600.0, 60.0)}, False)
    assert first.version == 1


def test_a_save_is_taken_back_as_a_new_version_and_secrets_stay(installation: Installation):
    seen = installation.add()
    edit_job(installation.office(), BOB, seen, {"timeout": 60.0, "cron_expr": "0 3 * * *"}, SecretChanges({"a": "b"}))
    row = revert(installation.office(), ALICE, "job", None)
    assert (row.version, row.timeout, row.cron_expr) == (3, 3600.0, "* * * * *")
    assert list(secret_fields(installation.keys, row)) == ["a"]
    with pytest.raises(NotFound, match="has no version 9; there are 1 to 3"):
        revert(installation.office(), ALICE, "job", 9)


def test_deleting_cancels_what_waits_and_keeps_the_logs(installation: Installation):
    installation.add()
    waiting = installation.run()
    assert delete_job(installation.office(), ALICE, "job") == 1
    row = installation.log(waiting).row
    assert (row.status, row.reason, row.job_id, row.job_name) == ("cancelled", "job deleted by alice", None, "job")


def test_deleting_is_refused_while_the_job_runs(installation: Installation):
    installation.add()
    log_id = installation.run()
    assert job_logs.claim(installation.database, log_id, "a" * 32, "host:1:test", 60) is not None
    with pytest.raises(Refused, match=f"runs now \\(run {log_id}\\)"):
        delete_job(installation.office(), ALICE, "job")
    assert installation.job().name == "job"
