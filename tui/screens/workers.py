"""Where runs run: the workers, and what waits for them in the queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on

from tui.rows_places import QueueRow, WorkerRow
from tui.screens.listing import ListScreen
from tui.spans import Page, Span, whole
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data

FloorRow = WorkerRow | QueueRow


class WorkersScreen(ListScreen[FloorRow]):
    """The workers that live or were lost within a day, then the queues."""

    scopes: ClassVar[tuple[str, ...]] = ("list", "screen")

    def title_line(self) -> str:
        """How many live, and what is wrong."""
        words = self.center.words
        rows = self.table.rows if self.is_mounted else ()
        workers = [row for row in rows if isinstance(row, WorkerRow)]
        lost = sum(row.lost_at is not None for row in workers)
        unserved = [row.name for row in rows if isinstance(row, QueueRow) and row.unserved]
        told = [words("title.workers")]
        told += [f"/{self.filter_text}"] if self.filter_text else []
        told += [words("workers.lost", count=lost)] if lost else []
        told += [words("workers.unserved", count=len(unserved))] if unserved else []
        return " · ".join(told)

    def columns(self) -> Sequence[Column]:
        """What it is, its name, how it stands, how much it does, since when."""
        words = self.center.words
        return [
            Column(words("column.places.kind"), 8),
            Column(words("column.places.name"), 18, grows=True),
            Column(words("column.places.state"), 20, grows=True),
            Column(words("column.places.busy"), 14),
            Column(words("column.places.since"), 14),
        ]

    def key(self, row: FloorRow) -> tuple[str, object]:
        """Its kind, and its number or name."""
        return ("worker", row.id) if isinstance(row, WorkerRow) else ("queue", row.name)

    def cells(self, row: FloorRow) -> Sequence[Cell]:
        """One worker or queue."""
        return self._worker(row) if isinstance(row, WorkerRow) else self._queue(row)

    def _worker(self, row: WorkerRow) -> Sequence[Cell]:
        words = self.center.words
        if row.lost_at is not None:
            state = Cell(f"! {words('workers.is_lost', queue=row.queue)}", "bad")
        elif row.lacks_key:
            state = Cell(f"! {words('workers.lacks_key')}", "bad")
        else:
            state = Cell(f"● {words('workers.lives', queue=row.queue)}", "ok")
        return [
            Cell(words("workers.worker"), "dim"),
            Cell(row.name),
            state,
            Cell(words("workers.busy", busy=row.busy, threads=row.threads), "busy" if row.busy else "dim"),
            Cell(self.center.times.show(row.lost_at or row.started_at, self.at)),
        ]

    def _queue(self, row: QueueRow) -> Sequence[Cell]:
        words = self.center.words
        if row.unserved:
            state = Cell(f"✗ {words('queues.unserved')}", "bad")
        elif not row.workers:
            state = Cell(f"- {words('queues.idle')}", "dim")
        else:
            state = Cell(f"● {words('queues.served', count=row.workers)}", "ok")
        waiting = row.waiting + row.later
        load = [words("queues.waiting", count=waiting)] if waiting else []
        load += [words("queues.running", count=row.running)] if row.running else []
        return [
            Cell(words("queues.queue"), "dim"),
            Cell(row.name),
            state,
            Cell(" ".join(load) or words("queues.empty"), "busy" if load else "dim"),
            Cell(self.center.times.show(row.waiting_since, self.at)),
        ]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[FloorRow]]:
        """All of them that match: they are few."""
        wanted = text.lower().split()

        def ask(data: Data) -> Page[FloorRow]:
            seen = data.floor()
            return whole([row for row in seen.rows if _matches(row, wanted)], span, seen.at)

        return ask

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        if self.filter_text:
            return words("empty.workers.filtered", text=self.filter_text)
        return words("empty.workers")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.workers")

    def command_line(self) -> str:
        """The command for what is under the cursor."""
        row = self.table.cursor_row()
        return "connecthub queue list" if isinstance(row, QueueRow) else "connecthub status --workers"

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if isinstance(row, QueueRow) and (row.waiting or row.later):
            self.center.show_logs("status:queued")
        elif row is not None:
            self.center.show_logs("status:running")


def _matches(row: FloorRow, wanted: Sequence[str]) -> bool:
    text = f"{row.name} {row.queue if isinstance(row, WorkerRow) else ''}".lower()
    return all(word in text for word in wanted)
