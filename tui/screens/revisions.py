"""The saves of a job: what each changed, and the way back to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows_form import RevisionRow
from tui.screens.facts import FactsScreen
from tui.screens.form_dialogs import ConfirmChanges
from tui.screens.listing import ListScreen
from tui.spans import Page, Span, whole
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data


class RevisionsScreen(ListScreen[RevisionRow]):
    """The newest first; Enter shows what a save changed."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("revisions")
    scopes: ClassVar[tuple[str, ...]] = ("revisions", "screen")

    def __init__(self, job_id: int, name: str) -> None:
        super().__init__()
        self.job_id = job_id
        self._job_name = name

    def title_line(self) -> str:
        """Of which job."""
        return self.center.words("title.revisions", name=self._job_name)

    def command_line(self) -> str:
        """The command that shows the same."""
        return f"connecthub job history {self.job_id}"

    def columns(self) -> Sequence[Column]:
        """Version, when, who, what."""
        words = self.center.words
        return [
            Column(words("column.version"), 8),
            Column(words("column.saved"), 14),
            Column(words("column.by"), 16),
            Column(words("column.changed"), 30, grows=True),
        ]

    def key(self, row: RevisionRow) -> int:
        """Its version."""
        return row.version

    def cells(self, row: RevisionRow) -> Sequence[Cell]:
        """One save."""
        saved = self.center.times.show(row.saved_at, self.at)
        return [Cell(str(row.version)), Cell(saved), Cell(row.actor), Cell(row.changed)]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[RevisionRow]]:
        """All saves: they are few."""
        return lambda data: whole(data.revisions(self.job_id), span, data.now())

    def empty(self) -> str:
        """Why none is there."""
        return self.center.words("empty.revisions")

    def filter_hint(self) -> str:
        """There is no filter."""
        return ""

    def action_filter(self) -> None:
        """There is no filter."""

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            title = f"{self.title_line()} · {row.version}"
            self.app.push_screen(FactsScreen(title, self.command_line(), "\n".join(row.lines) or row.changed))

    def action_take_back(self) -> None:
        """Show what would change, and save the settings of the version under the cursor anew."""
        row = self.table.cursor_row()
        if row is not None:
            version = row.version
            self.ask(
                lambda data: data.way_back(self.job_id, version), lambda lines: self._ask(version, lines), "way back"
            )

    def _ask(self, version: int, lines: Sequence[str]) -> None:
        words = self.center.words
        if not lines:
            self.say(words("form.unchanged"))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.wait_for(lambda data: data.take_back(self.job_id, version), self.done)

        asked = words("ask.take_back", name=self._job_name, version=version, instance=self.center.facts.instance)
        self.app.push_screen(ConfirmChanges(words, asked, lines), answered)
