"""The one table of acts, and the one way to do one: check the role, act and write the audit row in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from connecthub.control.actor import Actor, Role
from connecthub.db.audit import insert_audit
from connecthub.db.engine import Database
from connecthub.errors import Forbidden


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
        Action("job.acknowledge", Role.OPERATOR, undo="connecthub job acknowledge {name} --undo"),
        Action("log.retry", Role.OPERATOR, undo=None),
        Action("log.cancel", Role.OPERATOR, undo=None),
        Action("log.prune", Role.ADMIN, undo=None),
        Action("key.add", Role.ADMIN, undo=None),
        Action("key.rotate", Role.ADMIN, undo=None),
        Action("db.upgrade", Role.ADMIN, undo=None),
        Action("key.init", Role.ADMIN, undo=None),
    )
}


@dataclass
class Act:
    """An act that goes on: its connection, and what its audit row will say. `detail` must hold no secret."""

    connection: Connection
    target_kind: str = "job"
    target_id: int | None = None
    target_name: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def check(actor: Actor, action_id: str) -> None:
    """Raise Forbidden where the actor's role does not allow the act."""
    action = ACTIONS[action_id]
    if not actor.role.includes(action.role):
        raise Forbidden(f"{actor.name} is {actor.role}: {action_id} needs the role {action.role}")


@contextmanager
def act(database: Database, actor: Actor, action_id: str) -> Iterator[Act]:
    """Do an act in one transaction with its audit row; an error inside undoes both."""
    check(actor, action_id)
    with database.write() as connection:
        going_on = Act(connection)
        yield going_on
        insert_audit(
            connection,
            {
                "actor": actor.name,
                "role": actor.role,
                "via": actor.via,
                "action": action_id,
                "target_kind": going_on.target_kind,
                "target_id": going_on.target_id,
                "target_name": going_on.target_name,
                "detail": going_on.detail,
            },
        )
