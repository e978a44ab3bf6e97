"""What the control center does, and what it says about it: on both stacks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from connecthub.control.job_reading import show_job
from connecthub.control.session import Session
from connecthub.db import tables
from connecthub.db.tables import Status
from connecthub.errors import ConnectHubError, DatabaseUnreachable, Forbidden
from tests.integration.conftest import Installation
from tests.tui.test_data import claim, ran
from tests.tui.test_data import data as data
from tests.tui.test_data import installation as installation
from tests.tui.test_data import launcher as launcher
from tui.acts import Tally
from tui.data import Data
from tui.rows import LogFilter
from tui.spans import Span


def test_jobs_are_run_and_what_cannot_be_is_said(installation: Installation, data: Data):
    one, two = installation.add("one"), installation.add("two", overlap="skip")
    done = data.run([one.id], {"name": "me"})
    assert done.lines == (f"run {done.opened} is queued (one)",)
    assert done.opened is not None
    assert installation.log(done.opened).row.public_cfg == {"name": "me"}
    assert installation.log(done.opened).row.requested_by.startswith("local:")
    waits = data.run([two.id]).opened
    done = data.run([two.id])
    assert (done.lines, done.opened, len(done.refused)) == ((), waits, 1)
    assert f"run {waits} is still queued" in done.refused[0]
    assert data.run([two.id], in_turn=True).opened is not None
    done = data.run([two.id, 999, one.id, one.id])
    assert (len(done.lines), len(done.refused)) == (1, 2)
    assert "999" in done.refused[1]
    assert len(data.run([one.id], {"name": 5}).refused) == 1
    with installation.database.read() as connection:
        assert set(
            connection.execute(select(tables.audit.c.via).where(tables.audit.c.action == "job.run")).scalars()
        ) == {"tui"}


def test_runs_are_retried_once_and_whoever_asks_again_stands_in_the_first(installation: Installation, data: Data):
    installation.add()
    failed, fine = ran(installation), ran(installation, status=Status.SUCCEEDED)
    assert data.count(LogFilter()) == 1
    done = data.retry([failed])
    assert done.lines == (f"run {done.opened} is queued: a retry of {failed} (job)",)
    again = data.retry([failed])
    assert (again.lines, again.refused) == ((), (f"{failed}: already asked: run {done.opened}",))
    assert again.opened == done.opened
    assert data.count(LogFilter()) == 0
    both = data.retry([fine, failed])
    assert (len(both.refused), both.opened) == (2, None)


def test_all_that_match_are_retried_and_all_of_a_job(installation: Installation, data: Data):
    installation.add("one")
    two = installation.add("two")
    three = installation.add("three")
    for name in ("one", "one", "two", "two"):
        ran(installation, name)
    assert data.count(LogFilter("job:one")) == 2
    assert len(data.retry_matching(LogFilter("job:one status:failed")).lines) == 2
    assert data.count(LogFilter("status:bad")) == 2
    done = data.retry_failed([three.id, two.id])
    assert (len(done.lines), done.refused) == (2, ("job three: nothing of it can be retried",))
    assert data.retry_matching(LogFilter()).lines == ()


def test_runs_are_cancelled(installation: Installation, data: Data):
    installation.add()
    waits, runs = installation.run(), installation.run()
    claim(installation, runs)
    done = data.cancel([waits, runs, 999])
    assert done.lines == (f"run {waits} (job) is cancelled; it had not started", f"run {runs} (job) is asked to stop")
    assert len(done.refused) == 1
    assert data.cancel([runs]).lines == (f"run {runs} (job) was asked to stop already",)
    assert len(data.cancel([waits]).refused) == 1


def test_jobs_are_disabled_and_enabled_and_the_answer_says_how_to_undo_it(installation: Installation, data: Data):
    one, two = installation.add("one"), installation.add("月末 two")
    done = data.disable([one.id, two.id, 999])
    assert done.lines == ("job one is disabled", "job 月末 two is disabled")
    assert (done.undo, len(done.refused)) == ("connecthub job enable one '月末 two'", 1)
    again = data.disable([one.id])
    assert (again.lines, again.undo) == (("job one is disabled already",), "")
    assert data.enable([one.id]).undo == "connecthub job disable one"
    assert show_job(installation.database, "one").enabled


def test_a_read_only_control_center_acts_on_nothing(installation: Installation):
    job = installation.add()
    log_id = ran(installation)
    data = Data(Session(installation.settings), read_only=True)
    acts = [lambda: data.run([job.id]), lambda: data.retry([log_id]), lambda: data.retry_matching(LogFilter())]
    acts += [lambda: data.retry_failed([job.id]), lambda: data.cancel([log_id])]
    acts += [lambda: data.enable([job.id]), lambda: data.disable([job.id])]
    for act in acts:
        with pytest.raises(Forbidden, match="read-only"):
            act()
    assert [row.id for row in data.logs(LogFilter(), Span()).rows] == [log_id]
    data.close()


def test_many_threads_ask_and_act_at_once(installation: Installation, data: Data):
    job = installation.add()

    def ask(number: int) -> int:
        done = data.run([job.id])
        assert done.refused == ()
        return len(data.logs(LogFilter("job:job"), Span()).rows) and len(done.lines)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(24))) == 24
    assert len(data.logs(LogFilter(), Span()).rows) == 24


def test_an_outage_stops_an_act_and_says_what_was_left():
    tally = Tally()

    def act(number: int) -> None:
        if number == 2:
            raise DatabaseUnreachable("no answer")
        tally.lines.append(f"{number} done")

    done = tally.each([1, 2, 3, 4], act).done()
    assert (done.lines, done.refused) == (("1 done",), ("no answer; it and 2 more were left",))
    with pytest.raises(ConnectHubError):
        Tally().each([2, 1], act)


def test_what_is_beyond_the_most_is_left_and_said():
    tally = Tally()
    assert tally.at_most(2, [1, 2]) == [1, 2]
    assert tally.done().refused == ()
    assert tally.at_most(2, [1, 2, 3]) == [1, 2]
    assert tally.done().refused == ("more than 2 match: the newer ones are left; ask again",)
