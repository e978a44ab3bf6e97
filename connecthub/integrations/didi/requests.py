"""What a call to DiDi Enterprise asks: which member or department, with which fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from connecthub.integrations.didi.signature import json_text

REMOVED_AT_ONCE = 100


def secret_of(value: str | SecretStr) -> SecretStr:
    """Return a secret without the blanks around it that copying it brought along."""
    return SecretStr((value if isinstance(value, str) else value.get_secret_value()).strip())


def named(what: str, **keys: str | None) -> dict[str, Any]:
    """Return the keys that have a value; raises ValueError for none: DiDi takes no filter for all there is."""
    named = {name: value.strip() for name, value in keys.items() if value and value.strip()}
    if not named:
        raise ValueError(f"say which {what.removeprefix('a ')}: give {' or '.join(keys)}")
    return named


def required(what: str, fields: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise ValueError where one of `names` has no value, in a dry run too; zero is one."""
    missing = [name for name in names if str(fields.get(name) if fields.get(name) is not None else "").strip() == ""]
    if missing:
        raise ValueError(
            f"{what} lacks {', '.join(missing)}, which DiDi requires; give {'them' if missing[1:] else 'it'}"
        )


def member_key(data: Mapping[str, Any]) -> str:
    """Return the field that identifies a new member, by its `member_type`: the phone where it has none."""
    return {"1": "employee_number", "2": "email"}.get(str(data.get("member_type")), "phone")


def member_data(data: Mapping[str, Any]) -> str:
    """Return a member's fields as JSON text, without None; empty texts stay, for they say something."""
    return json_text({name: value for name, value in data.items() if value is not None})


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a department's fields, lists and objects as JSON text."""
    return {
        name: json_text(value) if isinstance(value, list | tuple | dict) else value for name, value in fields.items()
    }


def batches(keys: Sequence[str]) -> list[list[str]]:
    """Cut a list into pieces of as many as one call takes; raises ValueError for an empty key, which names nobody."""
    if not all(key.strip() for key in keys):
        raise ValueError(f"one of {len(keys)} keys is empty; say which members to remove")
    return [list(keys[start : start + REMOVED_AT_ONCE]) for start in range(0, len(keys), REMOVED_AT_ONCE)]


def short(key: Any, absent: str = "?") -> str:
    """Return a key for a note, or `absent`."""
    return str(key or absent)[:64]
