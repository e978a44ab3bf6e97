"""What a session leaves for the next one: its screen, its filter, an edit that was not saved. Never a secret."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connecthub.core.safe_text import safe_text

KEPT_SECONDS = 86_400.0
"""A day."""
KEPT_MAX = 1_000_000
"""Bytes; what is larger is not kept."""


@dataclass(frozen=True)
class Kept:
    """Where somebody was."""

    command: str = ""
    """What leads back to the screen: `logs status:failed`."""
    job_id: int | None = None
    """Whose edit was not saved; None for a new job."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What was typed over the form's own texts, by path."""


def keep(folder: Path, person: str, kept: Kept, now: float, *, taken_up: bool = False) -> None:
    """Write it for this person, in a file that only this account reads; raises OSError.

    An edit that was kept before stays where this session has none of its own, unless it was `taken_up` or dropped.
    """
    before = _read(_path(folder, person))
    edit = {"job_id": kept.job_id, "texts": dict(kept.texts), "edited_at": now}
    if not kept.texts and not taken_up and before is not None and now - before["edited_at"] < KEPT_SECONDS:
        edit = {name: before.get(name) for name in edit}
    data = json.dumps({"command": kept.command, "at": now, **edit})
    if len(data) > KEPT_MAX:
        return
    path = _path(folder, person)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    other = path.with_suffix(f".{os.getpid()}")
    with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(data)
    other.replace(path)


def kept_of(folder: Path, person: str, now: float) -> Kept | None:
    """What the last sessions left, where that is not older than a day."""
    values = _read(_path(folder, person))
    if values is None:
        return None
    command = values["command"] if 0 <= now - values["at"] < KEPT_SECONDS else ""
    texts = values["texts"] if 0 <= now - values["edited_at"] < KEPT_SECONDS else {}
    return Kept(command, values["job_id"], texts) if command or texts else None


def _read(path: Path) -> dict[str, Any] | None:
    """The file, where it is one of ours: what cannot be read as one is no session."""
    try:
        values = json.loads(path.read_bytes())
        texts, numbers = values["texts"], (values["at"], values["edited_at"])
        right = all(isinstance(each, str) for pair in texts.items() for each in pair) and isinstance(
            values["command"], str
        )
        right = right and all(isinstance(each, float) for each in numbers)
        right = right and isinstance(values["job_id"], int | None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    plain = right and all(safe_text(text) == text for text in (*texts, *texts.values(), values["command"]))
    return values if plain else None


def _path(folder: Path, person: str) -> Path:
    """A person's name may hold any character; a file's may not."""
    return folder / "sessions" / f"{hashlib.sha256(person.encode()).hexdigest()[:16]}.json"
