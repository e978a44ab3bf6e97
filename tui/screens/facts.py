"""A text to read: what is known about a run, or about a job."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from tui.keymap import bindings
from tui.log_window import LogState
from tui.screens.base import CenterScreen
from tui.styles import style
from tui.widgets.log_view import LogView
from tui.widgets.prompt import Prompt
from tui.words import Words


class FactsScreen(CenterScreen):
    """Scrolls and searches as a log does."""

    CSS_PATH: ClassVar[Any] = style("log_view")
    BINDINGS: ClassVar[list[BindingType]] = bindings("text")
    scopes: ClassVar[tuple[str, ...]] = ("text", "screen")

    def __init__(self, title: str, command: str, text: str) -> None:
        super().__init__()
        self._heading = title
        self._command = command
        self._text = text

    def content(self) -> ComposeResult:
        """The text."""
        yield LogView(id="log")

    def on_mount(self) -> None:
        """Show it."""
        super().on_mount()
        self.query_one(LogView).set_text(self._text)
        self.focus_main()

    def focus_main(self) -> None:
        """Focus the text."""
        self.query_one(LogView).focus()

    def title_line(self) -> str:
        """What it is about."""
        return self._heading

    def command_line(self) -> str:
        """The command that shows the same."""
        return self._command

    def load(self) -> None:
        """It stays as it was when it was opened."""

    def redraw(self) -> None:
        """Nothing in it depends on how times are shown."""

    def retitle(self) -> None:
        """The text stays as it was opened."""

    def action_search(self) -> None:
        """Type what to look for."""
        self.query_one(Prompt).open("search", "/", "", self.center.words("prompt.search"))

    @on(Prompt.Entered)
    def _search_entered(self, message: Prompt.Entered) -> None:
        if message.purpose == "search":
            self.close_prompt()
            self.query_one(LogView).search(message.text)

    @on(LogView.StateChanged)
    def _state_changed(self, message: LogView.StateChanged) -> None:
        self.say(" · ".join(stand(self.center.words, message.state)))


def stand(words: Words, state: LogState) -> list[str]:
    """Where one stands in a text, and what the last search found."""
    parts = [words("log.line", line=state.line, total=state.total)]
    parts += [words("log.level", level=state.level)] if state.level else []
    parts += [words("log.wrap")] if state.wrap else []
    if state.searched is not None and not state.searched.found:
        parts.append(words("log.not_found", text=state.searched.text))
    elif state.searched is not None and state.searched.around:
        parts.append(words("log.around"))
    return parts
