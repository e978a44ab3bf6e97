"""The ways through a list of JobLogs and through a log, with a stopwatch."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.tui_rows import failed
from tests.bench.tui_terminal import PAGE_DOWN, TimedTerminal, has_prompt, lines_on, runs_on

SETTLED_SECONDS = 0.3
"""The list waits so long, and a bit, for another letter of a filter."""


class Walk:
    """Keys pressed in a list of JobLogs, each timed until the screen is what it must be.

    The list goes from `size` to 1; its first JobLog has a log of `lines`.
    """

    def __init__(self, terminal: TimedTerminal, size: int, lines: int) -> None:
        self._terminal = terminal
        self._height = len(runs_on(terminal))
        self._first_page = list(range(size, size - self._height, -1))
        self._last_page = list(range(self._height, 0, -1))
        self._failed = failed(size)
        self._lines = lines

    def page_down(self) -> float:
        """A page further; from the end, begin again at the start."""
        here = runs_on(self._terminal)
        if here[-1] <= len(here):
            self.home()
            here = runs_on(self._terminal)
        return self._until_runs([PAGE_DOWN], [run - len(here) for run in here])

    def end(self) -> float:
        """To the last JobLog."""
        return self._until_runs(["G"], self._last_page)

    def home(self) -> float:
        """To the first JobLog."""
        return self._until_runs(["g"], self._first_page)

    def filter_entered(self) -> float:
        """A filter, from Enter on."""
        self._type("/status:failed")
        wanted = self._failed[: self._height]
        took = self._terminal.milliseconds(["Enter"], lambda seen: runs_on(seen) == wanted and not has_prompt(seen))
        self._clear()
        return took

    def filter_typed(self) -> float:
        """A filter, from its last letter on; the line in which it is typed takes a row of the list."""
        self._type("/status:faile")
        took = self._until_runs(["d"], self._failed[: self._height - 1])
        self._terminal.keys("Enter")
        self._terminal.wait(lambda seen: not has_prompt(seen))
        self._clear()
        return took

    def _type(self, filtering: str) -> None:
        self._terminal.keys(*filtering)
        self._terminal.wait(lambda seen: seen.rows[-3] == filtering)

    def _clear(self) -> None:
        self._terminal.quiet(SETTLED_SECONDS)
        self._until_runs(["Esc"], self._first_page)

    def open_log(self) -> float:
        """The log of the first JobLog, from the list."""
        if lines_on(self._terminal):
            self.close_log()
        return self._until_lines(["Enter"], 1)

    def page_down_in_log(self) -> float:
        """A page further; a line stays in view."""
        return self._until_lines([PAGE_DOWN], lines_on(self._terminal)[-1])

    def end_of_log(self) -> float:
        """To its last line, from the first."""
        self._until_lines(["g"], 1)
        return self._until_lines(["G"], self._lines - self._height + 1)

    def close_log(self) -> None:
        """Back to the list."""
        self._until_runs(["Esc"], self._first_page)

    def _until_runs(self, keys: Sequence[str], wanted: list[int]) -> float:
        return self._terminal.milliseconds(keys, lambda seen: runs_on(seen) == wanted)

    def _until_lines(self, keys: Sequence[str], first: int) -> float:
        wanted = list(range(first, first + self._height))
        return self._terminal.milliseconds(keys, lambda seen: lines_on(seen) == wanted)
