"""A command's session: opened on the settings of this folder and environment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from connecthub.control.session import Session
from connecthub.core.config import load_settings


@contextmanager
def session() -> Iterator[Session]:
    """Open a session on the settings of this folder and environment; log records go to stderr."""
    from connecthub.core.logging import configure_logging

    settings = load_settings()
    settings.check_stack()
    configure_logging(settings.model_copy(update={"log_to_file": False}), "cli", sys.stderr)
    opened = Session(settings)
    try:
        yield opened
    finally:
        opened.close()
