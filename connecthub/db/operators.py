"""Operators and their SSH keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from connecthub.db.tables import operator_keys, operators
from connecthub.db.types import AnyRow, database_now


def key_holder(connection: Connection, key_id: int) -> AnyRow | None:
    """Whose a key is: the operator's row with the key's `key_id` and `fingerprint`; None where it is gone."""
    keys = operator_keys.c
    listing = (
        select(operators, keys.id.label("key_id"), keys.fingerprint)
        .join(operator_keys, keys.operator_id == operators.c.id)
        .where(keys.id == key_id)
    )
    return connection.execute(listing).first()


def find_operator(connection: Connection, name: str) -> AnyRow | None:
    """An operator by name."""
    return connection.execute(select(operators).where(operators.c.name == name)).first()


def list_operators(connection: Connection) -> Sequence[AnyRow]:
    """All operators, by name."""
    return connection.execute(select(operators).order_by(operators.c.name)).all()


def list_keys(connection: Connection) -> Sequence[AnyRow]:
    """All keys, by number."""
    return connection.execute(select(operator_keys).order_by(operator_keys.c.id)).all()


def keys_of(connection: Connection, operator_id: int) -> Sequence[AnyRow]:
    """An operator's keys, by number."""
    listing = select(operator_keys).where(operator_keys.c.operator_id == operator_id)
    return connection.execute(listing.order_by(operator_keys.c.id)).all()


def find_key(connection: Connection, fingerprint: str) -> AnyRow | None:
    """A key by its fingerprint."""
    return connection.execute(select(operator_keys).where(operator_keys.c.fingerprint == fingerprint)).first()


def keys_that_open(connection: Connection) -> Sequence[AnyRow]:
    """The keys of those who are enabled, by number: what sshd lets in."""
    joined = select(operator_keys).join(operators, operator_keys.c.operator_id == operators.c.id)
    return connection.execute(joined.where(operators.c.enabled).order_by(operator_keys.c.id)).all()


def count_admins_but(connection: Connection, operator_id: int) -> int:
    """How many other operators are admins who may come in, and have a key to."""
    has_key = select(operator_keys.c.id).where(operator_keys.c.operator_id == operators.c.id).exists()
    others = (operators.c.role == "admin", operators.c.enabled, operators.c.id != operator_id, has_key)
    return connection.execute(select(func.count()).select_from(operators).where(*others)).scalar_one()


def lock_operators(connection: Connection) -> None:
    """Let nobody else change an operator until this transaction ends; on SQLite its begin does that."""
    connection.execute(select(operators.c.id).order_by(operators.c.id).with_for_update()).all()


def insert_operator(connection: Connection, values: dict[str, Any]) -> int:
    """Add an operator; returns the number."""
    now = {"created_at": database_now(), "updated_at": database_now()}
    return connection.execute(insert(operators).values(**values, **now).returning(operators.c.id)).scalar_one()


def update_operator(connection: Connection, operator_id: int, values: dict[str, Any]) -> None:
    """Change an operator."""
    changed = update(operators).where(operators.c.id == operator_id)
    connection.execute(changed.values(**values, updated_at=database_now()))


def delete_operator(connection: Connection, operator_id: int) -> None:
    """Delete an operator and all keys."""
    connection.execute(delete(operators).where(operators.c.id == operator_id))


def insert_key(connection: Connection, values: dict[str, Any]) -> int:
    """Add a key; returns the number, which is never given again."""
    new = insert(operator_keys).values(**values, created_at=database_now())
    return connection.execute(new.returning(operator_keys.c.id)).scalar_one()


def delete_key(connection: Connection, key_id: int) -> None:
    """Delete a key."""
    connection.execute(delete(operator_keys).where(operator_keys.c.id == key_id))
