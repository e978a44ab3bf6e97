"""A session that nobody uses is told and ended; one that hangs is ended by force. Time is passed in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.message import Message
from textual.pilot import Pilot

from connecthub.control.actor import Role
from tests.integration.conftest import Installation
from tests.tui.people import add_person, calm, sit
from tests.tui.terminal import Terminal
from tests.tui.test_screens import EMBEDDED
from tui.app import ControlCenter
from tui.messages import Unused
from tui.watchdog import EXIT_IDLE, GRACE_SECONDS, STALLED_SECONDS, Watchdog
from tui.widgets.bars import StatusLine

MINUTES = 30


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A watchdog whose thread does not run; it notes what it tells, and the exit codes with which it ends."""

    def __init__(self) -> None:
        self.clock, self.left, self.ended, self.answers = Clock(), list[float](), list[int](), True
        self.dog = Watchdog(MINUTES * 60, self.ended.append, self.clock)
        self.dog._tell, self.dog._ask_sign = self._tell, lambda sign: self.answers and sign()

    def _tell(self, message: Message) -> None:
        assert isinstance(message, Unused)
        self.left.append(message.left)

    def after(self, seconds: float) -> Watched:
        """Look each second, for so long."""
        for _ in range(round(seconds)):
            self.clock.now += 1
            self.dog.look()
        return self


def test_the_end_is_told_a_minute_before_and_comes():
    watched = Watched().after(MINUTES * 60 - 61)
    assert watched.left == []
    assert watched.after(2).left == [60]
    assert watched.after(59).left == [60, 0]
    assert watched.after(GRACE_SECONDS).ended == []
    assert watched.after(1).ended == [EXIT_IDLE]


def test_a_key_begins_anew_and_takes_the_warning_back():
    watched = Watched().after(MINUTES * 60 - 30)
    assert watched.dog.key()
    assert not watched.dog.key()
    assert watched.after(MINUTES * 60 - 61).left == [60]
    assert watched.after(1).left == [60, 60]


def test_a_loop_that_gives_no_sign_is_ended_by_force():
    watched = Watched().after(10)
    watched.answers = False
    assert watched.after(STALLED_SECONDS).ended == []
    assert watched.after(1).ended == [EXIT_IDLE]


def test_leaving_that_takes_long_is_ended_by_force_with_its_own_code():
    watched = Watched().after(10)
    watched.dog.leaving(129)
    watched.dog.leaving(0)
    assert watched.after(GRACE_SECONDS).ended == []
    assert watched.after(1).ended == [129]


@EMBEDDED
def test_an_unused_session_is_told_and_keeps_the_edit_that_was_not_saved(
    installation: Installation, capsys: pytest.CaptureFixture[str]
):
    job = installation.add("nightly", cron_expr="0 0 1 1 *")
    person = add_person(installation, "bob", Role.OPERATOR)
    clock, ended = Clock(), list[int]()
    watchdog = Watchdog(MINUTES * 60, ended.append, clock)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await calm(center, pilot)
        await pilot.press("e")
        await calm(center, pilot)
        await pilot.press("x")
        clock.now += MINUTES * 60 - 60
        watchdog.look()
        await waits_for(pilot, lambda: "this session ends in 60 s" in status(center))
        await pilot.press("y")
        await waits_for(pilot, lambda: status(center) == "")
        clock.now += MINUTES * 60
        watchdog.look()
        await waits_for(pilot, lambda: center.return_code == EXIT_IDLE)

    sit(installation, person, script, watchdog=watchdog)
    watchdog.stop()
    assert "ended after 30 minute(s) without a key" in capsys.readouterr().err

    async def next_time(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert center.data is not None
        kept = center.data.kept()
        assert kept is not None
        assert (kept.job_id, kept.texts) == (job.id, {"name": "nightlyxy"})

    sit(installation, person, next_time)


def status(center: ControlCenter) -> str:
    """The status line."""
    return center.screen.query_one(StatusLine).text


async def waits_for(pilot: Pilot[Any], true: Any) -> None:
    """Wait until something is true; the test's own time limit ends it."""
    while not true():
        await pilot.pause(0.02)


SESSION = """
import sys
from connecthub.cli.tui import open_center
from connecthub.control.actor import Actor, Role
sys.exit(open_center(authorize=lambda: Actor({name!r}, Role.OPERATOR, "ssh", {key_id}, {fingerprint!r}, "192.0.2.7")))
"""


def session(installation: Installation, minutes: float) -> Terminal:
    """A control center of somebody who came over SSH, in a terminal."""
    person = add_person(installation, "bob", Role.OPERATOR)
    code = SESSION.format(name=person.name, key_id=person.key_id, fingerprint=person.fingerprint)
    root = str(Path(__file__).resolve().parents[2])
    environment = {**installation.environment(), "SSH_IDLE_MINUTES": str(minutes), "PYTHONPATH": root}
    return Terminal([sys.executable, "-c", code], environment, Path("/"))


@EMBEDDED
@pytest.mark.slow
def test_a_session_over_ssh_ends_by_itself_in_a_real_terminal(installation: Installation):
    with session(installation, 0.1) as terminal:
        terminal.wait("bob (operator)")
        terminal.wait("this session ends in")
        assert terminal.end() == EXIT_IDLE
        assert "ended after 0.1 minute(s) without a key" in terminal.history


@EMBEDDED
@pytest.mark.slow
def test_a_terminal_that_takes_nothing_any_more_is_left(installation: Installation):
    with session(installation, 0.1) as terminal:
        terminal.wait("bob (operator)")
        for _ in range(50):
            os.write(terminal._master, b"1234")  # each is a screen full of bytes, which nobody reads
        assert terminal.process.wait(60) == EXIT_IDLE
