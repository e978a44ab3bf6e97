"""The jobs: what runs when, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows import JobFilter, JobRow
from tui.screens.job_acts import copy, delete, edit, enable, run, run_with
from tui.screens.listing import ListScreen
from tui.screens.marks import dots
from tui.spans import Page, Span
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data

SORTS = ("name", "next")


class JobsScreen(ListScreen[JobRow]):
    """Jobs by name or by their next run."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("jobs")
    scopes: ClassVar[tuple[str, ...]] = ("list", "jobs", "screen")

    def __init__(self) -> None:
        super().__init__()
        self._sort = SORTS[0]

    def title_line(self) -> str:
        """Jobs, and the filter."""
        title = self.center.words("title.jobs")
        return f"{title} /{self.filter_text}" if self.filter_text else title

    def columns(self) -> Sequence[Column]:
        """Name, last runs, next run, tags, handler."""
        words = self.center.words
        return [
            Column(words("column.job"), 26, grows=True),
            Column(words("column.last"), 10),
            Column(words("column.next"), 14),
            Column(words("column.tags"), 12, drop=2),
            Column(words("column.handler"), 30, grows=True, drop=1),
        ]

    def key(self, row: JobRow) -> Any:
        """By what the list is sorted."""
        return row.sort_name if self._sort == "name" else (row.next_run_at, row.id)

    def cells(self, row: JobRow) -> Sequence[Cell]:
        """One job."""
        return [
            Cell(row.name),
            dots(row.runs),
            self._next(row),
            Cell(",".join(row.tags), "dim"),
            Cell(row.handler, "dim"),
        ]

    def _next(self, row: JobRow) -> Cell:
        words = self.center.words
        if row.schedule_error:
            return Cell(f"! {row.schedule_error}", "bad")
        if not row.enabled:
            return Cell(words("next.disabled"), "dim")
        if row.next_run_at is None:
            return Cell(words("next.none"), "dim")
        return Cell(self.center.times.show(row.next_run_at, self.at))

    def page(self, text: str, span: Span) -> Callable[[Data], Page[JobRow]]:
        """A page of jobs."""
        chosen = JobFilter(text, self._sort)
        return lambda data: data.jobs(chosen, span)

    def empty(self) -> str:
        """Why no job is there."""
        words = self.center.words
        return words("empty.jobs.filtered", text=self.filter_text) if self.filter_text else words("empty.jobs")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.jobs")

    def command_line(self) -> str:
        """The job under the cursor."""
        row = self.table.cursor_row()
        return "connecthub job list" if row is None else f"connecthub job show {row.id}"

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            self.center.open_job(row.id)

    def action_sort(self) -> None:
        """The next order."""
        self._sort = SORTS[(SORTS.index(self._sort) + 1) % len(SORTS)]
        self.say(self.center.words("sorted", what=self._sort))
        self.choose(self.filter_text)

    def action_logs(self) -> None:
        """The JobLogs of the job under the cursor."""
        row = self.table.cursor_row()
        if row is not None:
            self.center.show_logs(f"job:{row.id}")

    def action_run(self) -> None:
        """Run now, or dry."""
        run(self, {row.id: row.name for row in self.table.chosen_rows()})

    def action_retry(self) -> None:
        """Retry what failed."""
        self._act("ask.retry_failed", lambda data, ids: data.retry_failed(ids))

    def action_enable(self) -> None:
        """Enable; of one job that missed slots, ask which to run."""
        chosen = self.table.chosen_rows()
        if len(chosen) == 1:
            enable(self, chosen[0].id, chosen[0].name)
        else:
            jobs = {row.id: row.name for row in chosen}
            self.ask(lambda data: data.passed(jobs), lambda told: self._enable(list(jobs), told), "missed")

    def _enable(self, ids: list[int], told: list[str]) -> None:
        asked = self.center.words("ask.enable", count=len(ids), instance=self.center.facts.instance)
        self.confirm(asked, told, lambda data: data.enable(ids))

    def action_new(self) -> None:
        """A new job."""
        self.center.new_job()

    def action_edit(self) -> None:
        """Edit the job under the cursor."""
        if row := self.table.cursor_row():
            edit(self, row.id)

    def action_copy_job(self) -> None:
        """A new job like the one under the cursor."""
        if row := self.table.cursor_row():
            copy(self, row.id)

    def action_run_with(self) -> None:
        """Run the job under the cursor once, with other params or as of a past slot."""
        if row := self.table.cursor_row():
            run_with(self, row.id)

    def action_delete(self) -> None:
        """Delete the job under the cursor."""
        if row := self.table.cursor_row():
            delete(self, row.id, row.name)

    def action_disable(self) -> None:
        """Disable."""
        asked, ids, names = self._chosen_jobs("ask.disable")
        self.confirm_why(asked, names, lambda data, why: data.disable(ids, why))

    def _act(self, question: str, act: Callable[[Data, list[int]], Any]) -> None:
        asked, ids, names = self._chosen_jobs(question)
        self.confirm(asked, names, lambda data: act(data, ids))

    def _chosen_jobs(self, question: str) -> tuple[str, list[int], list[str]]:
        chosen = self.table.chosen_rows()
        ids = [row.id for row in chosen]
        asked = self.center.words(question, count=len(ids), instance=self.center.facts.instance)
        return asked, ids, [row.name for row in chosen]
