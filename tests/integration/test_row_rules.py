"""The rules of the row machine that need several at once, or a clock that goes back, on both stacks."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connecthub.control.cancelling import Done, cancel_log
from connecthub.control.jobs import delete_job, edit_job
from connecthub.control.runs import retry_log
from connecthub.db import job_logs, leases, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.errors import ConnectHubError, NotFound, Refused
from connecthub.tasks.dispatcher import dispatch_due_jobs, tick
from connecthub.tasks.endings import end_run
from connecthub.tasks.maintenance import Sweep
from tests.integration.conftest import ALICE, NOON, Installation

MINUTE = timedelta(minutes=1)
ROUNDS = 10
"""Of what is done at once, so that both orders come."""


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all in threads that start together; returns what each gave back, or the error that it raised."""
    start = threading.Barrier(len(acts))
    given: list[Any] = [None] * len(acts)

    def do(place: int, one: Callable[[], Any]) -> None:
        start.wait()
        try:
            given[place] = one()
        except Exception as error:
            given[place] = error

    threads = [threading.Thread(target=do, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unexpected = [one for one in given if isinstance(one, Exception) and not isinstance(one, ConnectHubError)]
    assert unexpected == []
    return given


def rows(installation: Installation) -> list[AnyRow]:
    with installation.database.read() as connection:
        return list(connection.execute(select(tables.job_logs).order_by(tables.job_logs.c.id)))


def alerts(installation: Installation) -> Counter[int]:
    with installation.database.read() as connection:
        return Counter(connection.execute(select(tables.alert_outbox.c.job_log_id)).scalars())


def token_of(log_id: int) -> str:
    return f"{log_id:032d}"


def start(installation: Installation, log_id: int, lease: float = 60) -> bool:
    return job_logs.claim(installation.database, log_id, token_of(log_id), "host:1:test", lease) is not None


def end(installation: Installation, log_id: int, status: Status = Status.FAILED) -> bool:
    with installation.database.write() as connection:
        return end_run(connection, log_id, token_of(log_id), Ending(status, "")).written


def fail(installation: Installation, log_id: int) -> None:
    assert start(installation, log_id)
    assert end(installation, log_id)


def test_a_chain_that_many_retry_at_once_gets_one_row_and_the_others_are_told_its_number(installation: Installation):
    """Also where they name different runs of it."""
    installation.add()
    first = installation.run()
    fail(installation, first)
    second = retry_log(installation.database, installation.ring, ALICE, first).row.id
    for _ in range(ROUNDS):
        fail(installation, second)
        asked = [
            lambda log_id=log_id: retry_log(installation.database, installation.ring, ALICE, log_id).row.id
            for log_id in (first, second) * 3
        ]
        given = at_once(*asked)
        (new,) = [one for one in given if isinstance(one, int)]
        assert {str(one) for one in given if isinstance(one, Refused)} == {f"already asked: run {new}"}
        second = new


def test_a_run_that_ends_while_somebody_retries_its_chain_leaves_one_open_row(installation: Installation):
    """The automatic retry and the person's: whoever comes second finds the other's."""
    installation.add(max_retries=100, retry_delay=0.0)
    first = open_now = installation.run()
    for _ in range(ROUNDS):
        assert start(installation, open_now)
        ended, asked = at_once(
            lambda log_id=open_now: end(installation, log_id),
            lambda: retry_log(installation.database, installation.ring, ALICE, first),
        )
        assert ended is True
        assert isinstance(asked, Refused)
        (open_now,) = [row.id for row in rows(installation) if row.status not in FINAL]
    assert alerts(installation) == {}


def test_heartbeats_and_cancels_of_many_rows_in_any_order_never_deadlock(installation: Installation):
    """A heartbeat names its runs by token, a cancel by id: unordered, this ended in deadlocks within a second."""
    installation.add()
    running = [installation.run() for _ in range(12)]
    for log_id in running:
        assert start(installation, log_id)

    def beat(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(60):
            tokens = [token_of(log_id) for log_id in chance.sample(running, 10)]
            with installation.database.write() as connection:
                assert leases.extend(connection, tokens, 60).keys() == set(tokens)

    def ask(seed: int) -> None:
        """Ask all that nobody has asked, and take the wish from one, so that there is something to ask."""
        chance = random.Random(seed)
        for _ in range(60):
            with installation.database.write() as connection:
                job_logs.ask_to_stop(connection, chance.sample(running, 10), "cancelled by alice")
            with installation.database.write() as connection:
                asked = tables.job_logs.c.id == chance.choice(running)
                connection.execute(update(tables.job_logs).where(asked).values(cancel_requested_at=None))

    assert at_once(*(lambda seed=seed: (beat, ask)[seed % 2](seed) for seed in range(4))) == [None] * 4


def test_eight_schedulers_dispatch_two_hundred_jobs_and_each_moves_on_once(installation: Installation):
    """Whatever the policy: what is born and what gives way is decided under the job's lock."""
    template = installation.add("job-0", overlap="replace")
    columns = [column.name for column in tables.jobs.c if column.name not in ("id", "name", "overlap")]
    values = {name: getattr(template, name) for name in columns}
    overlaps = ("replace", "skip", "queue", "allow")
    copies = [{**values, "name": f"job-{number}", "overlap": overlaps[number % 4]} for number in range(1, 200)]
    with installation.database.write() as connection:
        connection.execute(insert(tables.jobs), copies)
    done = at_once(*[lambda: dispatch_due_jobs(installation.database, NOON)] * 8)
    dispatch_due_jobs(installation.database, NOON)
    assert sum(len(one.queued) for one in done) <= 200
    found = rows(installation)
    assert len(found) == len({row.job_id for row in found}) == 200
    assert {(row.status, row.scheduled_for) for row in found} == {("queued", NOON)}
    with installation.database.read() as connection:
        assert set(connection.execute(select(tables.jobs.c.next_run_at)).scalars()) == {NOON + MINUTE}


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_a_finish_and_a_sweep_at_once_end_a_run_once(installation: Installation, status: Status):
    installation.add(max_retries=1, retry_delay=3600.0)
    passed = [0.0]
    for _ in range(ROUNDS):
        log_id = installation.run()
        assert start(installation, log_id, lease=-30)
        sweeps = [Sweep(installation.settings, lambda: passed[0]) for _ in range(2)]
        for sweep in sweeps:
            sweep.look(installation.database, installation.ring)
        passed[0] += 3600
        looks = [lambda sweep=sweep: sweep.look(installation.database, installation.ring) for sweep in sweeps]
        written, *_ = at_once(lambda log_id=log_id: end(installation, log_id, status), *looks)
        row = installation.log(log_id).row
        assert row.status == (status if written else Status.CRASHED)
        retries = [row for row in rows(installation) if row.retry_of == log_id]
        assert len(retries) == (row.status != Status.SUCCEEDED)
    assert alerts(installation) == {}


def test_of_a_cancel_and_a_claim_at_once_neither_is_lost(installation: Installation):
    installation.add()
    for _ in range(ROUNDS):
        log_id = installation.run()
        claimed, wish = at_once(
            lambda log_id=log_id: start(installation, log_id),
            lambda log_id=log_id: cancel_log(installation.database, installation.ring, ALICE, log_id).done,
        )
        row = installation.log(log_id).row
        seen = (wish, row.status, row.cancel_requested_at is not None)
        assert seen == ((Done.ASKED, "running", True) if claimed else (Done.CANCELLED, "cancelled", False))


def test_a_job_that_is_deleted_while_it_is_dispatched_leaves_nothing_that_waits(installation: Installation):
    for number in range(ROUNDS):
        name = f"job-{number}"
        installation.add(name)
        done, deleted = at_once(
            lambda: tick(installation.database, installation.ring, NOON),
            lambda name=name: delete_job(installation.office(NOON), ALICE, name),
        )
        assert not isinstance(done, Exception)
        assert deleted == 1
        (row,) = [row for row in rows(installation) if row.job_name == name]
        assert (row.status, row.job_id, row.scheduled_for) == ("cancelled", None, NOON)


def test_a_job_whose_run_starts_while_it_is_deleted_is_either_kept_or_never_runs(installation: Installation):
    for number in range(ROUNDS * 3):
        name = f"job-{number}"
        installation.add(name, enabled=False)
        log_id = installation.run(name)
        claimed, deleted = at_once(
            lambda log_id=log_id: start(installation, log_id),
            lambda name=name: delete_job(installation.office(), ALICE, name),
        )
        row = installation.log(log_id).row
        if claimed:
            assert isinstance(deleted, Refused)
            assert (row.status, row.job_id is None) == ("running", False)
        else:
            assert (deleted, row.status) == (1, "cancelled")


def test_a_job_that_is_deleted_takes_no_retry_with_it(installation: Installation):
    """The end of its run, a person's retry and the deletion at once: nothing is left that waits."""
    for number in range(ROUNDS):
        name = f"job-{number}"
        installation.add(name, enabled=False, max_retries=1)
        log_id = installation.run(name)
        fail(installation, log_id)
        cancel_log(installation.database, installation.ring, ALICE, rows(installation)[-1].id)
        _, asked = at_once(
            lambda name=name: delete_job(installation.office(), ALICE, name),
            lambda log_id=log_id: retry_log(installation.database, installation.ring, ALICE, log_id),
        )
        if isinstance(asked, Exception):
            assert isinstance(asked, Refused | NotFound)
            assert re.search("was deleted", str(asked))
        assert [row for row in rows(installation) if row.status not in FINAL] == []


def clock_goes_back(installation: Installation) -> None:
    """An edit whose clock stands before a slot that was dispatched; then that slot comes again."""
    earlier = installation.office(NOON - timedelta(seconds=1))
    edit_job(earlier, ALICE, installation.job(), {"cron_expr": "*/2 * * * *"})
    assert installation.job().next_run_at == NOON
    tick(installation.database, installation.ring, NOON)


def test_a_slot_that_comes_again_is_not_replaced_by_itself(installation: Installation):
    installation.add(overlap="replace")
    tick(installation.database, installation.ring, NOON)
    clock_goes_back(installation)
    (row,) = rows(installation)
    assert (row.status, row.reason) == ("queued", None)
    assert installation.job().next_run_at == NOON + 2 * MINUTE


@pytest.mark.parametrize("overlap", ["skip", "queue", "replace"])
def test_a_slot_that_comes_again_does_not_supersede_its_own_retry(installation: Installation, overlap: str):
    installation.add(overlap=overlap, max_retries=1)
    tick(installation.database, installation.ring, NOON)
    fail(installation, 1)
    clock_goes_back(installation)
    assert [row.status for row in rows(installation)] == ["failed", "queued"]
    assert alerts(installation) == {}


def test_slots_that_have_their_row_are_left_out_of_what_was_missed(installation: Installation):
    """Else the one row for all the missed would be passed over, and with it the verdict of those before."""
    installation.add(catch_up="skip")
    edit_job(installation.office(NOON + 2.5 * MINUTE), ALICE, installation.job(), {"cron_expr": "1-59 * * * *"})
    known = {row.scheduled_for for row in rows(installation)}
    tick(installation.database, installation.ring, NOON + 3 * MINUTE)
    edit_job(installation.office(NOON - timedelta(seconds=1)), ALICE, installation.job(), {"cron_expr": "* * * * *"})
    tick(installation.database, installation.ring, NOON + 4.5 * MINUTE)
    assert known <= {NOON + minute * MINUTE for minute in range(3)}
    found = rows(installation)
    for slot in (NOON + minute * MINUTE for minute in range(5)):
        assert [row for row in found if (row.missed_from or row.scheduled_for) <= slot <= row.scheduled_for]


def test_a_run_now_that_takes_the_place_of_a_due_retry_owes_the_alert(installation: Installation):
    installation.add(overlap="replace", max_retries=1, retry_delay=0.0)
    failed = installation.run()
    fail(installation, failed)
    new = installation.run()
    found = rows(installation)
    assert [(row.trigger, row.status) for row in found] == [
        ("manual", "failed"),
        ("retry", "cancelled"),
        ("manual", "queued"),
    ]
    assert found[-1].id == new
    assert alerts(installation) == {found[1].id: 1}
