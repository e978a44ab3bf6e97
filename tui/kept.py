"""What a session leaves for the next one: its screen, its filter, an edit that was not saved. Never a secret."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

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


def keep(folder: Path, person: str, kept: Kept, now: float) -> None:
    """Write it for this person, in a file that only this account reads; raises OSError."""
    data = json.dumps({**asdict(kept), "at": now})
    if len(data) > KEPT_MAX:
        return
    path = _path(folder, person)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    other = path.with_suffix(f".{os.getpid()}")
    with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(data)
    other.replace(path)


def kept_of(folder: Path, person: str, now: float) -> Kept | None:
    """What the last session left, where that is not older than a day; it is offered once."""
    path = _path(folder, person)
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        path.unlink()
        at = float(values.pop("at"))
        kept = Kept(**values)
    except (OSError, ValueError, TypeError, KeyError):  # there is none, or it is no file of ours
        return None
    return kept if 0 <= now - at < KEPT_SECONDS else None


def _path(folder: Path, person: str) -> Path:
    """A person's name may hold any character; a file's may not."""
    return folder / "sessions" / f"{hashlib.sha256(person.encode()).hexdigest()[:16]}.json"
