"""Log records while a screen is up: into a file of the session, and from warning up into the status line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from time import time

KEPT_SECONDS = 7 * 24 * 3600.0
"""So long the files of sessions that have ended stay."""


class StatusHandler(logging.Handler):
    """Hands on what a person should see; nothing but Textual writes to the terminal."""

    def __init__(self, show: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on the first line of a record."""
        try:
            text = record.getMessage()
        except Exception:
            text = str(record.msg)
        self._show(next(iter(text.splitlines()), ""))


def prune_session_logs(folder: Path) -> None:
    """Delete the files of sessions that ended long ago."""
    for path in folder.glob("tui-*.log*"):
        try:
            if path.stat().st_mtime < time() - KEPT_SECONDS:
                path.unlink()
        except FileNotFoundError:  # another session was faster
            continue
