"""The columns of a table, and how wide they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

GUTTER = 1
"""The columns at the left in which `*` and `>` stand."""
STYLES = ("ok", "bad", "warn", "busy", "dim")
"""What a cell's style may be, besides none; in CSS `table--ok` and so on."""


@dataclass(frozen=True)
class Column:
    """A column; a space parts it from the next."""

    title: str
    width: int
    """In columns of the terminal; of one that grows, the least."""
    grows: bool = False
    """Whether it takes a share of what is left."""
    drop: int = 0
    """Where room is scarce the column with the highest number goes first; 0 stays."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row has in a column: a text that is not read as markup, and one of STYLES or nothing."""

    text: str
    style: str = ""


class Place(NamedTuple):
    """Where a column stands."""

    column: int
    x: int
    width: int


def layout(columns: Sequence[Column], width: int) -> list[Place]:
    """Return where the columns stand that have room in `width`."""
    shown = list(range(len(columns)))
    while _needed(columns, shown) > width and any(columns[number].drop for number in shown):
        shown.remove(max(shown, key=lambda number: (columns[number].drop, number)))
    growing = [number for number in shown if columns[number].grows]
    share, rest = divmod(max(width - _needed(columns, shown), 0), len(growing) or 1)
    places: list[Place] = []
    x = GUTTER
    for number in shown:
        extra = share + (growing.index(number) < rest) if number in growing else 0
        own = min(columns[number].width + extra, width - x)
        if own > 0:
            places.append(Place(number, x, own))
        x += own + 1
    return places


def _needed(columns: Sequence[Column], shown: Sequence[int]) -> int:
    return GUTTER + sum(columns[number].width + 1 for number in shown) - 1
