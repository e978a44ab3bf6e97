"""What a check says, and what a check is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from connecthub.core.redact import mask_url

if TYPE_CHECKING:
    from connecthub.service.doctor.context import Context


class State(StrEnum):
    """How a thing stands, the best first."""

    OK = "ok"
    UNKNOWN = "unknown"
    """It was not checked."""
    WARNING = "warning"
    """It works, and may not for long."""
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that a check found, and how to mend it; commands in the remedy stand between backticks."""

    state: State
    found: str
    remedy: str = ""


class NotChecked(Exception):
    """A check cannot look, because of what another check tells."""


Look = Callable[["Context"], Sequence[Finding]]


@dataclass(frozen=True)
class Check:
    """One check. Its look raises NotChecked, and ConnectHubError for what is wrong in that error's own words."""

    name: str
    look: Look
    seconds: float = 10.0
    """How long it may take."""
    quick: bool = False
    """Whether it tells something where the database is away, in a second or two."""


def ok(found: str) -> Finding:
    """All is well; `found` says what that rests on."""
    return Finding(State.OK, found)


def warning(found: str, remedy: str) -> Finding:
    """It works, and may not for long."""
    return Finding(State.WARNING, found, remedy)


def wrong(found: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(State.WRONG, found, remedy)


def from_error(error: Exception) -> Finding:
    """An error of ours in two parts: its message ends with the remedy, after a semicolon."""
    found, _, remedy = mask_url(str(error)).rpartition("; ")
    return wrong(found, remedy) if found else wrong(remedy, "")


def problems_or(findings: Sequence[Finding], found: str) -> list[Finding]:
    """The findings, or where there are none that all is well."""
    return list(findings) or [ok(found)]


def command(*words: object) -> str:
    """A command as a person types it into a shell, between backticks."""
    return f"`{shlex.join(str(word) for word in words)}`"


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names of many, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
