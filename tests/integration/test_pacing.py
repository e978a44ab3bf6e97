"""Turns over all workers, on both stacks: by the database's clock, and by the worker's own while it is away."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from connecthub.core.clock import FixedClock
from connecthub.core.turns import AHEAD_MAX
from connecthub.db import pacing
from connecthub.db.engine import Database
from connecthub.db.tables import turns
from connecthub.db.types import database_now
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.tasks.execute import Workbench, execute_job
from connecthub.tasks.maintenance import Prune
from connecthub.tasks.pacing import PaceKeeper
from tests.integration.conftest import NOON, Installation
from tests.runs import run_plugin

SECONDS = 30.0
"""A deadline for answers that come within a second."""
LONG = 50.0
"""An interval beside which nothing counts that takes its time here."""


@pytest.fixture
def other(installation: Installation) -> Iterator[Database]:
    """The same database as another process has it."""
    database = Database(installation.settings.database_url)
    yield database
    database.dispose()


def take(keeper: PaceKeeper, key: str = "key", interval: float = LONG) -> float:
    """When the next turn comes, on the monotonic clock."""
    came: list[float] = []
    answered = threading.Event()

    def reply(at: float) -> None:
        came.append(at)
        answered.set()

    keeper.take(key, interval, reply)
    assert answered.wait(SECONDS), "no answer"
    return came[0]


def free_at(database: Database, key: str = "key") -> datetime | None:
    with database.read() as connection:
        return connection.execute(select(turns.c.free_at).where(turns.c.key == key)).scalar()


def set_free_at(database: Database, seconds: float, key: str = "key") -> None:
    """Put the next turn so many seconds from now, by the database's clock."""
    with database.write() as connection:
        now = connection.execute(select(database_now())).scalar_one()
        connection.execute(insert(turns).values(key=key, free_at=now + timedelta(seconds=seconds)))


def test_turns_of_several_workers_are_an_interval_apart(installation: Installation, other: Database):
    databases, interval = (installation.database, other), 0.16
    spans: list[tuple[datetime, datetime]] = []

    def work(number: int) -> None:
        for _ in range(5):
            with databases[number % 2].write() as connection:
                pacing.take_turns(connection, "key", [interval, interval])
                end = connection.execute(select(turns.c.free_at)).scalar_one()
            spans.append((end - timedelta(seconds=2 * interval), end))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    spans.sort()
    assert len(spans) == 20
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_the_turns_of_one_transaction_follow_each_other(installation: Installation):
    with installation.database.write() as connection:
        first = pacing.take_turns(connection, "key", [10.0, 20.0, 30.0])
        second = pacing.take_turns(connection, "key", [10.0])
    assert [round(wait) for wait in first + second] == [0, 10, 30, 60]


def test_keepers_of_two_workers_share_one_row_of_turns(installation: Installation, other: Database):
    with PaceKeeper(installation.database) as one, PaceKeeper(other) as two:
        came = [take(one)]
        began = free_at(other)
        with ThreadPoolExecutor(6) as threads:
            came += threads.map(lambda number: take((one, two)[number % 2]), range(24))
        assert began is not None
        assert free_at(other) == began + timedelta(seconds=24 * LONG)
        came.sort()
        assert all(after - before > LONG - 10 for before, after in pairwise(came))
        apart = take(one, "another key") - came[0]
        assert apart < LONG, "another key has turns of its own"


def test_no_turn_comes_before_its_answer_can(installation: Installation):
    for _ in range(2):
        with installation.database.write() as connection:
            (wait,) = pacing.take_turns(connection, "key", [0.001])
        assert wait >= pacing.LEAD_SECONDS - 0.001
        time.sleep(pacing.LEAD_SECONDS)


def test_the_clock_of_the_database_decides(installation: Installation):
    for key, seconds in (("now", -3600), ("soon", LONG), ("stepped", (AHEAD_MAX + 1) * LONG)):
        set_free_at(installation.database, seconds, key)
    with installation.database.write() as connection:
        waits = {key: pacing.take_turns(connection, key, [LONG])[0] for key in ("now", "soon", "stepped")}
    assert {key: round(wait, -1) for key, wait in waits.items()} == {"now": 0, "soon": LONG, "stepped": 0}
    with PaceKeeper(installation.database) as keeper:
        now = take(keeper, "soon") - 2 * LONG
        assert abs(take(keeper, "now") - LONG - now) < 10


def test_an_interval_is_rounded_up_to_what_the_database_counts(installation: Installation):
    with installation.database.write() as connection:
        waits = pacing.take_turns(connection, "key", [0.0001] * 101)
    assert waits[-1] > 0.09


