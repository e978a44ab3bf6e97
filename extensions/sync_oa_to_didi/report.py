"""What a run tells of its plan: a table for the log, and rows that fit into a result."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

Row = Mapping[str, str]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield rows as lines of aligned text, the names of the columns first; nothing where there are no rows."""
    if not rows:
        return
    columns = list(rows[0])
    widths = {column: max(_width(column), *(_width(row[column]) for row in rows)) for column in columns[:-1]}
    for row in [dict(zip(columns, columns, strict=True)), *rows]:
        cells = [row[column] + " " * (widths[column] - _width(row[column])) for column in columns[:-1]]
        yield "  ".join([*cells, row[columns[-1]]]).rstrip()


def _width(text: str) -> int:
    """Return how many columns of a terminal `text` takes: Chinese takes two each."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def fitting(rows: Sequence[Row], most: int, characters: int) -> list[Row]:
    """Return the first rows that fit into a result: at most so many, and so many characters of JSON."""
    taken: list[Row] = []
    for row in rows[:most]:
        characters -= len(json.dumps(row)) + 2
        if characters < 0:
            break
        taken.append(row)
    return taken
