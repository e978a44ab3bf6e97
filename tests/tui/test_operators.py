"""The operators: who may come in, which keys they have, and what an admin does about it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from textual import events
from textual.pilot import Pilot

from connecthub.control.actor import Role
from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.control.operators import add_key, get_operator, list_operators
from connecthub.db import tables
from connecthub.errors import Forbidden, Refused
from tests.integration.conftest import ALICE, Installation
from tests.tui.people import add_person, calm, data_of, press, register, sit
from tests.tui.public_keys import key, key_line
from tests.tui.test_data import HOSTILE, unsafe
from tests.tui.test_screens import EMBEDDED, lines
from tui.app import ControlCenter
from tui.screens.operator_forms import OperatorForm
from tui.widgets.bars import StatusLine
from tui.widgets.fields import FieldRow, OneLine


def told(center: ControlCenter) -> str:
    """The status line."""
    return center.screen.query_one(StatusLine).text


async def fill(center: ControlCenter, pilot: Pilot[Any], **texts: str) -> str:
    """Put texts into a form and press Save; returns the question."""
    assert isinstance(center.screen, OperatorForm)
    for row in center.screen.query(FieldRow):
        row.put(texts.get(row.path, row.text))
    center.screen.action_save()
    await calm(center, pilot)
    return "\n".join(lines(center))


def sshd_reads(installation: Installation) -> str:
    """What sshd reads on this host."""
    return authorized_keys_file(installation.settings).read_text()


def test_somebody_is_let_in_changed_and_removed(installation: Installation):
    admin = add_person(installation, "ann", Role.ADMIN)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        shown = await press(center, pilot, "7")
        assert "ann" in shown
        assert "1: ann@laptop" in shown
        await press(center, pilot, "N")
        asked = await fill(
            center, pilot, operator="bob", role="operator", language="zh", key=key_line("bob", "bob@home")
        )
        assert f"public key: {key('bob').fingerprint}" in asked
        assert "bob@home" in asked
        await press(center, pilot, "y")
        assert told(center) == "operator bob is added"
        await press(center, pilot, "down", "e")
        asked = await fill(center, pilot, role="viewer")
        assert "role: operator → viewer" in asked
        assert "language: " not in asked
        await press(center, pilot, "y")
        assert told(center) == "operator bob is saved"
        await press(center, pilot, "D", "y")
        assert told(center) == "operator bob is disabled"
        assert key("bob").text not in sshd_reads(installation)
        await press(center, pilot, "E", "y")
        assert key("bob").text in sshd_reads(installation)
        await press(center, pilot, "X", *"bob", "enter")
        assert "operator bob is removed" in told(center)

    sit(installation, admin, script)
    assert [each.row.name for each in list_operators(installation.database)] == ["ann"]
    with installation.database.read() as connection:
        rows = connection.execute(select(tables.audit).where(tables.audit.c.target_name == "bob")).all()
    acts = ["add", "edit", "disable", "enable", "remove"]
    assert [(row.action, row.actor, row.via) for row in rows] == [(f"operator.{act}", "ann", "tui") for act in acts]
    assert {row.fingerprint for row in rows} == {admin.fingerprint}


@EMBEDDED
def test_keys_are_given_and_taken_but_not_the_one_of_this_session(installation: Installation):
    admin = add_person(installation, "ann", Role.ADMIN)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        shown = await press(center, pilot, "7", "enter")
        assert f"{key('ann').fingerprint} (this session) ann@laptop" in " ".join(shown.split())
        await press(center, pilot, "N")
        assert "cut or garbled" in await fill(center, pilot, key="ssh-ed25519 AAAA")
        field = center.screen.query_one(FieldRow).control
        assert isinstance(field, OneLine)
        field.value = ""
        field.post_message(events.Paste(key_line("second", "ann@work") + "\r\n"))
        await calm(center, pilot)
        await fill(center, pilot)
        shown = await press(center, pilot, "y")
        assert "ann@work " in shown
        await press(center, pilot, "G", "X", "y")
        assert told(center) == f"operator ann has the key {key('second').fingerprint} no more"
        await press(center, pilot, "g", "X", "y")
        assert "is the last admin and cannot be left without a key" in told(center)
        add_key(register(installation), ALICE, "ann", key("third"))
        await press(center, pilot, "r", "g", "X", "y")
        assert "come with another key and remove it then" in told(center)

    sit(installation, admin, script)
    assert len(get_operator(installation.database, "ann").keys) == 2


@EMBEDDED
def test_what_cannot_be_is_told_and_the_form_stays(installation: Installation):
    add_person(installation, "ann", Role.ADMIN)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await press(center, pilot, "7", "N")
        await fill(center, pilot, operator="ann", key=key_line("other"))
        await press(center, pilot, "y")
        assert "operator ann is there already" in told(center)
        assert isinstance(center.screen, OperatorForm)
        shown = await press(center, pilot, "escape")
        assert "throw the changes away" in shown

    sit(installation, None, script)


@EMBEDDED
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_than_admins_are_told_nothing_of_operators(installation: Installation, role: Role):
    person = add_person(installation, "bob", role)
    data = data_of(installation, person)
    with pytest.raises(Forbidden, match="only an admin"):
        data.operators()
    with pytest.raises(Refused):
        data.set_operators_enabled(["bob"], False)
    data.close()
    assert get_operator(installation.database, "bob").row.enabled


@EMBEDDED
def test_a_read_only_control_center_shows_operators_and_changes_none(installation: Installation):
    add_person(installation, "ann", Role.ADMIN)
    data = data_of(installation, None)
    data._read_only = True
    assert [row.name for row in data.operators().rows] == ["ann"]
    for act in (
        lambda: data.add_operator("bob", "viewer", "", key_line("bob")),
        lambda: data.remove_operator("ann"),
        lambda: data.remove_operator_key("ann", key("ann").fingerprint),
    ):
        with pytest.raises(Forbidden, match="read-only"):
            act()
    data.close()


@EMBEDDED
def test_hostile_names_and_comments_come_out_visible(installation: Installation):
    add_person(installation, "ann", Role.ADMIN)
    with installation.database.write() as connection:
        connection.execute(update(tables.operators).values(name=HOSTILE))
        connection.execute(update(tables.operator_keys).values(comment=HOSTILE))
    data = data_of(installation, None)
    (row,) = data.operators().rows
    data.close()
    assert unsafe([row.name, row.role, row.language, row.keys[0].comment]) == []

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        for keys in (["7"], ["enter"], ["escape", "e"], ["escape", "X"]):
            assert unsafe(await press(center, pilot, *keys)) == [], keys

    sit(installation, None, script)


@EMBEDDED
def test_the_audit_trail_marks_what_was_refused_and_says_who_came_from_where(installation: Installation):
    person = add_person(installation, "bob", Role.OPERATOR)
    data = data_of(installation, person)
    with pytest.raises(Forbidden):
        data.remove_operator("bob", "he left")
    data.close()

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert "✗ operator" in await press(center, pilot, "6")
        shown = await press(center, pilot, "enter")
        assert "result: ✗ refused" in shown
        assert f"SSH key: {person.fingerprint}" in shown
        assert "from: 192.0.2.7" in shown
        assert "who: bob, as operator" in shown

    sit(installation, None, script)
