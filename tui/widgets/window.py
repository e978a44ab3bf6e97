"""The rows of a list that are held, and where cursor, view and marks are in them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from tui.spans import Side

T = TypeVar("T")


class Window(Generic[T]):
    """A stretch of the list of at most `limit` rows, or six heights of the view where that is more.

    A move goes as far as there are rows; what is left of it is made up for once they come.
    """

    def __init__(self, key: Callable[[T], Hashable], limit: int) -> None:
        self.key = key
        self.limit = limit
        self.height = 1
        """Of the view, in rows."""
        self.rows: list[T] = []
        self.cursor = 0
        self.top = 0
        self.more_before = False
        self.more_after = False
        self.marks: dict[Any, T] = {}
        """The marked rows as they were last seen, in the window or not."""
        self._left = (0, 0)

    def replace(self, rows: Sequence[T], *, before: bool, after: bool, cursor: int) -> None:
        """Have other rows, beyond which there may be more."""
        self.rows = list(rows)
        self.more_before, self.more_after = before, after
        self.cursor, self.top, self._left = cursor, cursor, (0, 0)
        self.settle()

    def append(self, rows: Sequence[T], more: bool) -> None:
        """Take the rows that follow."""
        self.rows.extend(rows)
        self.more_after = more and bool(rows)
        self._trim_after_append()
        self._make_up()

    def prepend(self, rows: Sequence[T], more: bool) -> None:
        """Take the rows that precede."""
        self.rows[:0] = rows
        self._shift(len(rows))
        self.more_before = more and bool(rows)
        excess = len(self.rows) - self._most
        self._drop_back(min(excess, len(self.rows) - self.top - 3 * self.height))
        self._drop_front(len(self.rows) - self._most)
        self._make_up()

    def refresh(self, rows: Sequence[T], more: bool) -> bool:
        """Take the same rows, read anew; cursor and view stay with theirs. Return whether marks went."""
        old = [self.key(row) for row in self.rows]
        new = {self.key(row): place for place, row in enumerate(rows)}
        if self.cursor or self.top or self.more_before:  # who stands at the head sees what is new there
            self.cursor, self.top = _place_of(old, self.cursor, new), _place_of(old, self.top, new)
        # A row that does not follow any survivor may have been pushed out at the end.
        last = max((place for place, key in enumerate(old) if key in new), default=-1)
        gone = [key for place, key in enumerate(old) if key not in new and (place < last or not more)]
        unmarked = [key for key in gone if self.marks.pop(key, None) is not None]
        self.rows = list(rows)
        self.more_after = more and bool(rows)
        self._trim_after_append()
        self._make_up()
        return bool(unmarked)

    def move(self, rows: int, lines: int = 0) -> None:
        """Move the cursor by rows and the view by lines; wait while an earlier move the same way does."""
        if rows * sum(self._left) <= 0:
            self._move(rows, lines)

    def scroll(self, lines: int) -> None:
        """Move the view; the cursor stays in it."""
        self._left = (0, 0)
        self.top = _between(self.top + lines, 0, len(self.rows) - self.height)
        self.cursor = _between(self.cursor, self.top, self.top + self.height - 1)
        self.settle()

    def jump(self, cursor: int) -> None:
        """Go to a row of the window."""
        self._left = (0, 0)
        self.cursor = cursor
        self.settle()

    def toggle_mark(self) -> None:
        """Mark the cursor's row, or take its mark away."""
        row = self.rows[self.cursor]
        key = self.key(row)
        if key in self.marks:
            del self.marks[key]
        else:
            self.marks[key] = row

    def settle(self) -> None:
        """Have the cursor on a row and in view; a view that has to follow it does so by half its height.

        On a slow line that is much less than a line at a time, each of which paints all lines.
        """
        highest = len(self.rows) - self.height
        self.cursor = _between(self.cursor, 0, len(self.rows) - 1)
        self.top = _between(self.top, 0, highest)
        if not self.top <= self.cursor < self.top + self.height:
            self.top = _between(self.cursor - self.height // 2, 0, highest)

    def wanted(self) -> tuple[Side, Any] | None:
        """Return which rows are needed: those beyond an edge that is less than a height away."""
        if not self.rows:
            return (Side.LAST, None) if self.more_before else None
        above, below = self.top, max(len(self.rows) - self.top - self.height, 0)
        if self.more_after and below < self.height and (below <= above or not self.more_before):
            return Side.AFTER, self.key(self.rows[-1])
        if self.more_before and above < self.height:
            return Side.BEFORE, self.key(self.rows[0])
        return None

    def chosen(self) -> list[T]:
        """Return the marked rows, those outside the window last; without marks, the cursor's."""
        if not self.marks:
            return self.rows[self.cursor : self.cursor + 1]
        here = {key: row for row in self.rows if (key := self.key(row)) in self.marks}
        return [*here.values(), *(row for key, row in self.marks.items() if key not in here)]

    @property
    def _most(self) -> int:
        return max(self.limit, 6 * self.height)

    def _move(self, rows: int, lines: int) -> None:
        cursor, top = self.cursor + rows, self.top + lines
        self.cursor = _between(cursor, 0, len(self.rows) - 1)
        self.top = _between(top, 0, len(self.rows) - self.height)
        left = (cursor - self.cursor, top - self.top)
        self._left = left if (self.more_after if sum(left) > 0 else self.more_before) else (0, 0)
        self.settle()

    def _make_up(self) -> None:
        left, self._left = self._left, (0, 0)
        self._move(*left)

    def _trim_after_append(self) -> None:
        # Two heights stay on the side that is cut, so that nothing is wanted there at once.
        excess = len(self.rows) - self._most
        self._drop_front(min(excess, self.top - 2 * self.height))
        self._drop_back(len(self.rows) - self._most)

    def _drop_front(self, count: int) -> None:
        if count > 0:
            del self.rows[:count]
            self._shift(-count)
            self.more_before = True

    def _drop_back(self, count: int) -> None:
        if count > 0:
            del self.rows[len(self.rows) - count :]
            self.more_after = True

    def _shift(self, count: int) -> None:
        self.cursor += count
        self.top += count


def _between(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))


def _place_of(old: Sequence[Any], at: int, new: Mapping[Any, int]) -> int:
    """The new place of the row that was at `at`, or else of the nearest one that is left, those after it first."""
    nearest = (key for key in [*old[at:], *reversed(old[:at])] if key in new)
    return next((new[key] for key in nearest), 0)
