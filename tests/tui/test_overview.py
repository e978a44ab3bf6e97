"""The Overview: what it shows, and what one does from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from connecthub.control.needs import Kind
from connecthub.core.safe_text import display_width
from connecthub.db import workers
from tests.integration.conftest import Installation
from tests.integration.test_overview import add_run, calm
from tests.tui.test_center import center, unasked
from tests.tui.test_data import HOSTILE, data, unsafe
from tests.tui.test_screens import lines, open_data, settled
from tui.app import ControlCenter
from tui.data import Data
from tui.rows_overview import NeedRow, OverviewView, RunningRow
from tui.screens.log import LogScreen
from tui.screens.overview import OverviewScreen
from tui.screens.overview_facts import lines as fact_lines
from tui.times import Times
from tui.widgets.bars import HintBar, StatusLine
from tui.words import Words, keys

__all__ = ["data", "open_data"]

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
Look = Callable[["Pilot[None]", OverviewScreen], Awaitable[None]]


def with_overview(open_data: Callable[[], Data], look: Look, language: str = "en", size: tuple[int, int] = (80, 24)):
    """Open the Overview, look at it, and see that nothing broke."""

    async def run() -> None:
        center = ControlCenter(open_data, language)
        async with center.run_test(size=size) as pilot:
            await pilot.pause()
            await settled(center)
            await pilot.press("1")
            await seen(pilot)
            screen = center.screen
            assert isinstance(screen, OverviewScreen)
            await look(pilot, screen)
        assert center.bugs == []

    asyncio.run(run())


async def seen(pilot: Pilot[None]) -> None:
    """Wait until what was pressed has been asked, answered and painted."""
    for _ in range(2):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def full(installation: Installation) -> int:
    """Something of each kind but what no test database has; returns the run that failed last."""
    calm(installation)
    for number in range(5):
        add_run(installation, "succeeded", 3600 - number, took=10)
    bad = add_run(installation, "failed", 1000, error="boom\nmore")
    add_run(installation, "running", 300, token="t", progress={"done": 12, "total": 40, "note": "pages"})
    installation.add("late " + "名" * 60)
    with installation.database.write() as connection:
        row = {"host": "h", "pid": 11, "nonce": "n", "queue": "default", "threads": 4, "version": "1"}
        workers.insert_worker(connection, {**row, "key_fingerprints": ""})
    return bad


@EMBEDDED
@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_is_on_eighty_columns_and_twenty_four_lines(
    installation: Installation, open_data: Callable[[], Data], language: str
):
    full(installation)

    async def look(pilot: Pilot[None], screen: OverviewScreen) -> None:
        shown = lines(screen.center)
        assert {display_width(line) for line in shown} == {80}
        text = "\n".join(shown)
        for part in ("✗ failed", "boom", "▸ job", "12 of 40: pages", "late 名", "01-01 00:00:00"):
            assert part in text, text
        if language == "en":
            for part in ("! overdue", "! long", "run 7: 10 s is usual", "0 of 4 threads busy", "nothing waits"):
                assert part in text, text
        assert "|" in text
        await pilot.press("t", "t")
        await pilot.pause()
        assert {display_width(line) for line in lines(screen.center)} == {80}

    with_overview(open_data, look, language)


@EMBEDDED
def test_what_fails_is_opened_acknowledged_with_a_note_and_retried(
    installation: Installation, open_data: Callable[[], Data]
):
    calm(installation)
    bad = add_run(installation, "failed", 50, error="boom")

    async def look(pilot: Pilot[None], screen: OverviewScreen) -> None:
        assert [row.kind for row in screen.table.rows] == ["no_worker", "failing"]
        assert screen.title_line() == "Overview: 2 need(s) a person"
        await pilot.press("A")
        assert "no failed job here" in screen.query_one(StatusLine).text
        assert "acknowledge" not in screen.query_one(HintBar).text
        await pilot.press("down", "enter")
        await seen(pilot)
        assert isinstance(pilot.app.screen, LogScreen)
        assert pilot.app.screen.log_id == bad
        await pilot.press("escape")
        await seen(pilot)
        assert "A acknowledge  R retry" in screen.query_one(HintBar).text
        await pilot.press("A", "enter")
        await seen(pilot)
        assert "a note is needed" in screen.query_one(StatusLine).text
        await pilot.press(*"known")
        await pilot.press("enter")
        await seen(pilot)
        assert "undo: connecthub job acknowledge job --undo" in screen.query_one(StatusLine).text
        assert [(row.kind, row.text) for row in screen.table.rows][1] == ("acknowledged", "known")
        assert screen.title_line() == "Overview: 1 need(s) a person"
        assert any("✗ failed" in line and "local:" in line for line in lines(screen.center))
        await pilot.press("down", "R")
        await pilot.pause()
        await pilot.press("y")
        await seen(pilot)
        assert isinstance(pilot.app.screen, LogScreen)

    with_overview(open_data, look)
    assert installation.log(bad + 1).row.retry_of == bad


@EMBEDDED
def test_nothing_is_painted_where_nothing_changed_and_calm_says_what_is_next(
    installation: Installation, open_data: Callable[[], Data]
):
    calm(installation)
    with installation.database.write() as connection:
        row = {"host": "h", "pid": 11, "nonce": "n", "queue": "default", "threads": 4, "version": "1"}
        workers.insert_worker(connection, {**row, "key_fingerprints": ""})

    async def look(pilot: Pilot[None], screen: OverviewScreen) -> None:
        assert any("nothing needs a person · next: job 01-01 00:00:00" in line for line in lines(screen.center))
        at, table, facts = screen.at, screen.table.look(), screen._facts.look()
        painted = list[str]()
        screen.table.refresh = lambda *regions, **options: painted.append("list")  # type: ignore[assignment]
        screen._facts.refresh = lambda *regions, **options: painted.append("facts")  # type: ignore[assignment]
        await pilot.press("r")
        await seen(pilot)
        assert painted == []
        assert (screen.at, screen.table.look(), screen._facts.look()) == (at, table, facts)

    with_overview(open_data, look)


@EMBEDDED
@pytest.mark.parametrize("size", [(40, 10), (300, 60)])
def test_other_sizes_keep_the_list(installation: Installation, open_data: Callable[[], Data], size: tuple[int, int]):
    full(installation)

    async def look(pilot: Pilot[None], screen: OverviewScreen) -> None:
        shown = lines(screen.center)
        assert {display_width(line) for line in shown} == {size[0]}
        assert any(line.startswith(">! overdue") for line in shown)

    with_overview(open_data, look, size=size)


@EMBEDDED
@pytest.mark.slow
def test_idle_it_sends_nothing_and_never_what_a_terminal_would_act_on(installation: Installation):
    full(installation)
    add_run(installation, "failed", 5, error=HOSTILE)
    with center(installation) as terminal:
        terminal.keys("1")
        terminal.wait("12 of 40: pages")
        terminal.wait("gnp.exe")
        terminal.quiet(1)
        assert terminal.quiet(7) == 0
        terminal.keys("Down")
        assert 0 < terminal.quiet(0.5) <= 1024
        terminal.keys("A")
        terminal.wait("a note for the others")
        terminal.quiet(1)
        assert terminal.quiet(6) == 0
    assert unasked(terminal.raw) == []


def a_view(**more: Any) -> OverviewView:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    given: dict[str, Any] = {
        "at": at,
        "needs": [],
        "count": 0,
        "more": 0,
        "running": [],
        "next_runs": [],
        "workers": 2,
        "busy": 1,
    }
    given |= {"hours": ["", "succeeded", "failed", "skipped", "running"], "hours_from": at - timedelta(hours=5)}
    given |= {"threads": 8, "lost_workers": 1, "waiting": 3, "waiting_since": at, **more}
    return OverviewView(**given)


def told(view: OverviewView, room: int) -> list[str]:
    words = Words("en")
    return [" ".join(cell.text for cell in line.cells).strip() for line in fact_lines(view, words, Times(words), room)]


def test_long_parts_are_cut_to_the_room():
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    running = [RunningRow(number, f"job-{number}", at, "") for number in range(20)]
    view = a_view(running=running, next_runs=[(f"next-{number}", at) for number in range(9)])
    shown = told(view, 10)
    assert len(shown) == 10
    assert shown[3].startswith("and 17 more")
    assert [line.split()[-3] for line in shown[4:7]] == ["next-0", "next-1", "next-2"]
    assert shown[7:] == [
        "last 24 h | ●✗s▸| an hour each, from 11-24 07:00:00 on",
        "workers 2 live 1 of 8 threads busy, 1 lost within a day",
        "queue 3 wait the oldest since 11-24 12:00:00",
    ]
    assert len(told(view, 27)) == 27
    assert len(told(a_view(), 10)) == 5


def test_two_looks_that_differ_by_their_time_alone_are_equal():
    assert a_view() == a_view(at=datetime(2026, 11, 24, 13, tzinfo=UTC))
    assert a_view() != a_view(waiting=4)


def test_each_kind_has_its_words():
    known = set(keys())
    others = {Kind.FAILING, Kind.ACKNOWLEDGED}
    assert [kind for kind in Kind if kind not in others and f"need.{kind}" not in known] == []
    assert [kind for kind in Kind if kind not in {Kind.FAILING, Kind.SCHEDULE} and f"why.{kind}" not in known] == []


def test_what_the_overview_is_told_is_safe(installation: Installation, data: Data):
    calm(installation)
    with installation.database.write() as connection:
        row = {"host": HOSTILE, "pid": 11, "nonce": "n", "queue": HOSTILE[:60], "threads": 4, "version": "1"}
        workers.insert_worker(connection, {**row, "key_fingerprints": ""})
    add_run(installation, "failed", 50, error=HOSTILE, job_name=HOSTILE)
    add_run(installation, "running", 40, token="t", job_name=HOSTILE, progress={"done": 1, "note": HOSTILE})
    view = data.overview()
    assert [row.kind for row in view.needs] == ["failing"]
    told = [[*vars(row).values()] for row in [*view.needs, *view.running]]
    assert [value for row in told for value in row if isinstance(value, str) and unsafe(value)] == []
    assert data.queue_problem() == ""


def test_rows_are_told_apart():
    rows = [NeedRow("failing", "a", 1, 5), NeedRow("failing", "a", 1, 6), NeedRow("unserved", "a"), NeedRow("queue")]
    assert len({row.key for row in rows}) == 4
