"""What failed, grouped by how it failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on

from tui.rows import FailureGroup, LogFilter
from tui.screens.listing import ListScreen
from tui.spans import Page, Side, Span
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data


class FailuresScreen(ListScreen[FailureGroup]):
    """Groups of runs with the same fingerprint, the newest first."""

    scopes: ClassVar[tuple[str, ...]] = ("list", "screen")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.filter_text = text

    def title_line(self) -> str:
        """Failures, and the filter."""
        title = self.center.words("title.failures")
        return f"{title} /{self.filter_text}" if self.filter_text else title

    def columns(self) -> Sequence[Column]:
        """How many, of how many jobs, when last, and why."""
        words = self.center.words
        return [
            Column(words("column.count"), 6),
            Column(words("column.jobs"), 7),
            Column(words("column.newest"), 14),
            Column(words("column.id"), 8),
            Column(words("column.cause"), 30, grows=True),
        ]

    def key(self, row: FailureGroup) -> str:
        """Its fingerprint."""
        return row.fingerprint

    def cells(self, row: FailureGroup) -> Sequence[Cell]:
        """One group."""
        return [
            Cell(str(row.count), "bad"),
            Cell(str(row.jobs)),
            Cell(self.center.times.show(row.newest_at, self.at)),
            Cell(str(row.newest)),
            Cell(row.cause),
        ]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[FailureGroup]]:
        """All groups: they are few."""
        chosen = LogFilter(text)
        if span.side in (Side.AFTER, Side.BEFORE):
            return lambda data: Page([], False, data.now())
        return lambda data: Page(data.failures(chosen), False, data.now())

    def empty(self) -> str:
        """Why none is there."""
        return self.center.words("empty.failures")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.logs")

    def command_line(self) -> str:
        """The newest of the group under the cursor."""
        row = self.table.cursor_row()
        return "connecthub log list --status failed" if row is None else f"connecthub log show {row.newest}"

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            self.center.open_log(row.newest)
