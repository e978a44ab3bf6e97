"""The form of a job, at the keyboard: changed, confirmed, in somebody's way, as JSON, left and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from textual.pilot import Pilot

from connecthub.control.job_reading import show_job
from connecthub.control.jobs import edit_job, set_enabled
from connecthub.db import tables
from connecthub.security.fernet import open_secrets
from tests.integration.conftest import ALICE, Installation
from tests.tui.test_screens import EMBEDDED, lines, settled
from tests.tui.test_screens import open_data as open_data
from tui.app import ControlCenter
from tui.data import Data
from tui.screens.edit import EditScreen
from tui.widgets.fields import FieldRow

pytestmark = EMBEDDED
TALLY = "samples.tally:Tally"


class Keyboard:
    """Presses keys, one after another, and reads the screen once nothing is asked any more."""

    def __init__(self, center: ControlCenter, pilot: Pilot[None]) -> None:
        self.center = center
        self._pilot = pilot

    async def press(self, *keys: str) -> str:
        """The screen after the keys, as text."""
        for key in keys:
            await self._pilot.press(key)
            await self.settle()
        return "\n".join(line.rstrip() for line in lines(self.center))

    async def type(self, field: str, text: str) -> None:
        """Write a text into a field of the form, instead of what stands there."""
        row = next(row for row in self.center.screen.query(FieldRow) if row.path == field)
        self.center.screen.set_focus(row.control)
        row.put("")
        await self.press(*(key_of(char) for char in text))

    async def button(self, name: str) -> str:
        """Go to a button of the form, and press it."""
        self.center.screen.set_focus(self.center.screen.query_one(f"#{name}"))
        return await self.press("enter")

    async def settle(self) -> None:
        for _ in range(3):
            await self._pilot.pause()
            await settled(self.center)
        await self._pilot.pause()


def key_of(char: str) -> str:
    return {" ": "space", ".": "full_stop", "*": "asterisk"}.get(char, char)


@asynccontextmanager
async def keyboard(open_data: Callable[[], Data], size: tuple[int, int] = (80, 40)) -> AsyncIterator[Keyboard]:
    """A control center on its jobs."""
    center = ControlCenter(open_data, "en")
    async with center.run_test(size=size) as pilot:
        keys = Keyboard(center, pilot)
        await keys.settle()
        await keys.press("2")
        yield keys
        assert center.bugs == []


def add(installation: Installation, **more: object) -> None:
    given = {"params": {"city": "Berlin"}, "secrets": {"token": "s3cret"}, "cron_expr": "0 0 1 1 *", **more}
    installation.add("job", TALLY, **given)


@pytest.mark.slow
def test_a_change_is_shown_confirmed_saved_and_taken_back(installation: Installation, open_data: Callable[[], Data]):
    add(installation)

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            assert "At 00:00, on day 1 of the month, only in January" in await keys.press("e")
            await keys.type("params.people", "4")
            seen = await keys.press("escape", "down", "enter")
            assert "params.people: 4" in seen
            assert "s3cret" not in seen
            await keys.press("enter")  # the focus is on Cancel
            assert show_job(installation.database, "job").version == 1
            assert "is saved as version 2" in await keys.press("escape", "down", "enter", "y")
            assert "params.people: 4" in await keys.press("enter", "u", "down", "T")
            assert "has version 1 again" in await keys.press("y")
            assert "job job is deleted" in await keys.press("escape", "X", "j", "o", "b", "enter")

    asyncio.run(edit())


def test_problems_stand_below_their_fields_and_nothing_is_saved(
    installation: Installation, open_data: Callable[[], Data]
):
    add(installation)

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("e")
            await keys.type("cron_expr", "61 0")
            seen = await keys.press("escape", "down", "enter")
            rows = seen.splitlines()
            place = next(number for number, row in enumerate(rows) if row.startswith("cron_expr"))
            assert rows[place + 1].startswith("  ^ ")
            assert isinstance(keys.center.screen, EditScreen)

    asyncio.run(edit())
    assert show_job(installation.database, "job").version == 1


@pytest.mark.slow
def test_who_saves_second_sees_both_changes_and_chooses(installation: Installation, open_data: Callable[[], Data]):
    add(installation)

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("e")
            await keys.type("params.people", "4")
            seen = show_job(installation.database, "job")
            edit_job(installation.office(), ALICE, seen, {"cron_expr": "0 5 * * *"})
            both = await keys.press("escape", "down", "enter", "y")
            assert "alice saved it meanwhile" in both
            assert "0 5 * * *" in both
            assert "params.people" in both
            assert "At 05:00" in await keys.press("enter")  # go on, on top of theirs
            assert "is saved as version 3" in await keys.press("escape", "down", "enter", "y")

    asyncio.run(edit())
    row = show_job(installation.database, "job")
    assert (row.cron_expr, row.public_cfg) == ("0 5 * * *", {"city": "Berlin", "people": 4})


@pytest.mark.slow
def test_a_secret_is_typed_unseen_and_cleared_after_a_question(
    installation: Installation, open_data: Callable[[], Data]
):
    installation.add("job", "samples.good:Hello", secrets={"token": "s3cret"}, cron_expr="0 0 1 1 *")

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("e")
            await keys.type("secrets.token", "other")
            await keys.press("shift+home", "ctrl+c")
            assert keys.center.clipboard == ""
            seen = await keys.press("escape", "down", "enter")
            assert "secrets.token: set anew" in seen
            assert "other" not in seen
            await keys.press("y", "e")
            await keys.type("secrets.token", "")
            assert "Clear this secret" in await keys.press("backspace")
            assert "cleared when saved" in await keys.press("y")
            assert "secrets.token: cleared" in await keys.press("escape", "down", "enter")
            await keys.press("escape", "escape", "end", "enter")

    asyncio.run(edit())
    row = show_job(installation.database, "job")
    assert open_secrets(installation.keys, row.id, row.secret_cfg) == {"token": "other"}


@pytest.mark.slow
def test_the_form_as_json_changes_the_fields(installation: Installation, open_data: Callable[[], Data]):
    add(installation)

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("e")
            await keys.type("params.people", "4")
            assert '"people": 4' in await keys.press("escape", "down", "down", "enter")
            assert "This cannot be read" in await keys.press("x", "escape")
            await keys.press("enter", "backspace", *["down"] * 3, "end", "left", "left", "Z", "escape")
            assert isinstance(form := keys.center.screen, EditScreen)
            assert form.entered().texts["cron_expr"] == "0 0 1 1 *Z"
            assert form.entered().texts["params.people"] == "4"

    asyncio.run(edit())


def test_text_from_outside_stands_escaped_in_the_form(installation: Installation, open_data: Callable[[], Data]):
    hostile = "\x1b]0;x\x07\u202e"
    add(installation, params={"city": hostile, "tags": [hostile]})

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            for seen in (await keys.press("e"), await keys.press("escape", "P")):
                assert r"\u001b]0;x\u0007\u202e" in seen
                assert not {"\x1b", "\x07", "\u202e"} & set(seen)
            await keys.press("escape")

    asyncio.run(edit())


def test_a_run_with_other_params_leaves_the_job_as_it_is(installation: Installation, open_data: Callable[[], Data]):
    add(installation)

    async def run() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("P")
            await keys.type("params.people", "4")
            assert "params.people: 4" in await keys.button("save")
            assert "JobLog 1" in await keys.press("y")

    asyncio.run(run())
    assert installation.log(1).row.public_cfg == {"city": "Berlin", "people": 4}
    assert show_job(installation.database, "job").public_cfg == {"city": "Berlin"}


def test_slots_that_passed_are_offered_when_a_job_is_enabled(installation: Installation, open_data: Callable[[], Data]):
    add(installation, cron_expr="0 * * * *")
    set_enabled(installation.office(), ALICE, show_job(installation.database, "job"), False)
    with installation.database.write() as connection:
        connection.execute(update(tables.audit).values(at=datetime.now(UTC) - timedelta(hours=3)))

    data = open_data()
    assert data.passed({1: "job"}) == ["job: 3 slots passed, which do not run"]
    data.close()

    async def enable() -> None:
        async with keyboard(open_data) as keys:
            assert "Space or Enter marks one to run" in await keys.press("E")
            assert "run 1 slot(s)?" in await keys.press("down", "space", "home", "enter")
            assert "job job is enabled" in await keys.press("y")

    asyncio.run(enable())
    assert show_job(installation.database, "job").enabled
    assert installation.log(1).row.trigger == "backfill"


@pytest.mark.slow
def test_another_plugin_is_an_edit_that_is_not_lost_unasked(
    installation: Installation, open_data: Callable[[], Data], monkeypatch: pytest.MonkeyPatch
):
    add(installation)
    monkeypatch.setenv("PLUGIN_PACKAGES", "samples.good,samples.tally")

    async def edit() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("e")
            form = keys.center.screen
            assert isinstance(form, EditScreen)
            form._picked("samples.good:Hello")
            await keys.settle()
            assert form.unsaved["handler_path"] == "samples.good:Hello"
            assert "Not saved yet" in await keys.press("escape")
            keys.center.exit()

    async def come_back() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("enter")
            assert isinstance(form := keys.center.screen, EditScreen)
            assert form.unsaved["handler_path"] == "samples.good:Hello"
            assert "params.name" in form.entered().texts

    asyncio.run(edit())
    asyncio.run(come_back())


def test_an_edit_that_was_not_saved_is_offered_to_the_next_session(
    installation: Installation, open_data: Callable[[], Data]
):
    add(installation)

    async def leave() -> None:
        async with keyboard(open_data) as keys:
            await keys.press("e")
            await keys.type("params.people", "4")
            await keys.type("secrets.token", "other")
            keys.center.exit()

    async def come_back() -> None:
        async with keyboard(open_data) as keys:
            assert "Not saved last time" in await keys.press("f12")
            assert "people                  4" in await keys.press("enter")
            assert isinstance(form := keys.center.screen, EditScreen)
            assert form.entered().secrets == {}

    asyncio.run(leave())
    asyncio.run(come_back())
