"""Log records while a screen is up: into a file of the session, and from warning up into the status line."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connecthub.core.config import Settings

logger = logging.getLogger(__name__)

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


def begin_session_log(settings: Settings) -> None:
    """Write the session's records into a file of its own; where that cannot be, they are shown and not kept."""
    from connecthub.core.logging import configure_logging
    from connecthub.errors import ConfigError

    name = f"tui-{os.getpid()}"
    try:
        configure_logging(settings.model_copy(update={"log_to_file": True}), name, None)
        _prune(settings.data_dir / "logs")
    except ConfigError as error:
        configure_logging(settings.model_copy(update={"log_to_file": False}), name, None)
        logger.warning("no log file: %s", error)


def _prune(folder: Path) -> None:
    """Delete the files of sessions that ended long ago."""
    for path in folder.glob("tui-*.log*"):
        try:
            if path.stat().st_mtime < time() - KEPT_SECONDS:
                path.unlink()
        except FileNotFoundError:  # another session was faster
            continue
