"""The Overview: what needs a person now, what runs, what is next, how the last day went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows_overview import NeedRow, OverviewView
from tui.screens.base import CenterScreen
from tui.screens.marks import SIGNS, status
from tui.screens.overview_facts import LEAST_LINES, OverviewFacts, columns
from tui.widgets.columns import Cell, Column
from tui.widgets.prompt import Prompt
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.rows import Done

AROUND = 3
"""Lines of header, status and hints."""
LIST_LEAST = 4
"""Lines that the list keeps, with its heading, however small the terminal is."""


class OverviewScreen(CenterScreen):
    """A list of what needs a person, above the facts of now."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("overview")
    scopes: ClassVar[tuple[str, ...]] = ("overview", "screen")

    def __init__(self) -> None:
        super().__init__()
        self._view: OverviewView | None = None
        self._queue_problem = ""
        self._noted: list[NeedRow] = []
        """What the note is for that is being typed."""

    def content(self) -> ComposeResult:
        """The list, and the facts."""
        yield KeysetTable(self.columns(), lambda row: row.key, self.cells, id="list")
        facts = OverviewFacts(self.center.words, id="facts")
        facts.styles.height = self._facts_height()  # known before the first layout, so that it is the last
        yield facts

    def on_mount(self) -> None:
        """Begin with the list."""
        self.focus_main()

    def on_resize(self) -> None:
        """Half of a high terminal is for the facts."""
        self._facts.styles.height = self._facts_height()

    def _facts_height(self) -> int:
        room = self.app.size.height - AROUND
        return max(0, min(max(LEAST_LINES, room // 2), room - LIST_LEAST))

    @property
    def table(self) -> KeysetTable[NeedRow]:
        """What needs a person."""
        return self.query_one("#list", KeysetTable)

    @property
    def _facts(self) -> OverviewFacts:
        return self.query_one(OverviewFacts)

    def focus_main(self) -> None:
        """Focus the list."""
        self.table.focus()

    def title_line(self) -> str:
        """Overview, and how much needs a person."""
        count = (self._view.count if self._view else 0) + bool(self._queue_problem)
        words = self.center.words
        return words("title.overview.count", count=count) if count else words("title.overview")

    def way_back(self) -> str:
        """The command after `:`."""
        return "overview"

    def command_line(self) -> str:
        """The command that says the same."""
        return "connecthub status"

    # what is shown

    def load(self) -> None:
        """Ask for a look, and apart from it for the queue, which may take a second to be away."""
        self.ask(lambda data: data.overview(), self._show, only_if_idle=True)
        self.ask(lambda data: data.queue_problem(), self._show_queue, "queue", only_if_idle=True, elsewhere=True)

    def _show(self, view: OverviewView) -> None:
        if view == self._view:  # not a byte is sent: neither the time of the data nor an age moves on
            return
        self._view, self.at = view, view.at
        self._show_needs()
        self._facts.tell(view, self.center.words, self.center.times)

    def _show_queue(self, problem: str) -> None:
        if problem != self._queue_problem:
            self._queue_problem = problem
            self._show_needs()

    def _show_needs(self) -> None:
        if self._view is None:
            return
        rows = [NeedRow("queue", text=self._queue_problem)] if self._queue_problem else []
        rows += self._view.needs
        rows += [NeedRow("more", number=self._view.more)] if self._view.more else []
        self.table.refreshed(rows, False)
        self.table.show_empty(self._calm())
        self.tell_lines()

    def redraw(self) -> None:
        """Show the same, with times shown in another way."""
        if self._view is not None:
            self.table.redraw()
            self.table.show_empty(self._calm())
            self._facts.tell(self._view, self.center.words, self.center.times)

    def retitle(self) -> None:
        """Show the same in another language."""
        self.table.set_columns(self.columns())
        self._facts.set_columns(columns(self.center.words))
        self.redraw()

    def columns(self) -> Sequence[Column]:
        """What it is, of which job, since when, why."""
        words = self.center.words
        return [
            Column("", 11),
            Column(words("column.what"), 20, grows=True),
            Column(words("column.since"), 14),
            Column(words("column.why"), 31, grows=True),
        ]

    def cells(self, row: NeedRow) -> Sequence[Cell]:
        """One thing that needs a person; dim where somebody has acknowledged it."""
        since = self.center.times.show(row.at, self.at)
        if row.kind == "failing":
            return [status(row.status), Cell(row.name), Cell(since), Cell(row.text)]
        if row.kind == "acknowledged":
            sign = SIGNS.get(row.status, ("?", ""))[0]
            return [Cell(text, "dim") for text in (f"{sign} {row.status}", row.name, since, self._why(row))]
        if row.kind == "more":
            return [Cell(""), Cell(self.center.words("now.more", count=int(row.number)), "dim"), Cell(""), Cell("")]
        style = "warn" if row.kind in ("long", "near_timeout") else "bad"
        kind = Cell(f"! {self.center.words(f'need.{row.kind}')}", style)
        return [kind, Cell(row.name), Cell(since), Cell(self._why(row))]

    def _why(self, row: NeedRow) -> str:
        words = self.center.words
        if row.kind in ("queue", "schedule"):
            return row.text
        values = {"by": row.by, "note": row.text, "id": row.log_id, "count": int(row.number)}
        return words(f"why.{row.kind}", span=self.center.times.span(timedelta(seconds=row.number)), **values)

    def _calm(self) -> str:
        words, times = self.center.words, self.center.times
        if self._view is None or not self._view.next_runs:
            return words("overview.calm.idle")
        name, at = self._view.next_runs[0]
        return words("overview.calm.next", name=name, time=times.show(at, self.at))

    # what is done

    @on(KeysetTable.Moved)
    def _moved(self) -> None:
        """Other acts fit another row."""
        self.tell_lines()

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is None:
            return
        if row.log_id is not None:
            self.center.open_log(row.log_id)
        elif row.job_id is not None:
            self.center.open_job(row.job_id)
        elif row.kind == "more":
            self.center.show_logs("status:bad")
        elif row.kind != "queue":
            self.center.show("workers")

    def fits(self, key_id: str) -> bool:
        """Acts on what failed, where that is chosen."""
        if key_id == "overview.acknowledge":
            return bool(self._chosen("failing"))
        return key_id != "overview.retry" or bool(self._chosen("failing", "acknowledged"))

    def _chosen(self, *kinds: str) -> list[NeedRow]:
        return [row for row in self.table.chosen_rows() if row.kind in kinds]

    def action_back(self) -> None:
        """Clear marks, then go back."""
        if self.table.marked:
            self.table.clear_marks()
        else:
            super().action_back()

    def action_retry(self) -> None:
        """Retry what failed."""
        chosen = self._chosen("failing", "acknowledged")
        ids = [row.log_id for row in chosen if row.log_id is not None]
        asked = self.center.words("ask.retry", count=len(ids), instance=self.center.facts.instance)
        names = [f"{row.log_id} {row.name} {row.status}" for row in chosen]
        self.confirm(asked, names, lambda data: data.retry(ids))

    def action_acknowledge(self) -> None:
        """Say that one has seen what failed: a note is typed first."""
        self._noted = self._chosen("failing")
        if not self._noted:
            self.say(self.center.words("note.nothing"))
            return
        hint = self.center.words("prompt.note", count=len(self._noted))
        self.query_one(Prompt).open("note", ">", "", hint)

    @on(Prompt.Entered)
    def _note_entered(self, message: Prompt.Entered) -> None:
        if message.purpose != "note":
            return
        note = message.text
        if not note:
            self.say(self.center.words("note.needed"))
            return
        seen = [(row.job_id, row.log_id) for row in self._noted if row.job_id is not None and row.log_id is not None]
        self.ask(lambda data: data.acknowledge(seen, note), self._acknowledged, group="act")

    def _acknowledged(self, done: Done) -> None:
        self.close_prompt()
        self.table.clear_marks()
        self.done(replace(done, opened=None))

    @on(KeysetTable.Marked)
    def _marked(self, message: KeysetTable.Marked) -> None:
        self.say(self.center.words("marked", count=message.count) if message.count else "")
