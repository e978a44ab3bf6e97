"""Bugs of the control center: a number for the person, the traceback for the log."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


def report(error: BaseException) -> tuple[str, str]:
    """Write the traceback, without local variables, to the log; returns its number and where it stands."""
    import secrets

    number = secrets.token_hex(3)
    logger.error("error %s in the control center", number, exc_info=error)
    return number, _log_file()


def _log_file() -> str:
    for handler in logging.getLogger().handlers:
        if (name := getattr(handler, "baseFilename", None)) is not None:
            return str(name)
    return "the log"
