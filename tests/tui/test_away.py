"""An installation that cannot be opened: what is told, to whom, and that it comes alive by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot

from connecthub.control.actor import Actor, Role
from connecthub.errors import DatabaseUnreachable
from tests.cli import Cli, bare_environment, terminal_codes
from tests.integration.conftest import Installation
from tests.servers.postgres import PostgresServer
from tests.tui.people import add_person, calm
from tests.tui.terminal import Terminal
from tests.tui.test_screens import EMBEDDED, lines
from tui.app import ControlCenter
from tui.connected import DIAGNOSED_EACH
from tui.data import Data
from tui.screens.away import AwayScreen
from tui.screens.overview import OverviewScreen

SECRET = "nightly-secret-job"


class Center(ControlCenter):
    """One that looks again at once."""

    REFRESH_SECONDS = 0.05


class Gate:
    """Lets a person in once it is told that the database is back; counts how often it was asked."""

    def __init__(self, installation: Installation, person: Actor) -> None:
        self._installation, self._person = installation, person
        self.back = False
        self.asked = 0

    def open_data(self) -> Data:
        """Open the installation for the person."""
        return Data.of(self._installation.settings, authorize=self._authorize)

    def _authorize(self) -> Actor:
        self.asked += 1
        if not self.back:
            raise DatabaseUnreachable("no answer from db.example.com:5432: connection refused\x1b[2J")
        return self._person


async def until(pilot: Pilot[Any], true: Any) -> None:
    """Wait until something is true; the test's own time limit ends it."""
    while not true():
        await pilot.pause(0.02)


@EMBEDDED
@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=pytest.mark.slow)])
def test_what_is_down_since_when_and_what_doctor_found_fill_the_screen_until_it_is_back(
    installation: Installation, language: str
):
    installation.add(SECRET, cron_expr="0 0 1 1 *")
    gate = Gate(installation, add_person(installation, "bob", Role.OPERATOR))
    diagnosed: list[int] = []

    def diagnose() -> list[str]:
        diagnosed.append(gate.asked)
        return ["database: no answer; start PostgreSQL\x1b]0;owned\x07", "clock: 3 s late [/]"]

    async def run() -> None:
        center = Center(gate.open_data, language, diagnose=diagnose)
        async with center.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: diagnosed and isinstance(center.screen, AwayScreen))
            await until(pilot, lambda: "clock: 3 s late [/]" in "\n".join(lines(center)))
            shown = "\n".join(lines(center))
            assert "no answer from db.example.com:5432: connection refused␛[2J" in shown
            assert center.words("away.since", time="").strip() in shown
            assert "start PostgreSQL␛]0;owned␇" in shown
            assert terminal_codes(shown) == set()
            for key in ("7", "2", "colon", "question_mark", "ctrl+p", "N", "escape"):
                await pilot.press(key)
            assert center.current_mode == "overview"
            gate.back = True
            await until(pilot, lambda: isinstance(center.screen, OverviewScreen))
            await calm(center, pilot)
            assert center.words("header.who", name="bob", role="operator") in lines(center)[0]
            assert SECRET in (await look_at_jobs(center, pilot))
            assert len(diagnosed) <= 1 + gate.asked // DIAGNOSED_EACH
        assert center.bugs == []

    asyncio.run(run())


async def look_at_jobs(center: ControlCenter, pilot: Pilot[Any]) -> str:
    await pilot.press("2")
    await calm(center, pilot)
    return "\n".join(lines(center))


@EMBEDDED
def test_a_doctor_that_fails_hides_nothing_and_q_leaves(installation: Installation):
    gate = Gate(installation, add_person(installation, "bob", Role.OPERATOR))

    def diagnose() -> list[str]:
        raise ZeroDivisionError("a bug of doctor")

    async def run() -> None:
        center = Center(gate.open_data, "en", diagnose=diagnose)
        async with center.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "doctor could not look: a bug of doctor" in "\n".join(lines(center)))
            assert "no answer from db.example.com" in "\n".join(lines(center))
            await pilot.press("q")
        assert (center.bugs, center.return_code) == ([], 0)

    asyncio.run(run())


@pytest.mark.slow
def test_a_control_center_that_is_opened_while_postgresql_is_down_comes_alive(tmp_path: Any, redis_url: str):
    with PostgresServer() as server:
        url = server.create_database("down")
        data = bare_environment(DATA_DIR=tmp_path, DB_URL=url, REDIS_URL=redis_url, INSTANCE_NAME="hall")
        assert Cli(data, tmp_path)("db", "upgrade").code == 0
        server.stop()
        with Terminal.connecthub("tui", environment=data, folder=tmp_path) as terminal:
            terminal.wait("down:  ")
            terminal.wait("connecthub doctor")
            terminal.wait("- database:")
            assert "hall" not in terminal.text
            server.start()
            terminal.wait("NEEDS A PERSON")
            terminal.keys("q")
            assert terminal.end() == 0
