"""Operators: who may come over SSH, with which keys, and what each may do.

Each change is written to the file that sshd reads on this host (`authorized_keys.py`); other hosts follow within ten
seconds (`connecthub ssh sync`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from connecthub.control.actions import Act, act, allow, check, present
from connecthub.control.actor import Actor, Role
from connecthub.control.authorized_keys import publish
from connecthub.control.job_settings import check_name
from connecthub.control.public_keys import PublicKey
from connecthub.control.reasons import check_reason
from connecthub.core.config import Settings
from connecthub.db import operators
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, ConnectHubError, NotFound, Refused

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
        """Write what sshd reads on this host, after a change; raises ConfigError where that cannot be done."""
        try:
            publish(self.settings, self.database)
        except ConnectHubError as error:
            raise ConfigError(
                f"the change is saved, but sshd on this host does not know of it: {error}; "
                "`connecthub ssh sync` writes it then"
            ) from None


def list_operators(database: Database) -> list[Operator]:
    """All, by name, with their keys."""
    with database.read() as connection:
        keys = operators.list_keys(connection)
        rows = operators.list_operators(connection)
    return [Operator(row, [key for key in keys if key.operator_id == row.id]) for row in rows]


def get_operator(database: Database, name: str) -> Operator:
    """One person; raises NotFound."""
    for each in list_operators(database):
        if each.row.name == name:
            return each
    raise _unknown(name)


def add_operator(
    register: Register, actor: Actor, name: str, role: Role, keys: Sequence[PublicKey], language: str = ""
) -> Operator:
    """Add a person with at least one key; raises ConfigError, Refused (name or key is taken), Forbidden."""
    _check_operator_name(name)
    _check_language(language)
    if not keys:
        raise ConfigError(f"operator {name} has no key, and nobody gets in without one; give --key FILE")
    with _change(register, actor, "operator.add", name) as going_on:
        connection = going_on.connection
        if operators.find_operator(connection, name) is not None:
            raise _taken(name)
        values = {"name": name, "role": role, "language": language, "enabled": True}
        with _refused_if_taken(_taken(name)):
            operator_id = operators.insert_operator(connection, values)
        going_on.target_id = operator_id
        _add_keys(connection, operator_id, name, keys)
        going_on.detail = {"role": role, "language": language, "keys": [key.fingerprint for key in keys]}
    return get_operator(register.database, name)


def edit_operator(
    register: Register, actor: Actor, name: str, *, role: Role | None = None, language: str | None = None
) -> Operator:
    """Change role or language; what is None stays. Raises Refused where nobody would be admin any more.

    Where that changes nothing, nothing is done.
    """
    if language is not None:
        _check_language(language)
    allow(register.database, actor, "operator.edit", name)
    seen = get_operator(register.database, name)
    if role in (None, seen.row.role) and language in (None, seen.row.language):
        return seen
    with _change(register, actor, "operator.edit", name) as going_on:
        row = _found(going_on, name)
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
    return get_operator(register.database, name)


def set_operator_enabled(
    register: Register, actor: Actor, name: str, enabled: bool, reason: str | None = None
) -> Operator:
    """Let a person in, or no more; who is in is out with the next act. Raises Refused for the last admin.

    Where it is so already, nothing is done.
    """
    check_reason(reason)
    action = "operator.enable" if enabled else "operator.disable"
    allow(register.database, actor, action, name)
    seen = get_operator(register.database, name)
    if seen.row.enabled == enabled:
        return seen
    with _change(register, actor, action, name, reason) as going_on:
        row = _found(going_on, name)
        if not enabled:
            _refuse_last_admin(going_on.connection, row, "disabled")
        operators.update_operator(going_on.connection, row.id, {"enabled": enabled})
        going_on.detail = {"enabled": {"before": row.enabled, "after": enabled}}
    return get_operator(register.database, name)


def remove_operator(register: Register, actor: Actor, name: str, reason: str | None = None) -> None:
    """Remove a person and all their keys; what they did stays in the audit trail. Raises Refused for the last admin."""
    check_reason(reason)
    with _change(register, actor, "operator.remove", name, reason) as going_on:
        row = _found(going_on, name)
        _refuse_last_admin(going_on.connection, row, "removed")
        keys = [key.fingerprint for key in operators.keys_of(going_on.connection, row.id)]
        operators.delete_operator(going_on.connection, row.id)
        going_on.detail = {"role": row.role, "keys": keys}


def add_key(register: Register, actor: Actor, name: str, *keys: PublicKey) -> Operator:
    """Give a person one more key, or several; raises Refused where somebody has one, or where there are too many."""
    with _change(register, actor, "operator.add_key", name) as going_on:
        row = _found(going_on, name)
        _add_keys(going_on.connection, row.id, name, keys)
        going_on.detail = {"keys": [key.fingerprint for key in keys]}
    return get_operator(register.database, name)


def remove_key(register: Register, actor: Actor, name: str, fingerprint: str, reason: str | None = None) -> Operator:
    """Take a key from a person, by fingerprint or by its beginning; who came with it is out with the next act.

    Raises NotFound, and Refused for the last key of the last admin, and for the one that the actor came with.
    """
    check_reason(reason)
    with _change(register, actor, "operator.remove_key", name, reason) as going_on:
        row = _found(going_on, name)
        held = operators.keys_of(going_on.connection, row.id)
        key = _of_fingerprint(held, name, fingerprint)
        if len(held) == 1:
            _refuse_last_admin(going_on.connection, row, "left without a key")
        if key.id == actor.key_id:
            raise Refused(f"you came with key {key.fingerprint}; come with another key and remove it then")
        operators.delete_key(going_on.connection, key.id)
        going_on.detail = {"key": key.fingerprint, "comment": key.comment}
    return get_operator(register.database, name)


@contextmanager
def _change(register: Register, actor: Actor, action_id: str, name: str, reason: str | None = None) -> Iterator[Act]:
    """Act while nobody else changes an operator, then write what sshd reads."""
    with act(register.database, actor, action_id, name) as going_on:
        going_on.target_kind, going_on.reason = "operator", reason
        operators.lock_operators(going_on.connection)
        check(present(going_on.connection, actor), action_id)  # who waited for the lock may be out by now
        yield going_on
    register.publish()


def _check_operator_name(name: str) -> None:
    check_name("operator name", name, most=NAME_MAX)
    if ":" in name or name != name.strip() or name.startswith("-"):
        raise ConfigError(
            f"operator name {name!r} holds a colon, begins with a dash or has a blank at an end; leave that out"
        )


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r} is unknown; write en or zh, or leave it empty for UI_LANG")


def _found(going_on: Act, name: str) -> AnyRow:
    row = operators.find_operator(going_on.connection, name)
    if row is None:
        raise _unknown(name)
    going_on.target_id, going_on.target_name = row.id, name
    return row


def _refuse_last_admin(connection: Connection, row: AnyRow, done: str) -> None:
    if row.role == Role.ADMIN and row.enabled and not operators.count_admins_but(connection, row.id):
        raise Refused(f"operator {row.name} is the last admin and cannot be {done}; make somebody else admin first")


def _add_keys(connection: Connection, operator_id: int, name: str, keys: Sequence[PublicKey]) -> None:
    count = len(operators.keys_of(connection, operator_id)) + len(keys)
    if count > KEYS_MAX:
        raise Refused(f"operator {name} would have {count} keys; {KEYS_MAX} are the most, remove one that is not used")
    for key in keys:
        held = operators.find_key(connection, key.fingerprint)
        if held is not None:
            holder = operators.key_holder(connection, held.id)
            raise _held(key, f"operator {holder.name}" if holder else "an operator")
        values = {"operator_id": operator_id, "fingerprint": key.fingerprint, "public_key": key.text}
        with _refused_if_taken(_held(key, "an operator")):
            operators.insert_key(connection, {**values, "comment": key.comment})


@contextmanager
def _refused_if_taken(refusal: Refused) -> Iterator[None]:
    """Refuse what another add took in the same moment: where there is no operator yet, there is nothing to lock."""
    try:
        yield
    except IntegrityError:
        raise refusal from None


def _of_fingerprint(held: Sequence[AnyRow], name: str, fingerprint: str) -> AnyRow:
    wanted = fingerprint.removeprefix("SHA256:")
    found = [key for key in held if wanted and key.fingerprint.removeprefix("SHA256:").startswith(wanted)]
    if len(found) != 1:
        what = "no key" if not found else f"{len(found)} keys"
        raise NotFound(f"operator {name} has {what} {fingerprint!r}; `connecthub operator show` tells them whole")
    return found[0]


def _held(key: PublicKey, by: str) -> Refused:
    return Refused(f"key {key.fingerprint} belongs to {by} already; each person has keys of their own")


def _taken(name: str) -> Refused:
    return Refused(f"operator {name} is there already; `connecthub operator edit` changes it")


def _unknown(name: str) -> NotFound:
    return NotFound(f"no operator {name!r}; `connecthub operator list` shows who is there")
