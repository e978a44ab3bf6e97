"""An app with a keyset table over a list of numbers, driven by keys and read as text."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

import tui
from tui.spans import Side
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

MILLION = 1_000_000
PAGE = 200
COLUMNS = (Column("RUN", 8), Column("NAME", 10, grows=True), Column("STATUS", 9), Column("TAGS", 12, drop=1))


class Numbers(App[None]):
    """Shows the numbers up to `count`; answers what the table wants, unless it is told to hold back."""

    CSS_PATH = str(Path(tui.__file__).parent / "styles" / "table.tcss")

    def __init__(self, count: int = MILLION, name: Callable[[int], str] = "job {}".format, **options: Any) -> None:
        super().__init__()
        self.numbers: Sequence[int] = range(count)
        self.naming = name
        self.table: KeysetTable[int] = KeysetTable(COLUMNS, int, self.cells, id="list", **options)
        self.holds_back = False
        self.asked: list[KeysetTable.Wanted] = []
        self.opened: list[int] = []
        self.moved: list[int] = []
        self.counts: list[int] = []

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self.table

    def cells(self, number: int) -> Sequence[Cell]:
        """A row."""
        return [Cell(str(number)), Cell(self.naming(number)), Cell("● ok", "ok"), Cell("a,b", "dim")]

    @on(KeysetTable.Wanted, "#list")
    def _wanted(self, message: KeysetTable.Wanted) -> None:
        self.asked.append(message)
        if not self.holds_back:
            self.answer()

    @on(KeysetTable.Opened, "#list")
    def _opened(self, message: KeysetTable.Opened) -> None:
        self.opened.append(message.key)

    @on(KeysetTable.Moved, "#list")
    def _moved(self, message: KeysetTable.Moved) -> None:
        self.moved.append(message.key)

    @on(KeysetTable.Marked, "#list")
    def _marked(self, message: KeysetTable.Marked) -> None:
        self.counts.append(message.count)

    def answer(self) -> None:
        """Answer the newest question."""
        wanted, numbers = self.asked[-1], self.numbers
        if wanted.side is Side.FIRST:
            self.table.show_start(numbers[:PAGE], len(numbers) > PAGE)
        elif wanted.side is Side.LAST:
            self.table.show_end(numbers[-PAGE:], len(numbers) > PAGE)
        elif wanted.side is Side.AFTER:
            start = numbers.index(wanted.key) + 1
            self.table.append(numbers[start : start + PAGE], start + PAGE < len(numbers))
        else:
            end = numbers.index(wanted.key)
            self.table.prepend(numbers[max(end - PAGE, 0) : end], end > PAGE)

    def begin(self) -> None:
        """Show the first page."""
        self.table.show(self.numbers[:PAGE], len(self.numbers) > PAGE)

    def text(self) -> list[str]:
        """The lines of the table."""
        return [self.table.render_line(y).text for y in range(self.table.size.height)]

    def column(self) -> list[int]:
        """The numbers on the screen."""
        return [int(line[1:9]) for line in self.text()[1:] if line[1:9].strip()]

    def current(self) -> int | None:
        """The number under the cursor, as the screen has it."""
        found = [line for y, line in enumerate(self.text()[1:], 1) if self.reversed(y)]
        assert len(found) <= 1
        return int(found[0][1:9]) if found else None

    def reversed(self, y: int) -> bool:
        """Whether a line is in reverse."""
        return any(segment.style and segment.style.reverse for segment in self.table.render_line(y))


Script = Callable[[Numbers, Pilot[None]], Awaitable[None]]


def drive(app: Numbers, script: Script, size: tuple[int, int] = (80, 24)) -> None:
    """Run a script against the app with its first page on the screen."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            app.begin()
            await pilot.pause()
            await script(app, pilot)

    asyncio.run(run())
