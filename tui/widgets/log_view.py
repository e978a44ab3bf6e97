"""A run's log: it opens at once however long it is, scrolls by rows, searches, filters by level and follows."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from connecthub.core.safe_text import fit
from tui.log_lines import LEVELS, columns_of
from tui.log_window import SIDE_COLUMNS, LogState, LogWindow, Place

WHEEL_ROWS = 3


def _binding(keys: str, act: str, sentence: str) -> Binding:
    return Binding(keys, act, act, id=f"log.{act}", tooltip=sentence, show=False)


class LogView(Widget, can_focus=True):
    """Shows the lines of a log. Where one stands is in `state`; each change of it posts `StateChanged`."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--dim",
        "log-view--warning",
        "log-view--error",
        "log-view--hit",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        _binding("up,k", "up", "Go up one row."),
        _binding("down,j", "down", "Go down one row."),
        _binding("pageup,b,ctrl+b", "page_up", "Go up one page."),
        _binding("pagedown,space,ctrl+f", "page_down", "Go down one page."),
        _binding("g,home", "start", "Go to the first line."),
        _binding("G,end", "end", "Go to the last line, and follow while the run goes on."),
        _binding("n", "next", "Go to the next line with the text that was searched."),
        _binding("N", "previous", "Go to the line before with the text that was searched."),
        _binding("w", "wrap", "Wrap long lines, or cut them at the edge."),
        _binding("v", "level", "Show all lines, or those from INFO, WARNING or ERROR on."),
        _binding("f,F", "follow", "Follow the log while the run goes on, or pause."),
        _binding("h,left", "left", "Go left in lines that are not wrapped."),
        _binding("l,right", "right", "Go right in lines that are not wrapped."),
    ]

    class StateChanged(Message):
        """Where one stands in the log changed."""

        def __init__(self, state: LogState) -> None:
            super().__init__()
            self.state = state

    empty_text: reactive[str] = reactive("")
    """What stands there instead of lines while none is shown."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._window = LogWindow()
        self._view: list[Place] = []
        self._told: LogState | None = None

    def set_text(self, text: str) -> None:
        """Replace everything; one stands at the end if `running` was set before, otherwise at the start."""
        self._window.set_text(text)
        self._done(True)

    def replace_text(self, text: str) -> None:
        """Replace everything by a text of the same kind, from where one stood."""
        self._window.replace_text(text)
        self._done(True)

    def add_text(self, text: str) -> None:
        """Add what is new; only the rows that it changes are painted."""
        first = self._window.add_text(text)
        if first:
            self.refresh(Region(0, first, self.size.width, self.size.height - first))
        self._done(first == 0)

    def search(self, text: str, backwards: bool = False) -> bool:
        """Go to the next of the shown lines with that text, and whether there is one; no text ends the search."""
        self._window.look_for(text)
        found = self._window.find(backwards=backwards)
        self._done(True)
        return found

    def line_text(self) -> str:
        """The line of the hit, while it is in view, or else the line at the top, as it was written."""
        line = self._window.current
        return "" if line is None else self._window.lines.texts[line]

    @property
    def running(self) -> bool:
        """Whether the run goes on, so that lines may come; the screen says so."""
        return self._window.running

    @running.setter
    def running(self, running: bool) -> None:
        self._window.running = running
        self._done(False)

    @property
    def following(self) -> bool:
        """Whether the end stays in view as lines come."""
        return self._window.following

    @property
    def state(self) -> LogState:
        """Where one stands."""
        return self._window.state

    def action_up(self) -> None:
        """One row up."""
        self._done(self._window.scroll(-1))

    def action_down(self) -> None:
        """One row down."""
        self._done(self._window.scroll(1))

    def action_page_up(self) -> None:
        """One page up; a row stays in view."""
        self._done(self._window.scroll(-max(self._window.height - 1, 1)))

    def action_page_down(self) -> None:
        """One page down; a row stays in view."""
        self._done(self._window.scroll(max(self._window.height - 1, 1)))

    def action_start(self) -> None:
        """To the first line."""
        self._done(self._window.to_start())

    def action_end(self) -> None:
        """To the last line."""
        self._done(self._window.to_end())

    def action_next(self) -> None:
        """To the next hit."""
        self._window.find(backwards=False)
        self._done(True)

    def action_previous(self) -> None:
        """To the hit before."""
        self._window.find(backwards=True)
        self._done(True)

    def action_wrap(self) -> None:
        """Wrap, or not."""
        self._window.toggle_wrap()
        self._done(True)

    def action_level(self) -> None:
        """The next filter by level."""
        self._window.next_level()
        self._done(True)

    def action_follow(self) -> None:
        """Follow, or pause."""
        self._done(self._window.toggle_follow())

    def action_left(self) -> None:
        """To the left."""
        self._done(self._window.sideways(-SIDE_COLUMNS))

    def action_right(self) -> None:
        """To the right."""
        self._done(self._window.sideways(SIDE_COLUMNS))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        event.prevent_default()
        self._done(self._window.scroll(WHEEL_ROWS))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        event.prevent_default()
        self._done(self._window.scroll(-WHEEL_ROWS))

    def on_resize(self) -> None:
        """Other rows fit in."""
        self._window.resize(self.size.width, self.size.height)
        self._done(True)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of some rows."""
        self._view = self._window.visible()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The strip of one row."""
        base, width = self.visual_style.rich_style, self._window.width
        if y >= len(self._view):
            text = "" if y or self._view else self.empty_text
            return Strip([Segment(fit(text, width), base)], width)
        place = self._view[y]
        text, blank, start, end = self._window.piece(place)
        segments = [Segment(" " * blank, base)] if blank else []
        segments += self._segments(text, self._window.lines.line_at(place[0]), start, end, base)
        rest = width - blank - columns_of(text[start:end])
        if rest > 0:
            segments.append(Segment(" " * rest, base))
        return Strip(segments, width)

    def _done(self, repaint: bool) -> None:
        """Paint the rows again if they changed, and tell the screen where one stands if that did."""
        if repaint:
            self.refresh()
        state = self._window.state
        if state != self._told and self.is_attached:
            self._told = state
            self.post_message(self.StateChanged(state))

    def _segments(self, text: str, line: int, start: int, end: int, base: Style) -> list[Segment]:
        """What stands between two characters, in pieces of one style each."""
        time, search = self._window.lines.time_width(line), self._window.search
        hits = search.spans(text, start, end) if search else []
        edges = {start, end, time, *(edge for hit in hits for edge in hit)}
        level, dim, reverse = base + self._level_style(line), base + self._style("dim"), self._style("hit")
        segments: list[Segment] = []
        for here, there in pairwise(sorted(edge for edge in edges if start <= edge <= end)):
            style = dim if here < time else level
            if any(first <= here < last for first, last in hits):
                style += reverse
            segments.append(Segment(text[here:there], style))
        return segments

    def _level_style(self, line: int) -> Style:
        level = self._window.lines.level_of(line)
        if level >= LEVELS["ERROR"]:
            return self._style("error")
        return self._style("warning") if level >= LEVELS["WARNING"] else Style.null()

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"log-view--{name}", partial=True)
