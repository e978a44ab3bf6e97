"""The installation cannot be opened, and there is nothing to show yet: what is down, since when, what doctor found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from connecthub.core.safe_text import safe_text
from tui.styles import style
from tui.widgets.bars import Header, HintBar
from tui.words import Words


class AwayScreen(ModalScreen[None]):
    """It is in front until the installation is open; behind it no key leads anywhere."""

    CSS_PATH: ClassVar[Any] = style("base")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+q", "app.quit", "quit", priority=True),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, words: Words, seconds: float) -> None:
        super().__init__()
        self._words = words
        self._seconds = seconds
        self._text = ""

    def compose(self) -> ComposeResult:
        """A text between the lines that all screens have."""
        yield Header()
        with VerticalScroll(id="away", can_focus=False):
            yield Static(id="told")
        yield HintBar()

    def on_mount(self) -> None:
        """Say what it is, what is told by now, and how to leave."""
        self.query_one("#told", Static).update(Content(self._text))
        self.query_one(Header).tell([self._words("away.title")], "")
        self.query_one(HintBar).tell([("q", self._words("key.app.quit"))])

    def tell(self, cause: str, since: datetime, found: Sequence[str] | None) -> None:
        """Say what is down; `found` is None while doctor still looks, or where there is none."""
        words = self._words
        lines = [
            words("away.what", cause=cause),
            words("away.since", time=f"{since:%Y-%m-%d %H:%M:%S %Z}"),
            words("away.again", seconds=f"{self._seconds:g}"),
        ]
        if found is not None:
            told = [f"- {safe_text(line)}" for line in found] or [words("away.found.nothing")]
            lines += ["", words("away.found"), *told]
        text = "\n".join(lines)
        if text != self._text:  # or else not a byte is sent
            self._text = text
            if self.is_mounted:
                self.query_one("#told", Static).update(Content(text))

    def action_scroll(self, lines: int) -> None:
        """Read on."""
        self.query_one("#away").scroll_relative(y=lines, animate=False)
