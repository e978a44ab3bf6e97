"""Stretches of a list: which rows are asked for, and those that came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

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
    key: Any = None
    limit: int = 200


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in the list's order, whichever side they were asked from."""

    rows: Sequence[T]
    more: bool
    """Whether rows follow beyond them: after them, or before them where LAST or BEFORE was asked for."""
    at: datetime
    """The database's clock when they were read."""


def stretch(rows: Sequence[T], number: Callable[[T], int], span: Span, at: datetime) -> Page[T]:
    """The page of a list that is at hand whole, however long; `number` is a row's key, and rises along the list."""
    there: Mapping[Side, Callable[[int], bool]] = {
        Side.AFTER: lambda each: each > span.key,
        Side.BEFORE: lambda each: each < span.key,
        Side.FROM: lambda each: each >= span.key,
    }
    chosen = [row for row in rows if there[span.side](number(row))] if span.side in there else rows
    kept = chosen[-span.limit :] if span.side in (Side.LAST, Side.BEFORE) else chosen[: span.limit]
    return Page(kept, len(chosen) > len(kept), at)


def whole(rows: Sequence[T], span: Span, at: datetime) -> Page[T]:
    """The page of a list that is short enough to be read whole: nothing precedes its rows, nothing follows them."""
    return Page([] if span.side in (Side.AFTER, Side.BEFORE) else rows, False, at)
