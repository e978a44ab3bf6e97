"""A screen that is a list of any length, with a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from tui.keymap import bindings
from tui.screens.base import CenterScreen
from tui.spans import Page, Side, Span
from tui.widgets.columns import Cell, Column
from tui.widgets.prompt import Prompt
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data

T = TypeVar("T")

HELD = 400
"""Rows; each refresh reads them anew, in a thread that shares the interpreter with the keys."""
FILTER_PAUSE = 0.15
"""Seconds after the last letter until a filter is asked for."""


class ListScreen(CenterScreen, Generic[T]):
    """A list on the keyset table: pages are asked for where the table wants them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("list")

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self._shown = False
        self._typing: Any = None

    # what a list has to say

    def columns(self) -> Sequence[Column]:
        """Its columns."""
        raise NotImplementedError

    def key(self, row: T) -> Any:
        """What tells a row from others, and where its page goes on."""
        raise NotImplementedError

    def cells(self, row: T) -> Sequence[Cell]:
        """What a row shows."""
        raise NotImplementedError

    def page(self, text: str, span: Span) -> Callable[[Data], Page[T]]:
        """The question for a page of what matches."""
        raise NotImplementedError

    def empty(self) -> str:
        """Why nothing is there, and which key or command changes that."""
        raise NotImplementedError

    def filter_hint(self) -> str:
        """What a filter may say."""
        raise NotImplementedError

    def way_back(self) -> str:
        """The list with its filter."""
        return f"{self.app.current_mode} {self.filter_text}".strip() if self.app.screen_stack[0] is self else ""

    # the table

    def content(self) -> ComposeResult:
        """The table."""
        yield KeysetTable(self.columns(), self.key, self.cells, window=HELD, id="list")

    @property
    def table(self) -> KeysetTable[T]:
        """The table."""
        return self.query_one("#list", KeysetTable)

    def focus_main(self) -> None:
        """Focus the table."""
        self.table.focus()

    def redraw(self) -> None:
        """Show the same rows, with other words or times."""
        self.table.redraw()

    def retitle(self) -> None:
        """Show the headings in another language."""
        self.table.set_columns(self.columns())

    def load(self) -> None:
        """The first page, or, once there is one, what is on the screen anew."""
        if not self._shown:
            self._ask_page(Span(), self.table.show)
            return
        first = self.table.first_key()
        if first is None:
            self._ask_page(Span(), self.table.refreshed, only_if_idle=True)
        else:
            span = Span(Side.FROM, first, limit=max(self.table.held(), Span.limit))
            if self.table.at_start:
                span = Span(limit=span.limit)
            self._ask_page(span, self.table.refreshed, only_if_idle=True)

    def choose(self, text: str) -> None:
        """Show what matches a filter, from the beginning."""
        self.filter_text = text
        self._shown = False
        if self.is_mounted:
            self.tell_lines()
            self.load()

    def _ask_page(self, span: Span, use: Callable[[Sequence[T], bool], None], *, only_if_idle: bool = False) -> None:
        def show(page: Page[T]) -> None:
            changed = not self._shown or list(page.rows) != list(self.table.rows)
            if changed:  # or else not a byte is sent: neither the time of the data nor an age moves on
                self._shown, self.at = True, page.at
            use(page.rows, page.more)
            self.table.show_empty(self.empty())
            if changed:
                self.tell_lines()

        self.ask(self.page(self.filter_text, span), show, only_if_idle=only_if_idle)

    @on(KeysetTable.Wanted)
    def _wanted(self, message: KeysetTable.Wanted) -> None:
        table = self.table
        use = {
            Side.FIRST: table.show_start,
            Side.LAST: table.show_end,
            Side.AFTER: table.append,
            Side.BEFORE: table.prepend,
        }[message.side]
        self._ask_page(Span(message.side, message.key), use)

    @on(KeysetTable.Marked)
    def _marked(self, message: KeysetTable.Marked) -> None:
        self.say(self.center.words("marked", count=message.count) if message.count else "")

    # the filter

    def action_filter(self) -> None:
        """Type a filter; the list follows."""
        self.query_one(Prompt).open("filter", "/", self.filter_text, self.filter_hint())

    @on(Prompt.Typed)
    def _typed(self, message: Prompt.Typed) -> None:
        if message.purpose == "filter" and type(message) is Prompt.Typed:
            if self._typing is not None:
                self._typing.stop()
            self._typing = self.set_timer(FILTER_PAUSE, partial(self._follow, message.text))

    def _follow(self, text: str) -> None:
        self._typing = None
        if text != self.filter_text:
            self.choose(text)

    @on(Prompt.Entered)
    def _filter_entered(self, message: Prompt.Entered) -> None:
        if message.purpose == "filter":
            if self._typing is not None:
                self._typing.stop()
            self.close_prompt()
            self._follow(message.text)

    def action_back(self) -> None:
        """Clear marks, then the filter, then go back."""
        if self.table.marked:
            self.table.clear_marks()
        elif self.filter_text:
            self.choose("")
        else:
            super().action_back()

    def named(self, name: Callable[[T], str]) -> tuple[list[Any], list[str]]:
        """The keys of the marked rows, or of the cursor's, and their names."""
        rows = self.table.chosen_rows()
        return [self.key(row) for row in rows], [name(row) for row in rows]
