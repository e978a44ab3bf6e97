"""The lines of a run's log: their levels, the filter by level, the search, and how a line falls into rows.

Lines stay as they were written; `lay_out` makes one safe when it is to be drawn.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from connecthub.core.safe_text import display_width, safe_text

LEVELS = {"": 0, "INFO": 20, "WARNING": 30, "ERROR": 40}
"""The filters by level, in the order in which they are gone through; the first shows all."""

CUT = 4_000
"""Characters of a line that are shown where lines are not wrapped."""
OPENED = 100_000
"""Characters of a line that are shown where they are; RunLog breaks lines before that."""

_TIME_WIDTH = 24
_KNOWN = {"Z DEBU": 10, "Z INFO": 20, "Z WARN": 30, "Z ERRO": 40, "Z CRIT": 50}
_RECORD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:Level (\d+) )?")


class LogLines:
    """All lines of a log; `shown` of them pass the filter, and positions count those."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.open = False
        """Whether the last line may still be continued."""
        self._levels = bytearray()
        self._least = 0
        self._index: Sequence[int] | array[int] = range(0)

    @property
    def shown(self) -> int:
        """How many lines pass the filter."""
        return len(self._index)

    def set_text(self, text: str) -> None:
        """Replace everything; only a line feed ends a line."""
        self.texts.clear()
        self._levels.clear()
        self.open = False
        self.set_least(self._least)
        self.add_text(text)

    def add_text(self, text: str) -> None:
        """Add what is new; a last line without line feed is continued by it."""
        if not text:
            return
        if self.open:
            text = self._take_last() + text
        first = len(self.texts)
        lines = text.split("\n")
        self.open = lines[-1] != ""
        if not self.open:
            lines.pop()
        self.texts += lines
        self._levels.extend(_levels_of(lines, self._levels[-1] if self._levels else LEVELS["INFO"]))
        if isinstance(self._index, array):
            self._index.extend(self._passing(first))
        else:
            self._index = range(len(self.texts))

    def set_least(self, level: int) -> None:
        """Show only lines of that level or above; a line without a level belongs to the record before it."""
        self._least = level
        self._index = array("L", self._passing(0)) if level else range(len(self.texts))

    def line_at(self, position: int) -> int:
        """The line, counted from 0 among all, at a position."""
        return self._index[position]

    def position_of(self, line: int) -> int:
        """The position of a line, or of the first shown one after it."""
        return bisect_left(self._index, line)

    def level_of(self, line: int) -> int:
        """The level of the record that the line belongs to, as `logging` counts."""
        return self._levels[line]

    def time_width(self, line: int) -> int:
        """How many characters of the line are its time: none where it goes on with a record."""
        return _TIME_WIDTH if _RECORD.match(self.texts[line]) else 0

    def find(self, matches: Callable[[str], bool], start: int, *, backwards: bool) -> tuple[int, bool] | None:
        """The first position from `start` on whose line matches, and whether the search went around an end."""
        if backwards:
            ways = range(start, -1, -1), range(self.shown - 1, start, -1)
        else:
            ways = range(start, self.shown), range(start)
        texts, index = self.texts, self._index
        for around, positions in enumerate(ways):
            for position in positions:
                if matches(texts[index[position]]):
                    return position, bool(around)
        return None

    def _passing(self, first: int) -> Iterator[int]:
        levels, least = self._levels, self._least
        return (line for line in range(first, len(levels)) if levels[line] >= least)

    def _take_last(self) -> str:
        self._levels.pop()
        if isinstance(self._index, array) and self._index and self._index[-1] == len(self.texts) - 1:
            self._index.pop()
        return self.texts.pop()


class Search:
    """A text that is looked for: as it stands if it has an upper-case letter, otherwise in either case."""

    def __init__(self, text: str) -> None:
        self.text = text
        exact = any(map(str.isupper, text))
        self.matches = _matcher(text, exact)
        self._pattern = re.compile(re.escape(safe_text(text)), 0 if exact else re.IGNORECASE)

    def spans(self, text: str, start: int, end: int) -> list[tuple[int, int]]:
        """Where it stands in a safe text, for as much as touches what is between `start` and `end`."""
        reach = len(self.text)
        return [found.span() for found in self._pattern.finditer(text, max(start - reach, 0), end + reach)]

    def first(self, text: str) -> tuple[int, int]:
        """Where it first stands in a safe text; its beginning where what matched is not shown."""
        found = self._pattern.search(text)
        return found.span() if found else (0, 0)


@dataclass(frozen=True)
class Layout:
    """A line made safe, and where its rows begin."""

    text: str
    starts: Sequence[int]

    def span(self, row: int) -> tuple[int, int]:
        """The characters of a row."""
        following = row + 1
        return self.starts[row], self.starts[following] if following < len(self.starts) else len(self.text)

    def row_of(self, offset: int) -> int:
        """The row of a character."""
        return max(bisect_right(self.starts, offset) - 1, 0)


def lay_out(raw: str, width: int) -> Layout:
    """Make a line safe and break it into rows of that many columns; with 0, it is one row."""
    most = OPENED if width else CUT
    text = safe_text(raw[:most])
    if len(raw) > most:
        text += f"…+{_size(len(raw[most:].encode('utf-8', 'surrogatepass')))}"
    return Layout(text, _row_starts(text, max(width, 2)) if width else (0,))


def columns_of(text: str) -> int:
    """The columns of a safe text, as `display_width` counts them."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def window(text: str, left: int, width: int) -> tuple[int, int, int]:
    """Blanks, start and end of what stands in `width` columns from `left` on; half a wide character is a blank."""
    if text.isascii():
        return 0, min(left, len(text)), min(left + width, len(text))
    ends = list(accumulate(map(_char_width, text)))
    start = bisect_right(ends, left)
    blank = 0
    if start < len(ends) and (ends[start - 1] if start else 0) < left:
        blank = ends[start] - left
        start = bisect_right(ends, ends[start])
    return blank, start, max(bisect_right(ends, left + width), start)


def _levels_of(lines: list[str], level: int) -> bytearray:
    """The level of each line; `level` is that of the record before them."""
    levels = bytearray()
    known, add = _KNOWN.get, levels.append
    for line in lines:
        if line[:1] != " ":
            level = known(line[23:29]) or _other_level(line, level)
        add(level)
    return levels


def _other_level(line: str, before: int) -> int:
    """A record of a level without a name has its number; one of an unknown name counts as INFO."""
    if not (record := _RECORD.match(line)):
        return before
    return min(int(record[1][:9]), 255) if record[1] else LEVELS["INFO"]


def _matcher(text: str, exact: bool) -> Callable[[str], bool]:
    if exact or text.lower() == text.upper():
        return lambda line: text in line
    lower = text.lower()
    return lambda line: lower in line.lower()


def _row_starts(text: str, width: int) -> Sequence[int]:
    if text.isascii():
        return range(0, max(len(text), 1), width)
    starts = [0]
    column = 0
    for offset, char in enumerate(text):
        taken = _char_width(char)
        column += taken
        if column > width:
            starts.append(offset)
            column = taken
    return starts


_char_width = lru_cache(4096)(display_width)


def _size(count: int) -> str:
    for unit in ("B", "KB"):
        if count < 1024:
            return f"{count} {unit}"
        count = round(count / 1024)
    return f"{count} MB"
