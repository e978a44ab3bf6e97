"""The calls of a run to outside systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on

from tui.rows import CallRow
from tui.screens.facts import FactsScreen
from tui.screens.listing import ListScreen
from tui.spans import Page, Span, stretch
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data

CALM = 400
"""Answers below are what was asked for."""
KEPT = 1000
"""No more calls of a run are kept: there may have been others."""


class CallsScreen(ListScreen[CallRow]):
    """In the order in which they ended; of very many the first and the newest."""

    scopes: ClassVar[tuple[str, ...]] = ("list", "screen")

    def __init__(self, log_id: int, calls: int) -> None:
        super().__init__()
        self.log_id = log_id
        self._calls = calls

    def title_line(self) -> str:
        """Of which run, and the filter."""
        words = self.center.words
        told = [words("title.calls", id=self.log_id)]
        told += [words("calls.kept", count=self._calls // 2)] if self._calls >= KEPT else []
        told += [f"/{self.filter_text}"] if self.filter_text else []
        return " · ".join(told)

    def command_line(self) -> str:
        """The command that shows the same."""
        return f"connecthub log show {self.log_id}"

    def columns(self) -> Sequence[Column]:
        """When, the answer, how long it took, and what it was: one column has the room, for rows differ in its end."""
        words = self.center.words
        return [
            Column(words("column.call.at"), 10, drop=1),
            Column(words("column.call.system"), 16, drop=4),
            Column(words("column.call.answer"), 9),
            Column(words("column.call.ms"), 6, drop=2),
            Column(words("column.call.attempt"), 4, drop=3),
            Column(words("column.call.bytes"), 8, drop=5),
            Column(words("column.call.method"), 6),
            Column(words("column.call.what"), 44, grows=True),
        ]

    def key(self, row: CallRow) -> int:
        """Its number."""
        return row.id

    def cells(self, row: CallRow) -> Sequence[Cell]:
        """One call."""
        return [
            Cell(self.center.times.short(row.at, self.at), "dim"),
            Cell(row.system, "dim"),
            self._told_answer(row),
            Cell(f"{row.milliseconds:.0f}" if row.sent else "", "dim"),
            Cell(str(row.attempt), "warn" if row.attempt > 1 else "dim"),
            Cell("" if row.bytes is None else str(row.bytes), "dim"),
            Cell(row.method),
            Cell(_what(row), "bad" if row.error else ""),
        ]

    def _told_answer(self, row: CallRow) -> Cell:
        words = self.center.words
        if not row.sent:
            return Cell(words("call.not_sent"), "warn")
        if row.status is None:
            return Cell(words("call.no_answer"), "bad")
        return Cell(str(row.status), "bad" if row.error or row.status >= CALM else "ok")

    def page(self, text: str, span: Span) -> Callable[[Data], Page[CallRow]]:
        """Those that hold all words of a filter."""
        wanted = text.lower().split()

        def ask(data: Data) -> Page[CallRow]:
            rows = [row for row in data.calls(self.log_id) if all(word in self._text(row) for word in wanted)]
            return stretch(rows, self.key, span, data.now())

        return ask

    def _text(self, row: CallRow) -> str:
        return f"{row.system} {row.method} {self._told_answer(row).text} {_what(row)}".lower()

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        return words("empty.calls.filtered", text=self.filter_text) if self.filter_text else words("empty.calls")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.calls")

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            self.app.push_screen(FactsScreen(self.title_line(), self.command_line(), self._facts(row)))

    def _facts(self, row: CallRow) -> str:
        words = self.center.words
        facts = {
            "at": f"{self.center.times.show(row.at, None)}",
            "system": row.system,
            "method": row.method,
            "path": row.path,
            "answer": self._told_answer(row).text,
            "ms": f"{row.milliseconds:.0f}" if row.sent else "",
            "attempt": str(row.attempt),
            "bytes": "" if row.bytes is None else str(row.bytes),
            "note": row.note,
            "error": row.error,
        }
        told = [(words(f"column.call.{name}"), value) for name, value in facts.items() if value]
        return "\n".join(f"{name}  {value}" for name, value in told)


def _what(row: CallRow) -> str:
    """What it was for, what went wrong, and its path: the first is what tells rows apart."""
    told = f"{row.note or row.path}: {row.error}" if row.error else row.note or row.path
    return f"{told} · {row.path}" if row.note else told
