"""No way out of the screen: neither to a shell, nor to a program or a file of this host."""

from __future__ import annotations

import logging
from typing import Any

from textual.app import App

logger = logging.getLogger(__name__)


class Shut(App[None]):
    """An app without the doors that Textual has for apps of one's own machine, whatever key or widget asks for them."""

    def action_suspend_process(self) -> None:
        """There is no shell behind a control center."""

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """A picture would be a file of this host."""

    def save_screenshot(self, *arguments: Any, **options: Any) -> str:
        """Not here either."""
        return _closed("a picture")

    def deliver_text(self, *arguments: Any, **options: Any) -> str | None:
        """What is delivered would be a file of this host."""
        return _closed("a file")

    def deliver_binary(self, *arguments: Any, **options: Any) -> str | None:
        """What is delivered would be a file of this host."""
        return _closed("a file")

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """A browser would start on this host."""
        _closed("a browser")


def _closed(what: str) -> str:
    logger.warning("%s was asked for, which a control center does not make", what)
    return ""
