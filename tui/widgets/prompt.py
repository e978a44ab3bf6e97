"""The line in which one types a filter, a search or a command."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.widgets.bars import Line
from tui.widgets.fields import OneLine

FULL_WIDTH = {"：": ":", "／": "/"}


class Prompt(Horizontal):
    """Hidden until it is opened; it says what is typed, what was entered, and that it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    class Typed(Message):
        """The text changed."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    class Entered(Typed):
        """Enter was pressed."""

    class Left(Typed):
        """Esc was pressed; `text` is what stood there."""

    purpose = ""

    def compose(self) -> ComposeResult:
        """The sign of what it is for, and the field."""
        yield Line(id="sign")
        yield OneLine()

    def on_mount(self) -> None:
        """Begin hidden."""
        self.display = False

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    def open(self, purpose: str, sign: str, text: str, hint: str) -> None:
        """Ask for a text; `purpose` comes back with it."""
        self.purpose = purpose
        sign_line = self.query_one("#sign", Line)
        sign_line.text = sign
        with self.prevent(Input.Changed):
            self._field.value = text
        self._field.placeholder = hint
        self._field.cursor_position = len(text)
        self.display = True
        self.screen.set_focus(self._field)  # at once: what is typed in the same moment belongs here

    def close(self) -> None:
        """Be gone."""
        self.display = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self.post_message(self.Typed(self.purpose, _typed(event.value)))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.display:
            self.post_message(self.Entered(self.purpose, _typed(event.value)))

    def action_leave(self) -> None:
        """Esc."""
        self.post_message(self.Left(self.purpose, _typed(self._field.value)))


def _typed(text: str) -> str:
    """The text with the full-width signs of an input method as the plain ones."""
    for wide, plain in FULL_WIDTH.items():
        text = text.replace(wide, plain)
    return text.strip()
