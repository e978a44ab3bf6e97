"""What happened in, what is told out: each rule against a real web server, on both stacks; nothing is told twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from connecthub.alerts.policy import Rule
from connecthub.control.alerts import PolicyChange, list_alerts, set_policy
from connecthub.control.jobs import delete_job
from connecthub.db import overview, tables, workers
from connecthub.db.tables import Status
from connecthub.tasks.dispatcher import dispatch_due_jobs
from tests.integration.conftest import ALICE, NOON, Installation
from tests.watchers import Watchers
from tests.webhook import Webhook, webhook

HOUR = timedelta(hours=1)


@pytest.fixture
def watchers(installation: Installation, hook: Webhook) -> Watchers:
    """One channel, one job, and a first look behind them."""
    watchers = Watchers(installation, hook)
    watchers.channel()
    watchers.job_row = installation.add()
    watchers.evaluate()
    return watchers


def a_run_that_takes(seconds: float) -> Callable[[Watchers], None]:
    def happens(watchers: Watchers) -> None:
        log_id = watchers.start()
        with watchers.installation.database.write() as connection:
            begun = overview.now(connection) - timedelta(seconds=seconds)
            mine = tables.job_logs.c.id == log_id
            connection.execute(update(tables.job_logs).where(mine).values(started_at=begun))

    return happens


def usually_two_minutes(watchers: Watchers) -> None:
    for _ in range(5):
        log_id = watchers.run()
        with watchers.installation.database.write() as connection:
            ended = overview.now(connection)
            mine = tables.job_logs.c.id == log_id
            begun = {"started_at": ended - timedelta(seconds=120), "finished_at": ended}
            connection.execute(update(tables.job_logs).where(mine).values(begun))


def missed_slots(watchers: Watchers) -> None:
    dispatch_due_jobs(watchers.installation.database, NOON + HOUR)


def a_zone_that_is_gone(watchers: Watchers) -> None:
    with watchers.installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(timezone="Mars/Olympus"))
    dispatch_due_jobs(watchers.installation.database, NOON)


def a_worker(seen: float, *, stopped: bool = False) -> Callable[[Watchers], None]:
    def happens(watchers: Watchers) -> None:
        values = {"host": "w1", "pid": 7, "nonce": "n", "queue": "default", "threads": 1, "version": "0"}
        with watchers.installation.database.write() as connection:
            number = workers.insert_worker(connection, {**values, "key_fingerprints": "k"})
            if stopped:
                workers.stop_worker(connection, number)
            silent = overview.now(connection) - timedelta(seconds=seen)
            connection.execute(update(tables.workers).values(seen_at=silent))

    return happens


def runs(*statuses: str) -> Callable[[Watchers], None]:
    """Runs that all end before the next look."""

    def happens(watchers: Watchers) -> None:
        for status in statuses:
            watchers.run(Status(status))

    return happens


def older(hours: float) -> Callable[[Watchers], None]:
    return lambda watchers: watchers.age(hours)


def policy(*rules: Rule, **numbers: float) -> Callable[[Watchers], None]:
    return lambda watchers: watchers.policy(*rules, job=None, **numbers)


HISTORIES: dict[str, tuple[list[Callable[[Watchers], None]], list[str]]] = {
    "each chain that fails": (
        [policy(Rule.FAILED), runs("failed", "timed_out", "succeeded", "crashed")],
        ["job job failed", "job job timed out", "job job crashed"],
    ),
    "first failure only": ([runs("failed", "failed", "crashed")], ["job job failed"]),
    "first failure, and again after a success": (
        [runs("succeeded", "failed", "failed", "succeeded", "timed_out", "failed")],
        ["job job failed", "job job succeeded again", "job job timed out"],
    ),
    "recovered": ([policy(Rule.RECOVERED), runs("failed", "failed", "succeeded")], ["job job succeeded again"]),
    "a success after a success": ([runs("succeeded", "succeeded")], []),
    "missed": ([missed_slots], ["job job missed 58 slots"]),
    "no success": (
        [runs("succeeded"), older(27), policy(Rule.NO_SUCCESS, no_success_hours=26)],
        ["job job has not succeeded for 26 hours"],
    ),
    "never any success": (
        [older(27), policy(Rule.NO_SUCCESS, no_success_hours=26)],
        ["job job has not succeeded for 26 hours"],
    ),
    "success in time": (
        [older(27), policy(Rule.NO_SUCCESS, no_success_hours=26), runs("succeeded")],
        [],
    ),
    "a long run": ([usually_two_minutes, a_run_that_takes(250)], ["job job runs for long"]),
    "a usual run": ([usually_two_minutes, a_run_that_takes(200)], []),
    "a run near its timeout": ([a_run_that_takes(3000)], ["job job runs for long"]),
    "a run that is too long for its policy": (
        [policy(Rule.LONG_RUNNING, long_running_seconds=30), a_run_that_takes(31)],
        ["job job runs for long"],
    ),
    "a schedule error": ([a_zone_that_is_gone], ["job job has no next run"]),
    "a worker lost": ([a_worker(300)], ["worker w1:7 was lost"]),
    "a worker that stopped": ([a_worker(300, stopped=True)], []),
    "a worker that lives": ([a_worker(20)], []),
    "nothing is to be told": (
        [policy(), runs("failed", "succeeded"), missed_slots, a_worker(300), a_run_that_takes(3000)],
        [],
    ),
}


def test_what_happened_is_told_once(watchers: Watchers):
    for history, (happened, expected) in HISTORIES.items():
        begin_anew(watchers)
        for happens in happened:
            happens(watchers)
        assert sorted(watchers.told()) == sorted(expected), history
        again = Watchers(watchers.installation, watchers.hook)  # another scheduler, or this one started anew
        assert again.told() == [], history


def begin_anew(watchers: Watchers) -> None:
    """One job without runs, no alert, no policy, and a first look behind."""
    emptied = (tables.alert_outbox, tables.job_logs, tables.workers)
    with watchers.installation.database.write() as connection:
        for table in emptied:
            connection.execute(table.delete())
        job = watchers.job_row
        connection.execute(update(tables.jobs).values({**job._mapping, "alert_policy": None}))
        connection.execute(update(tables.installation).values(alert_policy=None, alert_state=None))
    watchers.evaluate()


def test_a_recovery_is_told_when_its_look_comes(watchers: Watchers):
    watchers.fail()
    assert watchers.told() == ["job job failed"]
    watchers.fail()
    assert watchers.told() == []
    log_id = watchers.run()
    assert watchers.told() == ["job job succeeded again"]
    assert f"connecthub log show {log_id}" in watchers.hook.got[0]["message"]
    watchers.fail()
    assert watchers.told() == ["job job failed"]


def test_a_message_says_what_when_where_and_how_to_look(watchers: Watchers):
    log_id = watchers.fail()
    watchers.told()
    (message,) = watchers.hook.got
    name = watchers.installation.settings.instance_name
    assert message["title"] == f"[{name}] job job failed"
    assert message["type"] == "failure"
    lines = message["message"].splitlines()
    assert lines[0].endswith(" UTC")
    assert lines[1:] == [
        f"run {log_id}",
        "ValueError: no token",
        "further failures are not told until it has recovered",
        f"look: connecthub log show {log_id}",
    ]


def test_a_job_has_a_policy_of_its_own_and_loses_it(watchers: Watchers):
    watchers.installation.add("other")
    watchers.policy(job="job")
    watchers.fail()
    watchers.fail("other")
    assert watchers.told() == ["job other failed"]
    set_policy(watchers.installation.database, ALICE, "job", None)
    watchers.fail()
    assert watchers.told() == [], "its series began before"
    watchers.run()
    watchers.fail()
    assert sorted(watchers.told()) == ["job job failed", "job job succeeded again"]


def test_an_alert_goes_to_the_channels_that_its_policy_names(watchers: Watchers):
    with webhook() as other:
        watchers.channel("night", other.url)
        set_policy(watchers.installation.database, ALICE, "job", PolicyChange(channels=("night",)))
        watchers.installation.add("other")
        watchers.fail()
        assert watchers.told() == []
        watchers.fail("other")
        assert watchers.told() == ["job other failed"]
        assert other.titles == ["job job failed", "job other failed"]


def test_what_happened_before_there_was_a_channel_is_told_to_nobody(installation: Installation, hook: Webhook):
    watchers = Watchers(installation, hook)
    installation.add()
    watchers.fail()
    watchers.evaluate()
    watchers.channel()
    assert watchers.told() == []
    (seen,) = list_alerts(installation.database, 10)
    assert (seen.about, seen.deliveries) == ("job job failed", [])
    watchers.run()
    assert watchers.told() == ["job job succeeded again"]


def test_the_series_of_a_job_that_was_deleted_ends(watchers: Watchers):
    watchers.fail()
    watchers.evaluate()
    delete_job(watchers.installation.office(), ALICE, "job")
    watchers.evaluate()
    assert [seen.row.series_of for seen in list_alerts(watchers.installation.database, 10)] == [None]


def test_schedulers_that_look_at_once_write_each_alert_once(watchers: Watchers):
    missed_slots(watchers)
    for _ in range(20):
        watchers.fail()
        watchers.run()
    failures: list[Exception] = []

    def scheduler() -> None:
        try:
            Watchers(watchers.installation, watchers.hook).evaluate()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watchers.evaluate()
    assert failures == []
    kinds = [seen.row.kind for seen in list_alerts(watchers.installation.database, 1000)]
    assert sorted(kinds) == sorted([*["failed"] * 20, *["recovered"] * 20, "missed"])
