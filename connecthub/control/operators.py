"""Operators: who may come over SSH, with which keys, and what each may do.

Each change is written to the file that sshd reads on this host (`authorized_keys.py`); other hosts follow within ten
seconds (`connecthub ssh sync`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from connecthub.control.actions import Act, act
from connecthub.control.actor import Actor, Role
from connecthub.control.authorized_keys import publish
from connecthub.control.job_settings import check_name
from connecthub.control.public_keys import PublicKey
from connecthub.core.config import Settings
from connecthub.db import operators
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotFound, Refused

NAME_MAX = 64
KEYS_MAX = 20
"""Of one person."""
LANGUAGES = ("", "en", "zh")


@dataclass(frozen=True)
class Operator:
    """A person with their keys."""

    row: AnyRow
    keys: Sequence[AnyRow]


@dataclass(frozen=True)
class Register:
    """What changing operators needs: the database, and the settings that say where sshd reads."""

    database: Database
    settings: Settings

    def publish(self) -> None:
        """Write what sshd reads on this host; raises ConfigError where that cannot be done."""
        publish(self.settings, self.database)


def list_operators(database: Database) -> list[Operator]:
    """All, by name, with their keys."""
    with database.read() as connection:
        keys = operators.list_keys(connection)
        rows = operators.list_operators(connection)
    return [Operator(row, [key for key in keys if key.operator_id == row.id]) for row in rows]


def add_operator(
    register: Register, actor: Actor, name: str, role: Role, keys: Sequence[PublicKey], language: str = ""
) -> Operator:
    """Add a person with at least one key; raises ConfigError, Refused (name or key is taken), Forbidden."""
    _check_operator_name(name)
    _check_language(language)
    if not keys:
        raise ConfigError(f"operator {name} has no key, and nobody gets in without one; give --key FILE")
    with act(register.database, actor, "operator.add", name) as going_on:
        connection = going_on.connection
        operators.lock_operators(connection)
        if operators.find_operator(connection, name) is not None:
            raise Refused(f"operator {name} is there already; `connecthub operator edit {name}` changes it")
        values = {"name": name, "role": role, "language": language, "enabled": True}
        operator_id = operators.insert_operator(connection, values)
        for key in keys:
            _add_key(connection, operator_id, key)
        _target(going_on, operator_id, name)
        going_on.detail = {"role": role, "language": language, "keys": [key.fingerprint for key in keys]}
    register.publish()
    return get_operator(register.database, name)


def get_operator(database: Database, name: str) -> Operator:
    """One person; raises NotFound."""
    for each in list_operators(database):
        if each.row.name == name:
            return each
    raise _unknown(name)


def edit_operator(
    register: Register, actor: Actor, name: str, *, role: Role | None = None, language: str | None = None
) -> Operator:
    """Change role or language; what is None stays. Raises Refused where nobody would be admin any more."""
    if language is not None:
        _check_language(language)
    with act(register.database, actor, "operator.edit", name) as going_on:
        row = _locked(going_on, name)
        wanted = {
            "role": row.role if role is None else role,
            "language": row.language if language is None else language,
        }
        if wanted["role"] != Role.ADMIN:
            _refuse_last_admin(going_on.connection, row, "made anything else")
        operators.update_operator(going_on.connection, row.id, wanted)
        before = {"role": row.role, "language": row.language}
        going_on.detail = {
            each: {"before": before[each], "after": wanted[each]} for each in wanted if before[each] != wanted[each]
        }
    register.publish()
    return get_operator(register.database, name)


def set_operator_enabled(
    register: Register, actor: Actor, name: str, enabled: bool, reason: str | None = None
) -> Operator:
    """Let a person in, or no more; who is in is out with the next act. Raises Refused for the last admin."""
    with act(register.database, actor, "operator.enable" if enabled else "operator.disable", name) as going_on:
        row = _locked(going_on, name)
        if not enabled:
            _refuse_last_admin(going_on.connection, row, "disabled")
        operators.update_operator(going_on.connection, row.id, {"enabled": enabled})
        going_on.detail = {"enabled": {"before": row.enabled, "after": enabled}}
        going_on.reason = reason
    register.publish()
    return get_operator(register.database, name)


def remove_operator(register: Register, actor: Actor, name: str, reason: str | None = None) -> None:
    """Remove a person and all their keys; what they did stays in the audit trail. Raises Refused for the last admin."""
    with act(register.database, actor, "operator.remove", name) as going_on:
        row = _locked(going_on, name)
        _refuse_last_admin(going_on.connection, row, "removed")
        keys = [key.fingerprint for key in operators.list_keys(going_on.connection) if key.operator_id == row.id]
        operators.delete_operator(going_on.connection, row.id)
        going_on.detail = {"role": row.role, "keys": keys}
        going_on.reason = reason
    register.publish()


def add_key(register: Register, actor: Actor, name: str, key: PublicKey) -> Operator:
    """Give a person one more key; raises Refused where somebody has it, or where there are too many."""
    with act(register.database, actor, "operator.add_key", name) as going_on:
        row = _locked(going_on, name)
        held = [each for each in operators.list_keys(going_on.connection) if each.operator_id == row.id]
        if len(held) >= KEYS_MAX:
            raise Refused(f"operator {name} has {len(held)} keys; remove one that is not used")
        _add_key(going_on.connection, row.id, key)
        going_on.detail = {"key": key.fingerprint, "comment": key.comment}
    register.publish()
    return get_operator(register.database, name)


def remove_key(register: Register, actor: Actor, name: str, fingerprint: str, reason: str | None = None) -> Operator:
    """Take a key from a person, by fingerprint or by its beginning; who came with it is out with the next act.

    Raises NotFound, and Refused for the last key of the last admin, and for the one that the actor came with.
    """
    with act(register.database, actor, "operator.remove_key", name) as going_on:
        row = _locked(going_on, name)
        held = [each for each in operators.list_keys(going_on.connection) if each.operator_id == row.id]
        key = _of_fingerprint(held, name, fingerprint)
        if len(held) == 1:
            _refuse_last_admin(going_on.connection, row, "left without a key")
        if key.id == actor.key_id:
            raise Refused(f"you came with key {key.fingerprint}; come with another key and remove it then")
        operators.delete_key(going_on.connection, key.id)
        going_on.detail, going_on.reason = {"key": key.fingerprint, "comment": key.comment}, reason
    register.publish()
    return get_operator(register.database, name)


def _check_operator_name(name: str) -> None:
    check_name("operator name", name, most=NAME_MAX)
    if ":" in name or name != name.strip():
        raise ConfigError(f"operator name {name!r} holds a colon or a blank at its end; leave them out")


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r} is unknown; write en or zh, or leave it empty for UI_LANG")


def _target(going_on: Act, operator_id: int, name: str) -> None:
    going_on.target_kind, going_on.target_id, going_on.target_name = "operator", operator_id, name


def _locked(going_on: Act, name: str) -> AnyRow:
    operators.lock_operators(going_on.connection)
    row = operators.find_operator(going_on.connection, name)
    if row is None:
        raise _unknown(name)
    _target(going_on, row.id, name)
    return row


def _refuse_last_admin(connection: Connection, row: AnyRow, done: str) -> None:
    if row.role == Role.ADMIN and row.enabled and not operators.count_admins_but(connection, row.id):
        raise Refused(f"operator {row.name} is the last admin and cannot be {done}; make somebody else admin first")


def _add_key(connection: Connection, operator_id: int, key: PublicKey) -> None:
    if operators.find_key(connection, key.fingerprint) is not None:
        raise Refused(f"key {key.fingerprint} belongs to an operator already; each person has keys of their own")
    values = {"operator_id": operator_id, "fingerprint": key.fingerprint, "public_key": key.text}
    operators.insert_key(connection, {**values, "comment": key.comment})


def _of_fingerprint(held: Sequence[AnyRow], name: str, fingerprint: str) -> AnyRow:
    wanted = fingerprint.removeprefix("SHA256:")
    found = [key for key in held if wanted and key.fingerprint.removeprefix("SHA256:").startswith(wanted)]
    if len(found) != 1:
        what = "no key" if not found else f"{len(found)} keys"
        raise NotFound(f"operator {name} has {what} {fingerprint!r}; `connecthub operator list` shows them whole")
    return found[0]


def _unknown(name: str) -> NotFound:
    return NotFound(f"no operator {name!r}; `connecthub operator list` shows who is there")
