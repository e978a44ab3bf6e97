"""Somebody who came over SSH: what their role shows, and what happens once it, or their key, does not hold any more."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from textual.pilot import Pilot

from connecthub.control.actor import Role
from connecthub.control.operators import edit_operator, remove_key, set_operator_enabled
from connecthub.db import tables
from tests.integration.conftest import ALICE, Installation
from tests.tui.people import add_person, calm, press, register, sit
from tests.tui.public_keys import key
from tests.tui.test_screens import EMBEDDED, lines
from tui.app import ControlCenter
from tui.guarded import EXIT_FORBIDDEN
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

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await press(center, pilot, "2")
        assert center.screen.query_one(HintBar).text == ". acts  / filter  s sort  o runs  e edit  ? help"
        for each in ("D", "S", "N", "X"):
            assert len(center.screen_stack) == 1, each
            await press(center, pilot, each)
        await press(center, pilot, "7")
        assert center.current_mode == "jobs"
        assert told(center) == "operators are for admins; your role is viewer"
        center.obey("new samples.good:Hello")
        assert told(center) == "your role viewer changes nothing; ask an administrator"
        shown = await press(center, pilot, "e", "x", "escape")
        assert "throw the changes away" in shown
        assert "  save" not in shown
        await press(center, pilot, "escape")
        assert len(center.screen.query("#save")) == 0

    sit(installation, person, script)
    assert installation.job("nightly").enabled


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
    assert center.return_code == EXIT_FORBIDDEN
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

    assert sit(installation, person, script).return_code == EXIT_FORBIDDEN
    assert installation.job("nightly").enabled


@EMBEDDED
def test_who_is_out_before_the_first_look_sees_nothing(installation: Installation):
    person = add_person(installation, "bob", Role.OPERATOR)
    add_person(installation, "ann", Role.ADMIN)
    set_operator_enabled(register(installation), ALICE, "bob", False)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert center.data is None

    assert sit(installation, person, script).return_code == EXIT_FORBIDDEN


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
