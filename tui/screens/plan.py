"""The plan of a run as a table: what it did, or what a dry run would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on

from connecthub.core.safe_text import display_width
from tui.rows import Plan
from tui.screens.facts import FactsScreen
from tui.screens.listing import ListScreen
from tui.spans import Page, Span, stretch
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data

Step = tuple[int, Sequence[str]]
"""Its number from 1, and its cells."""
WIDEST = 24
"""Columns that a column takes before there is room to share."""


class PlanScreen(ListScreen[Step]):
    """The columns are the plugin's own; Enter shows a step whole."""

    scopes: ClassVar[tuple[str, ...]] = ("list", "screen")

    def __init__(self, log_id: int, plan: Plan, *, dry_run: bool) -> None:
        super().__init__()
        self.log_id = log_id
        self._plan = plan
        self._dry_run = dry_run
        self._steps: list[Step] = list(enumerate(plan.rows, start=1))

    def title_line(self) -> str:
        """Of which run, how many steps, and the filter."""
        words, plan = self.center.words, self._plan
        told = [words("title.plan", id=self.log_id, count=len(plan.rows))]
        told += [words("plan.dry_run")] if self._dry_run else []
        told += [words("plan.left_out", count=plan.left_out)] if plan.left_out else []
        told += [f"/{self.filter_text}"] if self.filter_text else []
        return " · ".join(told)

    def command_line(self) -> str:
        """The command that shows the same."""
        return f"connecthub log show {self.log_id}"

    def columns(self) -> Sequence[Column]:
        """The number of the step, and the plugin's columns as wide as what they hold; the last go first."""
        columns = [Column(self.center.words("column.step"), 5)]
        for number, title in enumerate(self._plan.columns):
            held = max(display_width(text) for text in (title, *(row[number] for row in self._plan.rows)))
            columns.append(Column(title, max(1, min(held, WIDEST)), grows=held > WIDEST, drop=number))
        return columns

    def key(self, row: Step) -> int:
        """Its number."""
        return row[0]

    def cells(self, row: Step) -> Sequence[Cell]:
        """One step."""
        return [Cell(str(row[0]), "dim"), *map(Cell, row[1])]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[Step]]:
        """The steps that hold all words of a filter."""
        wanted = text.lower().split()
        steps = [step for step in self._steps if all(word in " ".join(step[1]).lower() for word in wanted)]
        return lambda data: stretch(steps, self.key, span, data.now())

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        if self.filter_text:
            return words("empty.plan.filtered", text=self.filter_text)
        return words("empty.plan.cut" if self._plan.cut else "empty.plan")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.plan")

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            told = [f"{name}  {value}" for name, value in zip(self._plan.columns, row[1], strict=True) if value]
            title = self.center.words("title.step", id=self.log_id, number=row[0])
            self.app.push_screen(FactsScreen(title, self.command_line(), "\n".join(told)))
