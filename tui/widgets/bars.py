"""The lines around a screen: header, banner, status and hints."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from connecthub.core.safe_text import display_width, fit

LEFT_LEAST = 40
"""Columns of a header's left that the right may not take."""


class Line(Widget):
    """One line of text that is never read as markup; it is painted only where it changes."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"
    text: reactive[str] = reactive("")

    def render(self) -> Content:
        """The text, cut to the width."""
        return Content(fit(self.text, self.size.width))


class Header(Line):
    """Which installation this is, which screen, and of when its data is."""

    def tell(self, left: Sequence[str], right: str) -> None:
        """Show what is on the left, cut where it would leave no room for what is on the right."""
        start = " · ".join(part for part in left if part)
        room = self.app.size.width - display_width(right) - 1
        self.text = f"{fit(start, room)} {right}" if room >= LEFT_LEAST else start


class Banner(Line):
    """What is wrong with the installation, whole and as long as it is; takes no room otherwise."""

    def render(self) -> Content:
        """The text, on as many lines as it needs."""
        return Content(self.text)

    def watch_text(self, text: str) -> None:
        """Be there only with a text."""
        self.display = bool(text)

    def on_mount(self) -> None:
        """Begin without."""
        self.display = bool(self.text)


class StatusLine(Line):
    """What was done last, or where one stands."""


class HintBar(Line):
    """The keys of this screen."""

    def tell(self, hints: Sequence[tuple[str, str]]) -> None:
        """Show `key what` for as many as there is room for, and the last one, which tells of all."""
        *first, last = (f"{key} {what}" for key, what in hints)
        while first and display_width("  ".join([*first, last])) > self.app.size.width:
            first.pop()
        self.text = "  ".join([*first, last])
