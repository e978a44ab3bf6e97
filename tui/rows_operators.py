"""What the screens of operators are given: plain values, whose texts are safe already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class KeyRow:
    """An SSH key of a person."""

    fingerprint: str
    comment: str
    added_at: datetime
    own: bool
    """Whether this session came with it."""


@dataclass(frozen=True)
class OperatorRow:
    """A person who may come over SSH."""

    given_name: str
    """As it is stored, to ask with; it is not for the screen."""
    name: str
    role: str
    language: str
    enabled: bool
    keys: Sequence[KeyRow]
