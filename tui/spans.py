"""Stretches of a list: which rows are asked for, and those that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Side(StrEnum):
    """Which rows a page has, seen from a key."""

    FIRST = "first"
    """From the beginning of the list; the key does not count."""
    LAST = "last"
    """Up to the end of the list; the key does not count."""
    AFTER = "after"
    """What follows the key in the list's order."""
    BEFORE = "before"
    """What precedes it."""
    FROM = "from"
    """The key itself, if it is still there, and what follows: a look at what is on the screen."""


@dataclass(frozen=True)
class Span:
    """The rows that are asked for."""

    side: Side = Side.FIRST
    key: object = None
    limit: int = 200


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in the list's order, whichever side they were asked from."""

    rows: Sequence[T]
    more: bool
    """Whether rows follow beyond them: after them, or before them where LAST or BEFORE was asked for."""
    at: datetime
    """The database's clock when they were read."""


def whole(rows: Sequence[T], span: Span, at: datetime) -> Page[T]:
    """The page of a list that is short enough to be read whole: nothing precedes its rows, nothing follows them."""
    return Page([] if span.side in (Side.AFTER, Side.BEFORE) else rows, False, at)
