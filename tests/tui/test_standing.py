"""Somebody who came over SSH: what their role shows, and what happens once it, or their key, does not hold any more."""

from __future__ import annotations

import asyncio
from functools import partial
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from textual.pilot import Pilot

from connecthub.control.actor import EXIT_OUT, Actor, Role
from connecthub.control.operators import edit_operator, remove_key, set_operator_enabled
from connecthub.db import tables
from connecthub.errors import Refused
from tests.cli import SECONDS
from tests.integration.conftest import ALICE, Installation
from tests.tui.people import add_person, calm, data_of, press, register, sit
from tests.tui.public_keys import key
from tests.tui.test_screens import EMBEDDED, lines
from tui.app import ControlCenter
from tui.data import Data
from tui.kept import Kept
from tui.screens.base import CenterScreen
from tui.widgets.bars import HintBar, StatusLine


def told(center: ControlCenter) -> str:
    """The status line."""
    return center.screen.query_one(StatusLine).text


async def look(center: ControlCenter, pilot: Pilot[Any]) -> None:
    """The look that comes every five seconds."""
    center.ask_standing()
    await calm(center, pilot)


def test_the_header_says_who_it_is_and_an_act_says_where_they_came_from(installation: Installation):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    person = add_person(installation, "bob", Role.OPERATOR)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert "bob (operator)" in lines(center)[0]
        await press(center, pilot, "2", "D", "r", *"hly!", "left", "y", "enter", "y")
        assert not installation.job("nightly").enabled
        assert "nightly" in told(center)
        assert "connecthub" not in told(center), "no command is named that is for a shell on the host"

    sit(installation, person, script)
    with installation.database.read() as connection:
        columns = tables.audit.c
        row = connection.execute(select(tables.audit).where(columns.action == "job.disable")).one()
    assert (row.actor, row.role, row.via) == ("bob", "operator", "tui")
    assert (row.fingerprint, row.address, row.result) == (person.fingerprint, person.address, "done")
    assert row.reason == "hlyy!"


@EMBEDDED
def test_a_viewer_has_no_keys_that_act_and_is_told_so(installation: Installation):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    person = add_person(installation, "eve", Role.VIEWER)
    before = data_of(installation, person)
    before.keep(Kept("logs", None, {"name": "of the time when she was operator"}), taken_up=False)
    before.close()

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert "last time you were at :logs" in told(center)
        await press(center, pilot, "2")
        assert center.screen.query_one(HintBar).text == ". acts  / filter  s sort  o runs  ? help"
        for each in ("D", "S", "N", "X", "e"):
            assert len(center.screen_stack) == 1, each
            await press(center, pilot, each)
        await press(center, pilot, "7")
        assert center.current_mode == "jobs"
        assert told(center) == "operators are for admins; your role is viewer"
        center.obey("new samples.good:Hello")
        assert told(center) == "your role viewer changes nothing; ask an administrator"
        assert "e edit" not in await press(center, pilot, "enter", "e")
        assert len(center.screen_stack) == 2

    sit(installation, person, script)
    assert installation.job("nightly").enabled


@EMBEDDED
def test_a_form_that_was_open_when_its_person_became_a_viewer_offers_no_save(installation: Installation):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    add_person(installation, "ann", Role.ADMIN)
    person = add_person(installation, "bob", Role.OPERATOR)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await press(center, pilot, "2", "e", "x")
        edit_operator(register(installation), ALICE, "bob", role=Role.VIEWER)
        await look(center, pilot)
        shown = await press(center, pilot, "escape")
        assert "throw the changes away" in shown
        assert "  save" not in shown

    sit(installation, person, script)


@EMBEDDED
def test_a_role_that_changes_while_an_act_is_under_way_leaves_its_answer_its_screen(installation: Installation):
    add_person(installation, "ann", Role.ADMIN)
    person = add_person(installation, "bob", Role.ADMIN)
    go_on = Event()

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await press(center, pilot, "7", "down", "e")
        form, answers = center.screen, list[bool]()
        assert isinstance(form, CenterScreen)
        form.wait_for(lambda data: go_on.wait(SECONDS), answers.append)
        edit_operator(register(installation), ALICE, "bob", role=Role.OPERATOR)
        center.ask_standing()
        while center._asks_standing:
            await pilot.pause(0.01)
        assert center.current_mode == "operators"
        go_on.set()
        await calm(center, pilot)
        assert answers == [True]
        assert center.screen is form
        await look(center, pilot)
        assert center.current_mode == "overview"

    sit(installation, person, script)


