"""Screens as they are painted: in both languages, in small terminals, and after a bug."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from textual.worker import WorkerCancelled

from connecthub.control.actor import Role
from connecthub.control.operators import Register
from connecthub.core.safe_text import display_width
from tests.integration.conftest import ALICE, Installation
from tests.tui.public_keys import let_in
from tui.app import ControlCenter
from tui.data import Data
from tui.screens.base import CenterScreen
from tui.screens.facts import FactsScreen
from tui.screens.jobs import JobsScreen
from tui.widgets.bars import Banner, HintBar, StatusLine

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)


@pytest.fixture
def open_data(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Data]:
    """Opens the installation as the program does."""
    for name, value in installation.environment().items():
        monkeypatch.setenv(name, value)
    return Data.open


async def settled(center: ControlCenter) -> None:
    """Wait until nothing is asked any more; where the session ends meanwhile, what it asked is cancelled."""
    with suppress(WorkerCancelled):
        await center.workers.wait_for_complete()


def lines(center: ControlCenter) -> list[str]:
    """The screen as text."""
    width, height = center.size
    strips = center.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips][:height] or [" " * width]


KEYS = (
    *(
        "1",
        "2",
        "o",
        "enter",
        "i",
        "escape",
        "o",
        "escape",
        "escape",
        "f",
        "question_mark",
        "escape",
        "full_stop",
        "escape",
    ),
    *("2", "enter", "u", "enter", "escape", "escape", "escape", "e", "x", "escape", "escape", "X", "escape"),
    *("P", "escape", "S", "d", "escape", "4", "5", "enter", "escape", "6", "enter", "escape"),
    *("7", "e", "escape", "N", "escape", "X", "escape", "D", "escape", "enter", "X", "escape", "N"),
)
"""A way through every screen."""


@EMBEDDED
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_screen_overflows_eighty_columns(
    installation: Installation, open_data: Callable[[], Data], language: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PLUGIN_PACKAGES", "samples.good")  # of all samples, one hangs for ten seconds
    installation.add("名" * 60, cron_expr="0 0 1 1 *", tags=["t" * 60])
    installation.run("名" * 60)
    let_in(Register(installation.database, installation.settings), ALICE, "名" * 60, Role.ADMIN, "zh")

    async def look() -> None:
        center = ControlCenter(open_data, language)
        async with center.run_test(size=(80, 24)) as pilot:
            for key in KEYS:
                await pilot.press(key)
                await pilot.pause()
                await settled(center)
                await pilot.pause()
                assert {display_width(line) for line in lines(center)} == {80}, (key, lines(center))
                for screen in center.screen_stack:
                    if isinstance(screen, CenterScreen):
                        assert display_width(screen.query_one(HintBar).text) <= 80, key
        assert center.bugs == []

    asyncio.run(look())


@EMBEDDED
def test_a_small_terminal_is_told_what_is_needed_and_keeps_the_list(
    installation: Installation, open_data: Callable[[], Data]
):
    installation.add("nightly", cron_expr="0 0 1 1 *")

    async def look() -> None:
        center = ControlCenter(open_data, "en")
        async with center.run_test(size=(40, 10)) as pilot:
            await pilot.press("2")
            await pilot.pause()
            await settled(center)
            await pilot.pause()
            assert center.screen.query_one(Banner).text == "80×24 is needed; this is 40×10"
            assert any(line.startswith(">nightly") for line in lines(center))

    asyncio.run(look())


@EMBEDDED
def test_a_bug_closes_its_screen_and_not_the_session(installation: Installation, open_data: Callable[[], Data]):
    installation.add("nightly", cron_expr="0 0 1 1 *")

    class Broken(FactsScreen):
        """It has a bug."""

        def action_back(self) -> None:
            raise ZeroDivisionError("a bug")

        def action_reload(self) -> None:
            for group in ("one", "two"):
                self.ask(lambda data: 1 / 0, print, group)

    async def look() -> None:
        center = ControlCenter(open_data, "en")
        async with center.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await settled(center)
            await center.push_screen(Broken("title", "command", "text"))
            await pilot.press("escape")
            await pilot.pause()
            assert len(center.bugs) == 1
            assert center.bugs[0] in center.screen.query_one(StatusLine).text
            await pilot.press("t")
            await pilot.pause()
            assert "UTC" in center.screen.query_one(StatusLine).text
            await center.push_screen(Broken("title", "command", "text"))
            await pilot.press("r")
            await pilot.pause()
            await settled(center)
            await pilot.pause()
            assert (len(center.bugs), len(center.screen_stack)) == (3, 1)
            for number in ("²", "9" * 19, "9" * 5000, "-1"):
                center.obey(f"log {number}")
                assert "no command 'log" in center.screen.query_one(StatusLine).text
            center.obey("log 812")
            await pilot.pause()
            assert len(center.screen_stack) == 2
        assert not center.return_code

    asyncio.run(look())
    log = next((installation.settings.data_dir / "logs").glob("tui-*.log")).read_text()
    assert "ZeroDivisionError: a bug" in log


@EMBEDDED
def test_a_warning_that_comes_before_its_screen_is_composed_is_shown_on_it(
    installation: Installation, open_data: Callable[[], Data]
):
    async def look() -> None:
        center = ControlCenter(open_data, "en")
        async with center.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await settled(center)
            opened = center.push_screen(FactsScreen("title", "command", "text"))
            assert isinstance(center.screen, FactsScreen)
            center.screen.say("the database is slow")
            await opened
            await pilot.pause()
            assert center.screen.query_one(StatusLine).text == "the database is slow"
        assert center.bugs == []

    asyncio.run(look())


@EMBEDDED
def test_a_look_that_comes_before_its_screen_is_composed_is_left_to_the_next_one(
    installation: Installation, open_data: Callable[[], Data]
):
    installation.add("nightly", cron_expr="0 0 1 1 *")

    async def look() -> None:
        center = ControlCenter(open_data, "en")
        async with center.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await settled(center)
            opened = center.push_screen(JobsScreen())
            assert isinstance(center.screen, JobsScreen)
            center._look_again()
            await opened
            await settled(center)
            await pilot.pause()
            assert any(line.startswith(">nightly") for line in lines(center))
        assert center.bugs == []

    asyncio.run(look())
