"""Lines of cells under a heading; only what reads otherwise than before is painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from connecthub.core.safe_text import display_width, fit
from tui.widgets.columns import GUTTER, STYLES, Cell, Column, Place, layout


class Line(NamedTuple):
    """What a line shows."""

    cells: Sequence[Cell] = ()
    gutter: str = " "
    style: str = ""
    """The style of the whole line, instead of its cells' own."""
    centred: bool = False
    """Whether it is one text in the middle."""


class Sheet(Widget):
    """Shows what `line` returns, which is asked for at each `paint`."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"table--{name}" for name in ("heading", "cursor", *STYLES)}

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._places: list[Place] = []
        self._lines: list[Line] = []
        self._styles: dict[str, Style] = {}

    def line(self, y: int) -> Line:
        """Return what stands in a line, the first one under the heading being 0."""
        raise NotImplementedError

    def look(self) -> Sequence[Line]:
        """Return what stands on the screen, to compare with a later look."""
        return tuple(self._lines)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Have other headings or widths."""
        self._columns = columns
        self.paint_all()

    def paint(self) -> None:
        """Paint the stretches of lines that changed."""
        old, self._lines = self._lines, self._read()
        if len(old) != len(self._lines):
            self.refresh()
            return
        stretches = map(self._changed, old, self._lines)
        regions = [Region(found[0], y, found[1], 1) for y, found in enumerate(stretches, 1) if found]
        if regions:
            self.refresh(*regions)

    def paint_all(self) -> None:
        """Paint everything, for another size or other columns."""
        self._places = layout(self._columns, self.size.width)
        self._lines = self._read()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return some lines, in the styles of now."""
        self._styles.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a line."""
        if y == 0:
            titles = [Cell(column.title) for column in self._columns]
            return strip(Line(titles, style="heading"), self._places, self.size.width, self._style)
        line = self._lines[y - 1] if y <= len(self._lines) else Line()
        return strip(line, self._places, self.size.width, self._style)

    def _read(self) -> list[Line]:
        return [self.line(y) for y in range(self.size.height - 1)]

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            own = self.rich_style
            self._styles[name] = own + self.get_component_rich_style(f"table--{name}", partial=True) if name else own
        return self._styles[name]

    def _changed(self, old: Line, new: Line) -> tuple[int, int] | None:
        """Where the stretch begins, and its width."""
        if old == new:
            return None
        if old.style != new.style or old.centred or new.centred or len(old.cells) != len(new.cells):
            return 0, self.size.width
        parts = [place for place in self._places if old.cells[place.column] != new.cells[place.column]]
        if old.gutter != new.gutter:
            parts.insert(0, Place(-1, 0, GUTTER))
        return (parts[0].x, parts[-1].x + parts[-1].width - parts[0].x) if parts else None


def strip(line: Line, places: Sequence[Place], width: int, style_of: Callable[[str], Style]) -> Strip:
    """Return the line in exactly `width` columns; neighbours in the same style are one segment."""
    runs = _centred(line, width) if line.centred else _runs(line, places, width)
    if line.style:
        runs = [(text, line.style) for text, _ in runs]
    named = groupby([run for run in runs if run[0]], key=lambda run: run[1])
    return Strip([Segment("".join(text for text, _ in group), style_of(name)) for name, group in named], width)


def _runs(line: Line, places: Sequence[Place], width: int) -> list[tuple[str, str]]:
    end = min(GUTTER, width)
    runs = [(fit(line.gutter, end), "")]
    for place in places if line.cells else ():
        cell = line.cells[place.column]
        padded = fit(cell.text, place.width)
        text = padded.rstrip(" ")
        runs += [(" " * (place.x - end), ""), (text, cell.style), (padded[len(text) :], "")]
        end = place.x + place.width
    return [*runs, (" " * (width - end), "")]


def _centred(line: Line, width: int) -> list[tuple[str, str]]:
    cell = line.cells[0]
    left = max(width - display_width(cell.text), 0) // 2
    return [(fit(" " * left + cell.text, width), cell.style)]
