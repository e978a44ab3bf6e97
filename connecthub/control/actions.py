"""The one table of acts, and the one way to do one: check the role, act and write the audit row in one transaction.

`control/actor.py` says who acts; whether somebody who came over SSH still may is asked of the database each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from connecthub.control.actor import Actor, Role
from connecthub.db.audit import insert_audit
from connecthub.db.engine import Database
from connecthub.db.operators import key_holder
from connecthub.errors import Forbidden, Refused


@dataclass(frozen=True)
class Action:
    """Something that a person may do."""

    id: str
    """Also its name in the audit trail."""
    role: Role
    """The least role that may do it."""
    undo: str | None
    """How to take it back, for the message afterwards; None where it cannot be."""


ACTIONS = {
    action.id: action
    for action in (
        Action("job.add", Role.OPERATOR, undo="connecthub job delete {name}"),
        Action("job.edit", Role.OPERATOR, undo="connecthub job revert {name}"),
        Action("job.enable", Role.OPERATOR, undo="connecthub job disable {name}"),
        Action("job.disable", Role.OPERATOR, undo="connecthub job enable {name}"),
        Action("job.revert", Role.OPERATOR, undo="connecthub job revert {name}"),
        Action("job.delete", Role.ADMIN, undo=None),
        Action("job.run", Role.OPERATOR, undo=None),
        Action("job.dry_run", Role.OPERATOR, undo=None),
        Action("job.acknowledge", Role.OPERATOR, undo="connecthub job acknowledge {name} --undo"),
        Action("log.retry", Role.OPERATOR, undo=None),
        Action("log.cancel", Role.OPERATOR, undo=None),
        Action("log.prune", Role.ADMIN, undo=None),
        Action("key.add", Role.ADMIN, undo=None),
        Action("key.rotate", Role.ADMIN, undo=None),
        Action("db.upgrade", Role.ADMIN, undo=None),
        Action("key.init", Role.ADMIN, undo=None),
        Action("operator.add", Role.ADMIN, undo="connecthub operator remove {name}"),
        Action("operator.edit", Role.ADMIN, undo=None),
        Action("operator.enable", Role.ADMIN, undo="connecthub operator disable {name}"),
        Action("operator.disable", Role.ADMIN, undo="connecthub operator enable {name}"),
        Action("operator.remove", Role.ADMIN, undo=None),
        Action("operator.add_key", Role.ADMIN, undo=None),
        Action("operator.remove_key", Role.ADMIN, undo=None),
        Action("session.open", Role.VIEWER, undo=None),
        Action("session.close", Role.VIEWER, undo=None),
        Action("session.command", Role.VIEWER, undo=None),
        Action("alert.channel", Role.ADMIN, undo=None),
        Action("alert.policy", Role.OPERATOR, undo=None),
        Action("alert.test", Role.OPERATOR, undo=None),
        Action("job.apply", Role.OPERATOR, undo=None),
        Action("db.backup", Role.ADMIN, undo=None),
        Action("db.restore", Role.ADMIN, undo=None),
        Action("db.import", Role.ADMIN, undo=None),
    )
}


@dataclass
class Act:
    """An act that goes on: its connection, and what its audit row will say. `detail` must hold no secret."""

    connection: Connection
    target_kind: str
    target_id: int | None = None
    target_name: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    """Why, as the person gave it."""


def check(actor: Actor, action_id: str) -> None:
    """Raise Forbidden where the actor's role does not allow the act."""
    action = ACTIONS[action_id]
    if not actor.role.includes(action.role):
        raise Forbidden(f"{actor.name} is {actor.role}: {action_id} needs the role {action.role}")


def allow(database: Database, actor: Actor, action_id: str, target: str = "") -> None:
    """Check before the work that comes before an act; raises Forbidden, and leaves that in the audit trail."""
    try:
        with database.read() as connection:
            check(present(connection, actor), action_id)
    except Forbidden as error:
        refuse(database, actor, action_id, target, error)
        raise


@contextmanager
def act(database: Database, actor: Actor, action_id: str, target: str = "") -> Iterator[Act]:
    """Do an act in one transaction with its audit row; an error inside undoes both.

    What is Refused leaves an audit row that says so. `target` is what the person named, until the act knows better.
    """
    going_on: Act | None = None
    try:
        with database.write() as connection:
            now = present(connection, actor)
            check(now, action_id)
            going_on = Act(connection, _noun(action_id), target_name=target)
            yield going_on
            _note(connection, now, action_id, going_on)
    except Refused as error:
        refuse(database, actor, action_id, target, error, going_on)
        raise


def present(connection: Connection, actor: Actor) -> Actor:
    """The actor as the database has them now; raises Forbidden where their key or they themselves are out."""
    if actor.key_id is None:
        return actor
    holder = key_holder(connection, actor.key_id)
    if holder is None or holder.fingerprint != actor.fingerprint:
        raise Forbidden(f"the SSH key of {actor.name} was removed; ask an administrator to add it again")
    if not holder.enabled:
        raise Forbidden(f"{holder.name} is disabled; ask an administrator to enable the account")
    return replace(actor, name=holder.name, role=Role(holder.role))


def refuse(
    database: Database, actor: Actor, action_id: str, target: str, error: Refused, going_on: Act | None = None
) -> None:
    """Leave in the audit trail that an act was refused, and why."""
    with database.write() as connection:
        tried = Act(connection, _noun(action_id), target_name=target)
        if going_on is not None:
            tried.target_kind, tried.target_id = going_on.target_kind, going_on.target_id
            tried.target_name, tried.reason = going_on.target_name or target, going_on.reason
        tried.detail = {"refused": str(error)}
        _note(connection, actor, action_id, tried, result="refused")


def _noun(action_id: str) -> str:
    """What an act is about, until it knows better."""
    return action_id.partition(".")[0]


def _note(connection: Connection, actor: Actor, action_id: str, done: Act, result: str = "done") -> None:
    insert_audit(
        connection,
        {
            "actor": actor.name,
            "role": actor.role,
            "via": actor.via,
            "fingerprint": actor.fingerprint,
            "address": actor.address,
            "action": action_id,
            "target_kind": done.target_kind,
            "target_id": done.target_id,
            "target_name": done.target_name,
            "detail": done.detail,
            "reason": done.reason,
            "result": result,
        },
    )
