"""Old JobLogs go by themselves, on both stacks: by age, or beyond what their job keeps."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from connecthub.control.alerts import PolicyChange, set_policy
from connecthub.control.jobs import set_enabled
from connecthub.control.pruning import count_old, prune
from connecthub.core.clock import FixedClock
from connecthub.db import jobs, pruning
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, Trigger, job_log_chunks, job_logs
from connecthub.db.tables import jobs as jobs_table
from connecthub.tasks import maintenance
from connecthub.tasks.maintenance import PRUNE_SECONDS, Prune
from tests.integration.conftest import ALICE, NOON, Installation

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def step(installation: Installation, clock: FixedClock, stopping: threading.Event) -> Prune:
    """The step at noon; a JobLog goes after 30 days."""
    return Prune(installation.database, installation.settings, clock, stopping)


def rows(
    installation: Installation,
    days: float,
    count: int = 1,
    *,
    job: str = "job",
    status: Status = Status.SUCCEEDED,
    dry_run: bool = False,
) -> list[int]:
    """JobLogs that were queued and ended so many days before noon."""
    at = NOON - days * DAY
    new = NewLog(installation.job(job), Trigger.MANUAL, dry_run=dry_run)
    values = {**new.values(status), "queued_at": at, "available_at": at}
    values["finished_at"] = None if status in (Status.QUEUED, Status.RUNNING) else at
    with installation.database.write() as connection:
        return list(connection.execute(insert(job_logs).returning(job_logs.c.id), [values] * count).scalars())


def left(installation: Installation) -> list[int]:
    with installation.database.read() as connection:
        return list(connection.execute(select(job_logs.c.id).order_by(job_logs.c.id)).scalars())


def keep(installation: Installation, count: int, job: str = "job") -> None:
    with installation.database.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.name == job).values(keep_last=count))


def test_what_ended_before_the_retention_goes_with_its_log(installation: Installation, step: Prune):
    installation.add()
    (old,) = rows(installation, 30.1)
    kept = rows(installation, 29.9)
    with installation.database.write() as connection:
        connection.execute(insert(job_log_chunks).values(job_log_id=old, seq=0, at=NOON, text="long ago"))
    assert step.step() is False
    assert left(installation) == kept
    with installation.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(job_log_chunks)).scalar_one() == 0


def test_what_has_not_ended_stays_however_old(installation: Installation, step: Prune):
    installation.add()
    waits = rows(installation, 90, status=Status.QUEUED)
    goes_on = rows(installation, 90, status=Status.RUNNING)
    skipped = rows(installation, 90, status=Status.SKIPPED)
    step.step()
    assert left(installation) == [*waits, *goes_on]
    assert skipped[0] not in left(installation)


def test_a_run_that_ended_long_after_it_was_queued_counts_by_its_end(installation: Installation, step: Prune):
    installation.add()
    (late,) = rows(installation, 40)
    with installation.database.write() as connection:
        connection.execute(update(job_logs).values(finished_at=NOON - DAY))
    rows(installation, 35)
    step.step()
    assert left(installation) == [late]


def test_jobs_that_are_gone_lose_theirs_by_age(installation: Installation, step: Prune):
    installation.add()
    rows(installation, 31)
    kept = rows(installation, 1)
    with installation.database.write() as connection:
        jobs.delete_job(connection, installation.job().id)
    step.step()
    assert left(installation) == kept


def test_a_job_that_keeps_so_many_keeps_its_newest_whatever_their_age(installation: Installation, step: Prune):
    installation.add()
    installation.add("other")
    rows(installation, 90, 3)
    newest = [*rows(installation, 60), *rows(installation, 2, 2)]
    others = rows(installation, 2, 4, job="other")
    waits = rows(installation, 90, status=Status.QUEUED)
    keep(installation, 3)
    assert step.step() is False
    assert left(installation) == sorted([*newest, *others, *waits])


def test_dry_runs_push_out_no_run_but_older_dry_ones(installation: Installation, step: Prune):
    installation.add()
    rows(installation, 90, dry_run=True)
    work = rows(installation, 60, 2)
    dry = rows(installation, 2, 4, dry_run=True)
    keep(installation, 2)
    assert step.step() is False
    assert left(installation) == [*work, *dry[-2:]]


NO_SUCCESS = PolicyChange(no_success_hours=24 * 45)


def test_the_newest_success_stays_where_the_alert_about_none_counts_from_it(installation: Installation, step: Prune):
    installation.add()
    set_policy(installation.database, ALICE, "job", NO_SUCCESS)
    keep(installation, 2)
    rows(installation, 3)
    (success,) = rows(installation, 2)
    failures = rows(installation, 1, 4, status=Status.FAILED)
    assert step.step() is False
    assert left(installation) == [success, *failures[-2:]]


def test_it_stays_however_old_it_is_while_the_job_is_enabled(installation: Installation, step: Prune):
    installation.add()
    set_policy(installation.database, ALICE, None, NO_SUCCESS)
    rows(installation, 50)
    (success,) = rows(installation, 40)
    rows(installation, 35, status=Status.FAILED)
    step.step()
    assert left(installation) == [success]
    set_enabled(installation.office(), ALICE, installation.job(), False)
    step.step()
    assert left(installation) == []


def test_a_job_may_keep_none(installation: Installation, step: Prune):
    installation.add()
    rows(installation, 1, 3)
    keep(installation, 0)
    step.step()
    assert left(installation) == []


def test_many_go_in_small_batches(installation: Installation, step: Prune, monkeypatch: pytest.MonkeyPatch):
    installation.add()
    rows(installation, 40, 25)
    kept = rows(installation, 1, 7)
    monkeypatch.setattr(pruning, "BATCH", 4)
    monkeypatch.setattr(maintenance, "PRUNE_PAUSE", 0)
    assert step.step() is False
    assert left(installation) == kept
    keep(installation, 1)
    assert step.step() is False
    assert left(installation) == kept[-1:]


def test_a_step_ends_when_its_time_is_over_and_the_next_goes_on(
    installation: Installation, clock: FixedClock, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    installation.add()
    rows(installation, 40, 10)
    monkeypatch.setattr(pruning, "BATCH", 4)
    monkeypatch.setattr(maintenance, "PRUNE_PAUSE", 0)
    slow = SlowClock(clock, PRUNE_SECONDS * 0.6)
    step = Prune(installation.database, installation.settings, slow, stopping)
    found = []
    while step.step():
        found.append(len(left(installation)))
    assert found == [2]
    assert left(installation) == []


class SlowClock:
    """A clock by which each look at it takes so many seconds."""

    def __init__(self, clock: FixedClock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        self._clock.advance(self._seconds)
        return self._clock.monotonic()


def test_a_step_ends_when_the_process_stops(
    installation: Installation, step: Prune, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    installation.add()
    rows(installation, 40, 10)
    monkeypatch.setattr(pruning, "BATCH", 4)
    stopping.set()
    assert step.step() is True
    assert len(left(installation)) == 6


def test_several_schedulers_prune_at_once(
    installation: Installation, clock: FixedClock, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    installation.add()
    installation.add("keeper")
    rows(installation, 40, 60)
    rows(installation, 1, 60, job="keeper")
    kept = [*rows(installation, 1, 3), *rows(installation, 1, 2, job="keeper")]
    keep(installation, 2, "keeper")
    monkeypatch.setattr(pruning, "BATCH", 7)
    monkeypatch.setattr(maintenance, "PRUNE_PAUSE", 0)
    failures: list[Exception] = []

    def scheduler() -> None:
        try:
            while Prune(installation.database, installation.settings, clock, stopping).step():
                pass
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # What another scheduler was about to delete is that scheduler's.
    Prune(installation.database, installation.settings, clock, stopping).step()
    assert left(installation) == kept


def test_large_logs_make_smaller_batches(installation: Installation, step: Prune, monkeypatch: pytest.MonkeyPatch):
    installation.add()
    rows(installation, 40, 14)
    monkeypatch.setattr(pruning, "BATCH", 8)
    monkeypatch.setattr(pruning, "BATCH_SECONDS", -1.0)
    assert list(pruning.delete_old(installation.database, NOON)) == [8, 4, 2, 0]


def test_pruning_by_hand_spares_what_a_job_keeps(installation: Installation):
    installation.add()
    installation.add("keeper")
    rows(installation, 40, 3)
    kept = rows(installation, 40, 3, job="keeper")
    keep(installation, 5, "keeper")
    before = datetime(2026, 11, 1, tzinfo=UTC)
    assert count_old(installation.database, before, None) == 3
    deleted: list[int] = []
    assert prune(installation.database, ALICE, before, None, deleted.append) == 3
    assert deleted[-1] == 3
    assert left(installation) == kept
