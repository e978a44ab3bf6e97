"""The JobLogs, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows import LogFilter, LogRow
from tui.screens.listing import ListScreen
from tui.screens.marks import run_name, status
from tui.spans import Page, Span
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data


class LogsScreen(ListScreen[LogRow]):
    """Runs, and slots that did not run."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("logs")
    scopes: ClassVar[tuple[str, ...]] = ("list", "logs", "screen")

    def title_line(self) -> str:
        """JobLogs, and the filter."""
        title = self.center.words("title.logs")
        return f"{title} /{self.filter_text}" if self.filter_text else title

    def columns(self) -> Sequence[Column]:
        """Number, job, status, start, duration, trigger, slot, cause."""
        words = self.center.words
        return [
            Column(words("column.id"), 8),
            Column(words("column.job"), 20, grows=True),
            Column(words("column.status"), 11),
            Column(words("column.started"), 14),
            Column(words("column.took"), 8),
            Column(words("column.trigger"), 8, drop=3),
            Column(words("column.slot"), 14, drop=2),
            Column(words("column.cause"), 12, grows=True, drop=1),
        ]

    def key(self, row: LogRow) -> int:
        """Its number."""
        return row.id

    def cells(self, row: LogRow) -> Sequence[Cell]:
        """One JobLog."""
        times = self.center.times
        ended = row.started_at is not None and row.finished_at is not None
        return [
            Cell(str(row.id)),
            Cell(run_name(self.center.words, row.job_name, dry_run=row.dry_run)),
            status(row.status),
            Cell(times.show(row.started_at or row.queued_at, self.at)),
            Cell(times.span(row.finished_at - row.started_at) if ended and row.finished_at and row.started_at else ""),
            Cell(row.trigger if row.attempt == 1 else f"{row.trigger} {row.attempt}", "dim"),
            Cell(times.show(row.scheduled_for, self.at), "dim"),
            Cell(row.cause, "dim"),
        ]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[LogRow]]:
        """A page of JobLogs."""
        chosen = LogFilter(text)
        return lambda data: data.logs(chosen, span)

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        return words("empty.logs.filtered", text=self.filter_text) if self.filter_text else words("empty.logs")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.logs")

    def command_line(self) -> str:
        """The JobLog under the cursor."""
        row = self.table.cursor_row()
        return "connecthub log list" if row is None else f"connecthub log show {row.id}"

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            self.center.open_log(row.id)

    def action_failures(self) -> None:
        """What failed, by how it failed."""
        from tui.screens.failures import FailuresScreen

        self.app.push_screen(FailuresScreen(self.filter_text))

    def action_retry(self) -> None:
        """Retry the marked."""
        ids, names = self._chosen()
        asked = self.center.words("ask.retry", count=len(ids), instance=self.center.facts.instance)
        self.confirm(asked, names, lambda data: data.retry(ids))

    def action_cancel(self) -> None:
        """Cancel the marked."""
        ids, names = self._chosen()
        asked = self.center.words("ask.cancel", count=len(ids), instance=self.center.facts.instance)
        self.confirm_why(asked, names, lambda data, why: data.cancel(ids, why))

    def action_retry_matching(self) -> None:
        """Retry all that match and did not succeed, once they are counted."""
        chosen = LogFilter(self.filter_text)
        self.say(self.center.words("counting"))
        self.ask(lambda data: data.count(chosen), partial(self._counted, chosen), group="act")

    def _counted(self, chosen: LogFilter, count: int) -> None:
        words = self.center.words
        self.say("")
        if not count:
            self.say(words("ask.none_match"))
            return
        asked = words("ask.retry", count=count, instance=self.center.facts.instance)
        what = f"/{chosen.text}" if chosen.text else words("title.logs")
        self.confirm(asked, [what], lambda data: data.retry_matching(chosen), typed=str(count))

    def _chosen(self) -> tuple[list[int], list[str]]:
        words = self.center.words
        return self.named(lambda row: f"{row.id} {run_name(words, row.job_name, dry_run=row.dry_run)} {row.status}")
