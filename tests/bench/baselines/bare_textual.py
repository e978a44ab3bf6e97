"""A bare Textual app with the widgets of the control center's first frame: header line, table's frame, hint bar."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget


class Line(Widget):
    """One line of text."""

    def __init__(self, text: str, id: str) -> None:
        super().__init__(id=id)
        self._text = text

    def render(self) -> Content:
        """The text."""
        return Content(self._text)


class Frame(Widget, can_focus=True):
    """A heading on the line API, and no rows."""

    def render_line(self, y: int) -> Strip:
        """The heading, or a blank line."""
        text = " JOB                          LAST RUNS  NEXT RUN" if y == 0 else ""
        return Strip([Segment(text.ljust(self.size.width), self.rich_style)], self.size.width)


class Bare(App[None]):
    """Nothing but its first frame."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; layout: vertical; }
    Line { height: 1; width: 1fr; }
    Frame { height: 1fr; width: 1fr; }
    #header { text-style: reverse; }
    #hints { text-style: dim; }
    """

    def compose(self) -> ComposeResult:
        """Header, table, hints."""
        yield Line("Jobs", "header")
        yield Frame()
        yield Line("/ filter  s sort  ? help", "hints")


if __name__ == "__main__":
    Bare().run(mouse=False)
