"""A window on the rows of a log: where one stands, what is in view, wrapping, following, and the hit of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tui.log_lines import LEVELS, Layout, LogLines, Search, columns_of, lay_out, window

SIDE_COLUMNS = 20
"""What one step to the side is, where lines are not wrapped."""


Place = tuple[int, int]
"""A row: position among the lines that are shown, and row within that line."""


@dataclass(frozen=True)
class Searched:
    """What became of the last search."""

    text: str
    found: bool
    around: bool
    """Whether it went past an end of the log and on from the other."""


@dataclass(frozen=True)
class LogState:
    """Where one stands in a log."""

    line: int
    """The number of the hit, while it is in view, or else of the line at the top; 0 where there is none."""
    total: int
    shown: int
    """How many of the lines pass the filter."""
    level: str
    """The least level that is shown, or empty."""
    wrap: bool
    following: bool
    new_lines: int
    """Lines that came since the end was last in view."""
    searched: Searched | None


class LogWindow:
    """Shows `height` rows of a log; what moves it says whether other rows are in view now."""

    def __init__(self) -> None:
        self.lines = LogLines()
        self.width, self.height = 80, 24
        self.search: Search | None = None
        self._lay = lru_cache(512)(lay_out)
        self._top: Place = (0, 0)
        self._left = 0
        self._wrap = True
        self._level = ""
        self._running = False
        self._follow = True
        self._seen = 0
        self._kept: tuple[Place, int] | None = None
        self._hit: int | None = None
        self._searched: Searched | None = None

    @property
    def running(self) -> bool:
        """Whether the run goes on, so that lines may come."""
        return self._running

    @running.setter
    def running(self, running: bool) -> None:
        if running and not self._running and self._top >= self._end_top():
            self._follow = True
        self._running = running

    @property
    def following(self) -> bool:
        """Whether the end stays in view as lines come."""
        return self._running and self._follow

    @property
    def state(self) -> LogState:
        """Where one stands."""
        line = self.current
        return LogState(
            line=0 if line is None else line + 1,
            total=len(self.lines.texts),
            shown=self.lines.shown,
            level=self._level,
            wrap=self._wrap,
            following=self.following,
            new_lines=self.lines.shown - self.lines.position_of(self._seen),
            searched=self._searched,
        )

    @property
    def current(self) -> int | None:
        """The line of the hit, while it is in view, or else the line at the top."""
        if self._hit_position() is not None:
            return self._hit
        return self.lines.line_at(self._top[0]) if self.lines.shown else None

    def visible(self) -> list[Place]:
        """The places of the rows in view."""
        view: list[Place] = []
        position, row = self._top
        while (room := self.height - len(view)) > 0 and position < self.lines.shown:
            view += [(position, each) for each in range(row, min(self._rows_of(position), row + room))]
            position, row = position + 1, 0
        return view

    def piece(self, place: Place) -> tuple[str, int, int, int]:
        """A row: its line's safe text, blanks before it, and the characters at which it starts and ends."""
        layout = self._layout(place[0])
        if self._wrap:
            return layout.text, 0, *layout.span(place[1])
        return layout.text, *window(layout.text, self._left, self.width)

    def set_text(self, text: str) -> None:
        """Replace everything; one stands at the end if the log is followed, otherwise at the start."""
        self._follow = self.following
        self.lines.set_text(text)
        self._hit = self._kept = None
        self._seen = len(self.lines.texts)
        self._move((0, 0))

    def replace_text(self, text: str) -> None:
        """Replace everything by a text of the same kind; one stands on the line of the same number."""
        offset = self._top_offset()
        self._follow = self.following
        self.lines.set_text(text)
        self._keep(offset)

    def add_text(self, text: str) -> int | None:
        """Add what is new; gives the first row of the screen that it changes, if any."""
        top, in_view = self._top, self._top >= self._end_top()
        before, last, was_open = self.visible(), self.lines.shown - 1, self.lines.open
        self.lines.add_text(text)
        if not in_view:
            return None
        self._move(top)
        if self._top != top:
            return 0
        if self.visible() == before and not was_open:
            return None
        same = sum(1 for position, _ in before if not (was_open and position == last))
        return same if same < self.height else None

    def scroll(self, rows: int) -> bool:
        """Go down, or up; going up pauses, and reaching the end follows."""
        end = self._end_top()
        top = min(self._walk(self._top, rows), end)
        if top != self._top:
            self._follow = rows > 0 and top == end
        return self._move(top)

    def to_start(self) -> bool:
        """Go to the first line."""
        if self._top > (0, 0):
            self._follow = False
        return self._move((0, 0))

    def to_end(self) -> bool:
        """Go to the end, and follow from there."""
        self._follow = True
        return self._move(self._top)

    def toggle_follow(self) -> bool:
        """Follow, or pause."""
        if not self.following:
            return self.to_end()
        self._follow = False
        return False

    def sideways(self, columns: int) -> bool:
        """Go right, or left, where lines are not wrapped; as far as the widest line in view."""
        left = self._left
        if not self._wrap:
            widest = max((columns_of(self._layout(position).text) for position, _ in self.visible()), default=0)
            most = -((self.width - widest) // SIDE_COLUMNS) * SIDE_COLUMNS
            self._left = max(min(left + columns, max(left, most)), 0)
        return self._left != left

    def resize(self, width: int, height: int) -> None:
        """Have so many columns and rows; the same text stays at the top."""
        offset = self._top_offset()
        self.width, self.height = max(width, 1), max(height, 1)
        self._keep(offset)

    def toggle_wrap(self) -> None:
        """Wrap, or not; the same text stays at the top."""
        offset = self._top_offset()
        self._wrap = not self._wrap
        self._left = 0
        self._keep(offset)

    def next_level(self) -> None:
        """Take the next filter by level; one stands on the same line, or on the next one that is shown."""
        line = self._kept[1] if self._kept and self._kept[0] == self._top else self.current or 0
        names = list(LEVELS)
        self._level = names[(names.index(self._level) + 1) % len(names)]
        self.lines.set_least(LEVELS[self._level])
        self._move((self.lines.position_of(line), 0))
        self._kept = self._top, line

    def look_for(self, text: str) -> None:
        """Search that text from now on; none if it is empty."""
        self.search = Search(text) if text else None
        self._hit = self._searched = None

    def find(self, *, backwards: bool) -> bool:
        """Go to the next hit among the lines that are shown, and whether there is one; this pauses."""
        view = self.visible()
        if self.search is None or not view:
            return False
        hit = self._hit_position()
        start = view[-1 if backwards else 0][0] if hit is None else hit - 1 if backwards else hit + 1
        found = self.lines.find(self.search.matches, start, backwards=backwards)
        self._searched = Searched(self.search.text, found is not None, found is not None and found[1])
        self._hit = self.lines.line_at(found[0]) if found else None
        if found:
            self._follow = False
            self._bring_into_view(found[0], *self.search.first(self._layout(found[0]).text))
        return found is not None

    def _bring_into_view(self, position: int, start: int, end: int) -> None:
        layout = self._layout(position)
        place = position, layout.row_of(start) if self._wrap else 0
        if not self._wrap:
            first, last = columns_of(layout.text[:start]), columns_of(layout.text[:end])
            if first < self._left or last > self._left + self.width:
                before = 0 if last <= self.width else max(first - self.width // 2, 0)
                self._left = before // SIDE_COLUMNS * SIDE_COLUMNS
        if place not in self.visible():
            self._move(self._walk(place, -(self.height // 3)))

    def _hit_position(self) -> int | None:
        """Where the hit is, if it is in view."""
        if self._hit is None:
            return None
        position = self.lines.position_of(self._hit)
        in_view = any(place[0] == position for place in self.visible())
        return position if in_view and self.lines.line_at(position) == self._hit else None

    def _layout(self, position: int) -> Layout:
        return self._lay(self.lines.texts[self.lines.line_at(position)], self.width if self._wrap else 0)

    def _rows_of(self, position: int) -> int:
        return len(self._layout(position).starts)

    def _walk(self, place: Place, by: int) -> Place:
        return walk(place, by, self.lines.shown, self._rows_of) if self.lines.shown else (0, 0)

    def _end_top(self) -> Place:
        """The place at the top when the last row is at the bottom."""
        if not (last := self.lines.shown):
            return 0, 0
        return self._walk((last - 1, self._rows_of(last - 1) - 1), 1 - self.height)

    def _move(self, top: Place) -> bool:
        end, before = self._end_top(), self._top
        self._top = end if self._follow else min(top, end)
        if self._top == end:
            self._seen = len(self.lines.texts)
        return self._top != before

    def _top_offset(self) -> int:
        position, row = self._top
        return self._layout(position).span(row)[0] if position < self.lines.shown else 0

    def _keep(self, offset: int) -> None:
        """Stand where one stood after lines have fallen into other rows."""
        position = self._top[0]
        self._move((position, self._layout(position).row_of(offset) if position < self.lines.shown else 0))


def walk(place: Place, by: int, count: int, rows_of: Callable[[int], int]) -> Place:
    """The place so many rows further, or back; it stops at the first and at the last of `count` lines."""
    position, row = place
    row += by
    while row < 0 < position:
        position -= 1
        row += rows_of(position)
    rows = rows_of(position)
    while row >= rows and position < count - 1:
        position += 1
        row -= rows
        rows = rows_of(position)
    return position, max(min(row, rows - 1), 0)
