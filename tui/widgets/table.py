"""A list of any length of which a bounded window is held; whoever shows it fetches pages by key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType

from tui.spans import Side
from tui.widgets.asks import TableMessages
from tui.widgets.columns import Cell, Column
from tui.widgets.sheet import Line, Sheet
from tui.widgets.window import Window

T = TypeVar("T")

WHEEL_ROWS = 3
LOADING = "…"


def _binding(keys: str, action: str, sentence: str) -> Binding:
    return Binding(keys, action, action, show=False, id=f"table.{action}", tooltip=sentence)


class KeysetTable(Sheet, TableMessages, Generic[T], can_focus=True):
    """Rows under a heading, with a cursor and marks.

    It posts `Wanted` near an end of its window, and is answered by `append` and its like. Only the newest question need
    be answered: what was asked before it is asked again where it is still wanted. A move to rows that are not there yet
    ends with the answer; until then, keys in the same direction do nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        _binding("up,k", "up", "Go to the row above."),
        _binding("down,j", "down", "Go to the row below."),
        _binding("pageup,ctrl+b", "page_up", "Go up by a page."),
        _binding("pagedown,ctrl+f", "page_down", "Go down by a page."),
        _binding("home,g", "home", "Go to the first row of the list."),
        _binding("end,G,shift+g", "end", "Go to the last row of the list."),
        _binding("enter", "open", "Open the row."),
        _binding("space", "mark", "Mark the row, or take its mark away, and go on."),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        key: Callable[[T], Hashable],
        cells: Callable[[T], Sequence[Cell]],
        window: int = 1000,
        page: int = 200,
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(columns, id=id)
        self.page = page
        """How many rows to ask for at a time."""
        self._window = Window(key, window)
        self._cells = cells
        self._asked: tuple[Side, Any] | None = None
        self._told: Any = None
        self._empty = ""
        self._loading = True

    # what is there

    @property
    def rows(self) -> Sequence[T]:
        """The window, in the list's order."""
        return self._window.rows

    @property
    def cursor(self) -> int:
        """Which row of the window the cursor is on."""
        return self._window.cursor

    @property
    def top(self) -> int:
        """Which row of the window stands under the heading."""
        return self._window.top

    @property
    def at_start(self) -> bool:
        """Whether the window begins where the list does."""
        return not self._window.more_before

    @property
    def marked(self) -> set[Any]:
        """The keys of the marked rows, in the window or not."""
        return set(self._window.marks)

    def held(self) -> int:
        """How many rows the window has."""
        return len(self._window.rows)

    def first_key(self) -> Any:
        """The key of the window's first row, from which it is read anew; None without rows."""
        return self._window.key(self.rows[0]) if self.rows else None

    def cursor_row(self) -> T | None:
        """The row under the cursor; None without rows."""
        return self.rows[self.cursor] if self.rows else None

    def chosen_rows(self) -> list[T]:
        """The marked rows, those outside the window last and as they were last seen; without marks, the cursor's."""
        return self._window.chosen()

    def chosen_keys(self) -> list[Any]:
        """The keys of `chosen_rows`."""
        return [self._window.key(row) for row in self._window.chosen()]

    # what is told to it

    def show(self, rows: Sequence[T], more: bool) -> None:
        """Show a new list from its first page on, without marks."""
        self.clear_marks()
        self.show_start(rows, more)

    def show_start(self, rows: Sequence[T], more: bool) -> None:
        """Show the first page of the same list: marks stay."""
        self._window.replace(rows, before=False, after=more, cursor=0)
        self._arrived()

    def show_end(self, rows: Sequence[T], more: bool) -> None:
        """Show the last page of the same list; `more` rows precede it."""
        self._window.replace(rows, before=more, after=False, cursor=len(rows) - 1)
        self._arrived()

    def show_loading(self) -> None:
        """Show nothing but `…` until rows come."""
        self._window.replace([], before=False, after=False, cursor=0)
        self._loading = True
        self.paint()

    def show_empty(self, text: str) -> None:
        """Say why there are no rows, whenever there are none."""
        self._empty = text
        self.paint()

    def append(self, rows: Sequence[T], more: bool) -> None:
        """Take the rows after the window."""
        self._window.append(rows, more)
        self._arrived()

    def prepend(self, rows: Sequence[T], more: bool) -> None:
        """Take the rows before the window."""
        self._window.prepend(rows, more)
        self._arrived()

    def refreshed(self, rows: Sequence[T], more: bool) -> None:
        """Take the window, read anew from its first row on; cursor and view stay with their rows."""
        if self._window.refresh(rows, more):
            self.post_message(self.Marked(self, len(self._window.marks)))
        self._arrived()

    def redraw(self) -> None:
        """Show the same rows as they read now."""
        self.paint()

    def clear_marks(self) -> None:
        """Take all marks away."""
        if self._window.marks:
            self._window.marks.clear()
            self.post_message(self.Marked(self, 0))
            self.paint()

    # keys and mouse

    def action_up(self) -> None:
        """The row above."""
        self._move(-1)

    def action_down(self) -> None:
        """The row below."""
        self._move(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._move(-self._window.height, -self._window.height)

    def action_page_down(self) -> None:
        """A page down."""
        self._move(self._window.height, self._window.height)

    def action_home(self) -> None:
        """The first row of the list."""
        if self._window.more_before:
            self._ask(Side.FIRST, None)
        else:
            self._jump(0)

    def action_end(self) -> None:
        """The last row of the list."""
        if self._window.more_after:
            self._ask(Side.LAST, None)
        else:
            self._jump(len(self.rows) - 1)

    def action_open(self) -> None:
        """Say that the row is opened."""
        if self.rows:
            self.post_message(self.Opened(self, self._window.key(self.rows[self.cursor])))

    def action_mark(self) -> None:
        """Mark the row, or take its mark away, and go on."""
        if self.rows:
            self._window.toggle_mark()
            self.post_message(self.Marked(self, len(self._window.marks)))
            self._move(1)

    def on_click(self, event: events.Click) -> None:
        """Go to the row; open it where the cursor is there already."""
        event.stop()
        index = self.top + event.y - 1
        if event.y < 1 or index >= len(self.rows):
            return
        if index == self.cursor:
            self.action_open()
        else:
            self._jump(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Some rows further."""
        event.stop()
        self._window.scroll(WHEEL_ROWS)
        self._moved()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Some rows back."""
        event.stop()
        self._window.scroll(-WHEEL_ROWS)
        self._moved()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._window.height = max(self.size.height - 1, 1)
        self._window.settle()
        self.paint_all()
        self._settle()

    def _move(self, rows: int, lines: int = 0) -> None:
        self._window.move(rows, lines)
        self._moved()

    def _jump(self, index: int) -> None:
        self._window.jump(index)
        self._moved()

    def _moved(self) -> None:
        # An end that was asked for and never came must not keep the list from growing.
        if self._asked and self._asked[0] in (Side.FIRST, Side.LAST):
            self._asked = None
        self._settle()

    def _arrived(self) -> None:
        self._asked = None
        self._loading = False
        self._settle()

    def _settle(self) -> None:
        """Paint what changed, ask for what is needed, tell where the cursor is."""
        self.paint()
        wanted = self._window.wanted()
        if wanted and (self._asked is None or self._asked[0] in (Side.AFTER, Side.BEFORE)):
            self._ask(*wanted)
        row = self.cursor_row()
        key = None if row is None else self._window.key(row)
        if key != self._told and row is not None:
            self.post_message(self.Moved(self, key))
        self._told = key

    def _ask(self, side: Side, key: Any) -> None:
        if self._asked != (side, key):
            self._asked = (side, key)
            self.post_message(self.Wanted(self, side, key))

    def line(self, y: int) -> Line:
        """Return a row, or why none is there."""
        index, rows = self.top + y, self.rows
        if not rows:
            text = LOADING if self._loading else self._empty
            return Line((Cell(text),), centred=True) if y == (self.size.height - 1) // 2 else Line()
        if index >= len(rows):
            more = index == len(rows) and self._window.more_after
            return Line((Cell(LOADING),), centred=True) if more else Line()
        row, current = rows[index], index == self.cursor
        gutter = "*" if self._window.key(row) in self._window.marks else ">" if current else " "
        return Line(tuple(self._cells(row)), gutter, "cursor" if current else "")
