"""How a person stands now, in the database and not in what they came with, and what only an admin may look at."""

from __future__ import annotations

from dataclasses import dataclass

from connecthub.control.actions import present
from connecthub.control.actor import Actor, Role
from connecthub.control.operators import Operator, list_operators
from connecthub.db.engine import Database
from connecthub.db.operators import key_holder
from connecthub.errors import Forbidden


@dataclass(frozen=True)
class Standing:
    """A person as the database has them now."""

    actor: Actor
    language: str
    """Of their screens; empty where none is set, and for an account of the host."""


def standing(database: Database, actor: Actor) -> Standing:
    """How an actor stands now; raises Forbidden where their key or they themselves are out."""
    with database.read() as connection:
        now = present(connection, actor)
        holder = None if actor.key_id is None else key_holder(connection, actor.key_id)
    return Standing(now, holder.language if holder is not None else "")


def operators_for(database: Database, actor: Actor) -> list[Operator]:
    """All operators by name, with their keys; raises Forbidden to all but admins."""
    now = standing(database, actor).actor
    if not now.role.includes(Role.ADMIN):
        raise Forbidden(f"{now.name} is {now.role}: only an admin sees who may come in")
    return list_operators(database)
