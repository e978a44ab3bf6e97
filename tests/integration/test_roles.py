"""What each role may do, decided in `connecthub/control/` with each act, on both stacks: no screen decides it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

import connecthub
from connecthub.control.actions import ACTIONS, act
from connecthub.control.actor import Actor, Role
from connecthub.control.jobs import delete_job, set_enabled
from connecthub.control.operators import edit_operator, remove_key, remove_operator, set_operator_enabled
from connecthub.control.runs import run_job
from connecthub.db import tables
from connecthub.db.types import AnyRow
from connecthub.errors import Forbidden
from tests.integration.conftest import ALICE, Installation
from tests.integration.people import ADDRESS, let_in, over_ssh, public_key, register

ADMINS = ("alert.channel", "db.", "job.delete", "key.", "log.prune", "operator.")
"""What only an admin may do: an action, or all that begin so."""
VIEWERS = ("session.",)
SOURCES = Path(connecthub.__file__).parent
WRITES_ITSELF = {
    "actions.act",
    "actions.refuse",
    "installation.prepare",  # of a process, not of a person
    "importing.import_logs",  # one of the many transactions of an act that was allowed, as the next two
    "key_rotation._seal_channels",
    "key_rotation._seal_row",
}


def acts(installation: Installation) -> list[AnyRow]:
    with installation.database.read() as connection:
        return list(connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all())


def least(action_id: str) -> Role:
    """The least role that may do it, by the words of the issue."""
    if action_id.startswith(ADMINS):
        return Role.ADMIN
    return Role.VIEWER if action_id.startswith(VIEWERS) else Role.OPERATOR


def test_the_table_of_acts_is_that_of_the_issue():
    assert {action_id: action.role for action_id, action in ACTIONS.items()} == {
        action_id: least(action_id) for action_id in ACTIONS
    }
    assert [Role.ADMIN.includes(role) for role in Role] == [True, True, True]
    assert [Role.OPERATOR.includes(role) for role in Role] == [True, True, False]
    assert [Role.VIEWER.includes(role) for role in Role] == [True, False, False]


def test_each_act_is_allowed_or_forbidden_as_the_table_says(installation: Installation):
    for number, role in enumerate(Role, start=1):
        let_in(installation, f"their-{role}", role, number)
    actors = [over_ssh(installation, f"their-{role}") for role in Role]
    actors += [Actor(f"local:{role}", role, "cli") for role in Role]
    before, expected = len(acts(installation)), []
    for actor in actors:
        for action_id, action in ACTIONS.items():
            allowed = actor.role.includes(action.role)
            expected.append((actor.name, actor.role, action_id, "done" if allowed else "refused"))
            said = re.escape(f"{actor.name} is {actor.role}: {action_id} needs the role {action.role}")
            refusal = nullcontext() if allowed else pytest.raises(Forbidden, match=said)
            with refusal, act(installation.database, actor, action_id, "it"):
                pass
    done = acts(installation)[before:]
    assert [(row.actor, row.role, row.action, row.result) for row in done] == expected
    for row in done:
        came = (None, None, "cli") if row.actor.startswith("local:") else (row.fingerprint, ADDRESS, "ssh")
        assert (row.fingerprint, row.address, row.via) == came
        assert row.target_name == "it"
    assert {row.fingerprint for row in done} == {None, *(public_key(number).fingerprint for number in (1, 2, 3))}


def revoke(installation: Installation) -> None:
    remove_key(register(installation), ALICE, "olga", public_key(2).fingerprint[:16])


def disable(installation: Installation) -> None:
    set_operator_enabled(register(installation), ALICE, "olga", False)


def remove(installation: Installation) -> None:
    remove_operator(register(installation), ALICE, "olga")


def demote(installation: Installation) -> None:
    edit_operator(register(installation), ALICE, "olga", role=Role.VIEWER)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (revoke, "the SSH key of olga was removed"),
        (disable, "olga is disabled"),
        (remove, "the SSH key of olga was removed"),
        (demote, "olga is viewer"),
    ],
)
def test_whoever_is_put_out_is_noticed_with_the_very_next_act(
    installation: Installation, change: Callable[[Installation], None], said: str
):
    let_in(installation, "root", Role.ADMIN, 1)
    let_in(installation, "olga", Role.OPERATOR, 2, 3)
    olga = over_ssh(installation, "olga")
    row = installation.add()
    run_job(installation.office(), olga, "job")
    change(installation)
    before = len(acts(installation))
    attempts = [
        ("job.run", lambda: run_job(installation.office(), olga, "job")),
        ("job.dry_run", lambda: run_job(installation.office(), olga, "job", dry_run=True)),
        ("job.disable", lambda: set_enabled(installation.office(), olga, row, False)),
        ("job.delete", lambda: delete_job(installation.office(), olga, "job")),
    ]
    for _, attempt in attempts:
        with pytest.raises(Forbidden, match=said):
            attempt()
    refused = acts(installation)[before:]
    assert [(each.action, each.result) for each in refused] == [(action, "refused") for action, _ in attempts]
    for each in refused:
        assert (each.actor, each.via, each.address) == ("olga", "ssh", ADDRESS)
        assert each.fingerprint == public_key(2).fingerprint
        assert said in each.detail["refused"]
    assert installation.job().enabled


def test_a_role_that_was_raised_counts_with_the_very_next_act(installation: Installation):
    let_in(installation, "olga", Role.VIEWER, 2)
    olga = over_ssh(installation, "olga")
    installation.add()
    with pytest.raises(Forbidden):
        run_job(installation.office(), olga, "job")
    edit_operator(register(installation), ALICE, "olga", role=Role.ADMIN)
    run_job(installation.office(), olga, "job")
    assert [(row.result, row.role) for row in acts(installation) if row.actor == "olga"] == [
        ("refused", "viewer"),
        ("done", "admin"),
    ]


def test_who_says_that_they_have_another_key_or_role_is_not_believed(installation: Installation):
    let_in(installation, "vera", Role.VIEWER, 1)
    let_in(installation, "root", Role.ADMIN, 2)
    vera, root = over_ssh(installation, "vera"), over_ssh(installation, "root")
    installation.add()
    for liar in (replace(vera, role=Role.ADMIN), replace(vera, key_id=root.key_id), replace(root, key_id=4711)):
        with pytest.raises(Forbidden):
            delete_job(installation.office(), liar, "job")
    assert installation.job().name == "job"


def functions_that_write() -> Iterator[str]:
    """The functions of connecthub.control that open a transaction which writes."""
    for path in sorted((SOURCES / "control").glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                called = [ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
                if any(re.search(r"\bdatabase\.(write|write_alone|migrate)$", each) for each in called):
                    yield f"{path.stem}.{function.name}"


def test_whatever_a_person_changes_goes_through_act():
    assert set(functions_that_write()) <= WRITES_ITSELF


def test_the_program_only_ever_adds_to_the_audit_trail():
    changed = re.compile(
        r"\b(update|delete)\((tables\.)?audit\b|\baudit\.(update|delete)\(|\b(update|delete\s+from|truncate)\s+\W?audit\b",
        re.IGNORECASE,
    )
    for written in ("update(audit)", "delete(tables.audit)", "audit.delete()", 'DELETE FROM "audit"', "UPDATE audit"):
        assert changed.search(written), written
    sources = {path: path.read_text() for path in SOURCES.rglob("*.py")}
    assert "insert(audit)" in sources[SOURCES / "db" / "audit.py"]
    assert {path: changed.findall(text) for path, text in sources.items() if changed.search(text)} == {}