@EMBEDDED
def test_who_has_too_many_sessions_is_told_and_let_go(installation: Installation, capsys: pytest.CaptureFixture[str]):
    asked: list[int] = []

    def authorize() -> Actor:
        asked.append(1)
        raise Refused("bob has 5 sessions open on hall, which is the most")

    center = ControlCenter(partial(Data.of, installation.settings, authorize=authorize), "en")

    async def run() -> None:
        async with center.run_test() as pilot:
            while center.return_code is None:
                await pilot.pause(0.01)

    asyncio.run(run())
    assert (center.return_code, len(asked)) == (EXIT_OUT, 1)
    assert "This session ended: bob has 5 sessions open on hall" in " ".join(capsys.readouterr().err.split())


@EMBEDDED
def test_an_operator_acts_and_deletes_no_job(installation: Installation):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    person = add_person(installation, "bob", Role.OPERATOR)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        shown = await press(center, pilot, "2", "full_stop")
        assert "D     disable" in shown
        assert "delete" not in shown
        await press(center, pilot, "escape", "X")
        assert len(center.screen_stack) == 1

    sit(installation, person, script)


@EMBEDDED
def test_an_admin_deletes_a_job_once_its_name_is_typed(installation: Installation):
    installation.add("ab", cron_expr="0 0 1 1 *")
    person = add_person(installation, "ann", Role.ADMIN)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await press(center, pilot, "2", "X", "a", "enter", "tab", *"old", "enter")
        assert installation.job("ab").enabled
        await press(center, pilot, "b", "enter")
        assert "job ab is deleted" in told(center)

    sit(installation, person, script)


@EMBEDDED
def test_a_changed_role_changes_header_and_keys_with_the_next_look(installation: Installation):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    add_person(installation, "ann", Role.ADMIN)
    person = add_person(installation, "bob", Role.ADMIN)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert "bob" in await press(center, pilot, "7")
        edit_operator(register(installation), ALICE, "bob", role=Role.VIEWER)
        await look(center, pilot)
        assert center.current_mode == "overview"
        assert "bob (viewer)" in lines(center)[0]
        assert told(center) == "your role is viewer now"
        await press(center, pilot, "2", "D")
        assert len(center.screen_stack) == 1
        edit_operator(register(installation), ALICE, "bob", role=Role.OPERATOR)
        await look(center, pilot)
        assert "S run" in center.screen.query_one(HintBar).text
        await press(center, pilot, "D")
        assert len(center.screen_stack) == 2

    sit(installation, person, script)


@pytest.mark.parametrize("how", ["key", "person"])
def test_a_session_ends_once_the_key_or_the_person_is_out(
    installation: Installation, how: str, capsys: pytest.CaptureFixture[str]
):
    add_person(installation, "ann", Role.ADMIN)
    person = add_person(installation, "bob", Role.OPERATOR)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        if how == "key":
            remove_key(register(installation), ALICE, "bob", key("bob").fingerprint)
        else:
            set_operator_enabled(register(installation), ALICE, "bob", False)
        await look(center, pilot)

    center = sit(installation, person, script)
    assert center.return_code == EXIT_OUT
    reason = "the SSH key of bob was removed" if how == "key" else "bob is disabled"
    assert capsys.readouterr().err.startswith(f"This session ended: {reason}; ask an administrator")


@EMBEDDED
def test_an_act_of_somebody_who_is_out_ends_the_session_at_once(installation: Installation):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    person = add_person(installation, "bob", Role.OPERATOR)
    add_person(installation, "ann", Role.ADMIN)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await press(center, pilot, "2")
        set_operator_enabled(register(installation), ALICE, "bob", False)
        await press(center, pilot, "D", "y")

    assert sit(installation, person, script).return_code == EXIT_OUT
    assert installation.job("nightly").enabled


@EMBEDDED
def test_who_is_out_before_the_first_look_sees_nothing(installation: Installation):
    person = add_person(installation, "bob", Role.OPERATOR)
    add_person(installation, "ann", Role.ADMIN)
    set_operator_enabled(register(installation), ALICE, "bob", False)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert center.data is None

    assert sit(installation, person, script).return_code == EXIT_OUT


@EMBEDDED
def test_screens_are_in_the_language_of_the_person_until_they_choose_another(installation: Installation):
    person = add_person(installation, "bob", Role.OPERATOR, "zh")

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert "总览" in lines(center)[0]
        assert "bob（operator）" in lines(center)[0]
        center.obey("lang en")
        await look(center, pilot)
        assert "Overview" in lines(center)[0]
        edit_operator(register(installation), ALICE, "bob", language="en")
        edit_operator(register(installation), ALICE, "bob", language="zh")
        await look(center, pilot)
        assert "Overview" in lines(center)[0]

    sit(installation, person, script)


@EMBEDDED
def test_an_account_of_the_host_is_admin_and_its_header_is_short(installation: Installation):
    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert isinstance(center.screen, CenterScreen)
        assert (center.facts.role, center.facts.remote) == ("admin", False)
        assert "admin" not in lines(center)[0]

    sit(installation, None, script)