def broken(installation: Installation, tmp_path: Path) -> Database:
    if installation.settings.stack == "production":
        return Database("postgresql://nobody@127.0.0.1:1/nothing")
    return Database(f"sqlite:///{tmp_path}/nothing/connecthub.sqlite3")


def test_while_the_database_is_away_the_worker_spaces_its_own(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    database = broken(installation, tmp_path)
    with caplog.at_level(logging.INFO), PaceKeeper(database, pause_seconds=0) as keeper:
        came = [take(keeper) for _ in range(4)]
    assert all(after - before >= LONG for before, after in pairwise(came))
    (said,) = [record.getMessage() for record in caplog.records if record.name == "connecthub.tasks.pacing"]
    assert said.startswith("turns are spaced within this worker only, for the database gives none: ")
    database.dispose()


def test_a_slow_database_is_not_waited_for_and_decides_again_when_it_is_back(
    installation: Installation, other: Database, caplog: pytest.LogCaptureFixture
):
    with ExitStack() as stack, caplog.at_level(logging.INFO):
        keeper = stack.enter_context(PaceKeeper(installation.database, slow_seconds=0.05, pause_seconds=0))
        with other.write() as connection:
            pacing.take_turns(connection, "key", [LONG])
            came = [take(keeper) for _ in range(3)]
        assert all(after - before >= LONG for before, after in pairwise(came))
        give_up = time.monotonic() + SECONDS
        while "turns are spaced over all workers again" not in caplog.messages:
            assert time.monotonic() < give_up, "it is not asked again"
            take(keeper, "any", 0.001)
        assert take(keeper) - came[-1] >= LONG, "what it gave meanwhile counts"
    assert [message[:40] for message in caplog.messages if message.startswith("turns are")] == [
        "turns are spaced within this worker only",
        "turns are spaced over all workers again",
    ]


def test_a_keeper_stops_although_its_database_hangs(installation: Installation, other: Database):
    with other.write() as connection:
        pacing.take_turns(connection, "key", [LONG])
        with PaceKeeper(installation.database, slow_seconds=0.05) as keeper:
            take(keeper)
        hanging = [thread for thread in threading.enumerate() if thread.name == "asks for turns"]
        assert len(hanging) == 1, "it was waited for"
    hanging[0].join(SECONDS)


def test_a_keeper_that_is_asked_to_the_last_stops(installation: Installation):
    came: list[float] = []
    with PaceKeeper(installation.database) as keeper:
        for _ in range(250):
            keeper.take("key", 0.1, came.append)
    assert len(came) == 250
    assert came == sorted(came)


def test_a_run_asks_its_worker_and_gets_the_turns_of_all(installation: Installation, bench: Workbench):
    installation.add(handler="samples.paced:Paced", params={"key": "didi:host:1", "turns": 3, "interval": LONG})
    set_free_at(installation.database, LONG, "didi:host:1")
    began = free_at(installation.database, "didi:host:1")
    with PaceKeeper(installation.database) as keeper:
        log_id = installation.run()
        execute_job(replace(bench, turns=keeper.take), log_id)
    detail = installation.log(log_id)
    assert (detail.row.status, detail.row.error) == ("succeeded", None)
    came = json.loads(detail.row.result)["came"]
    assert all(after - before >= LONG - 1e-3 for before, after in pairwise(came))
    assert began is not None
    assert free_at(installation.database, "didi:host:1") == began + timedelta(seconds=3 * LONG)
    assert "turns" not in detail.text


def test_turns_that_nobody_takes_any_more_are_deleted(installation: Installation):
    for key, hours in (("old", -25), ("used", -23), ("ahead", 1)):
        set_free_at(installation.database, hours * 3600, key)
    Prune(installation.database, installation.settings, FixedClock(NOON), threading.Event()).step()
    with installation.database.read() as connection:
        assert set(connection.execute(select(turns.c.key)).scalars()) == {"used", "ahead"}


HOSTILE = [
    ("asks_oddly", "succeeded", "a key that is no text of 1 to 200 characters"),
    ("forges", "succeeded", "a question without a number of its own"),
    ("floods", "succeeded", "more than"),
    ("closes_the_channel", "crashed", None),
    ("forks", "succeeded", None),
]


@pytest.mark.parametrize(("do", "status", "said"), HOSTILE, ids=[row[0] for row in HOSTILE])
def test_whatever_a_plugin_asks_its_run_ends_as_it_would(
    launcher: LauncherProcess, do: str, status: str, said: str | None
):
    ran = run_plugin(launcher, "samples.paced:Greedy", {"do": do})
    assert ran.outcome.status == status
    result: dict[str, Any] = json.loads(ran.outcome.result or "{}")
    assert result.get("code", 0) == 0
    complaint = "the plugin asks for turns that are not shared with other runs: "
    assert ran.log.count(complaint) == (said is not None)
    assert said is None or complaint + said in ran.log
