"""The lower part of the Overview: what runs, what is next, how the last day went, workers and queue."""

from __future__ import annotations

from collections.abc import Sequence

from tui.rows_overview import OverviewView
from tui.screens.marks import SIGNS, run_name
from tui.times import Times
from tui.widgets.columns import Cell, Column
from tui.widgets.sheet import Line, Sheet
from tui.words import Words

LEAST_LINES = 11
"""Its height on 24 lines: a heading, four that run, three that are next, and one each of day, workers and queue."""
NEXT_LEAST = 3
FIXED = 3


class OverviewFacts(Sheet):
    """Paints what changed only; whoever shows it hands it a look."""

    def __init__(self, words: Words, *, id: str | None = None) -> None:
        super().__init__(columns(words), id=id)
        self._given: tuple[OverviewView, Words, Times] | None = None
        self._told: Sequence[Line] = ()

    def tell(self, view: OverviewView, words: Words, times: Times) -> None:
        """Show a look."""
        self._given = (view, words, times)
        self._told = lines(view, words, times, self.size.height - 1)
        self.paint()

    def line(self, y: int) -> Line:
        """One of its lines."""
        return self._told[y] if y < len(self._told) else Line()

    def on_resize(self) -> None:
        """Other lines fit."""
        if self._given is not None:
            self._told = lines(*self._given, self.size.height - 1)
        self.paint_all()


def columns(words: Words) -> list[Column]:
    """What, which, and more about it."""
    return [Column(words("column.now"), 10), Column("", 26, grows=True), Column("", 40, grows=True)]


def lines(view: OverviewView, words: Words, times: Times, room: int) -> list[Line]:
    """The lines for so much room: at least three of the next runs, and as much as fits of what runs."""
    next_runs = _next(view, words, times)
    running = _cut(_running(view, words, times), room - FIXED - min(len(next_runs), NEXT_LEAST), words)
    next_runs = next_runs[: max(room - FIXED - len(running), 0)]
    told = _labelled(words("now.running"), running) + _labelled(words("now.next"), next_runs)
    return [
        Line(cells) for cells in [*told, _day(view, words, times), _workers(view, words), _queue(view, words, times)]
    ]


def _running(view: OverviewView, words: Words, times: Times) -> list[tuple[Cell, Cell]]:
    sign, style = SIGNS["running"]
    rows = [
        (
            Cell(f"{sign} {run_name(words, row.job_name, dry_run=row.dry_run)}", style),
            Cell(f"{times.show(row.started_at, view.at):<14}  {row.progress}"),
        )
        for row in view.running
    ]
    return rows or [(Cell(words("now.none"), "dim"), Cell(""))]


def _next(view: OverviewView, words: Words, times: Times) -> list[tuple[Cell, Cell]]:
    rows = [(Cell(name), Cell(times.show(at, view.at))) for name, at in view.next_runs]
    return rows or [(Cell(words("now.none"), "dim"), Cell(""))]


def _cut(rows: list[tuple[Cell, Cell]], room: int, words: Words) -> list[tuple[Cell, Cell]]:
    if len(rows) <= max(room, 1):
        return rows
    kept = max(room - 1, 0)
    return [*rows[:kept], (Cell(words("now.more", count=len(rows) - kept), "dim"), Cell(""))]


def _labelled(label: str, rows: Sequence[tuple[Cell, Cell]]) -> list[tuple[Cell, Cell, Cell]]:
    return [(Cell("" if number else label, "dim"), *row) for number, row in enumerate(rows)]


def _day(view: OverviewView, words: Words, times: Times) -> tuple[Cell, Cell, Cell]:
    known = [status for status in view.hours if status]
    worst = next((status for status in ("failed", "cancelled", *known) if status in known), "")
    signs = "".join(SIGNS[status][0] if status in SIGNS else " " for status in view.hours)
    style = SIGNS[worst][1] if worst in SIGNS else "dim"
    begun = words("now.day.from", time=times.show(view.hours_from, view.at))
    return Cell(words("now.day"), "dim"), Cell(f"|{signs}|", style), Cell(begun, "dim")


def _workers(view: OverviewView, words: Words) -> tuple[Cell, Cell, Cell]:
    live = Cell(words("now.workers.live", count=view.workers), "" if view.workers else "bad")
    numbers = {"busy": view.busy, "threads": view.threads}
    if view.lost_workers:
        told = Cell(words("now.workers.lost", lost=view.lost_workers, **numbers), "warn")
    else:
        told = Cell(words("now.workers.busy", **numbers) if view.workers else "")
    return Cell(words("now.workers"), "dim"), live, told


def _queue(view: OverviewView, words: Words, times: Times) -> tuple[Cell, Cell, Cell]:
    label = Cell(words("now.queue"), "dim")
    if not view.waiting:
        return label, Cell(words("now.queue.empty"), "dim"), Cell("")
    since = words("now.queue.since", time=times.show(view.waiting_since, view.at))
    return label, Cell(words("now.queue.waiting", count=view.waiting)), Cell(since)
