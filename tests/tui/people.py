"""People who come over SSH, for tests of the control center."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from textual.pilot import Pilot

from connecthub.control.actor import Actor, Role
from connecthub.control.operators import Register
from tests.integration.conftest import ALICE, Installation
from tests.tui.public_keys import let_in
from tests.tui.test_screens import lines, settled
from tui.app import ControlCenter
from tui.data import Data
from tui.watchdog import Watchdog

Script = Callable[[ControlCenter, Pilot[Any]], Awaitable[None]]


def register(installation: Installation) -> Register:
    """What changing operators needs."""
    return Register(installation.database, installation.settings)


def add_person(installation: Installation, name: str, role: Role, language: str = "") -> Actor:
    """Somebody with one key, as the gate hands them on once they came with it."""
    return let_in(register(installation), ALICE, name, role, language)


def data_of(installation: Installation, person: Actor | None) -> Data:
    """The installation as somebody sees it; None is the account of this host."""
    if person is None:
        return Data.of(installation.settings)
    return Data.of(installation.settings, authorize=lambda: person)


def sit(
    installation: Installation,
    person: Actor | None,
    script: Script,
    language: str = "en",
    watchdog: Watchdog | None = None,
) -> ControlCenter:
    """Run a script at the control center of a person, or of the account of this host; returns the app as it ended."""

    center = ControlCenter(partial(data_of, installation, person), language, watchdog=watchdog)

    async def run() -> None:
        async with center.run_test(size=(80, 24)) as pilot:
            await calm(center, pilot)
            await script(center, pilot)
        assert center.bugs == []

    asyncio.run(run())
    return center


async def calm(center: ControlCenter, pilot: Pilot[Any]) -> None:
    """Wait until nothing is asked any more, and all of it is painted."""
    for _ in range(2):
        await pilot.pause()
        await settled(center)
    await pilot.pause()


async def press(center: ControlCenter, pilot: Pilot[Any], *keys: str) -> str:
    """Press keys one after the other; returns the screen after that."""
    for each in keys:
        await pilot.press(each)
        await calm(center, pilot)
    return "\n".join(lines(center))
