"""Capture of what a run says in Python: loggers, warnings, `print`; raw descriptors are the supervisor's to read."""

from __future__ import annotations

import faulthandler
import io
import logging
import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

PIECE = 64 * 1024
"""Characters of one piece: what is longer travels in several, so that no side holds a long text twice."""


@dataclass(frozen=True)
class Said:
    """A piece of what a run said: a record (`more` where its rest follows), or text of a stream, newlines and all."""

    at: float
    level: str
    source: str
    text: str
    stream: bool = False
    more: bool = False


Emit = Callable[[Said], None]


class CaptureHandler(logging.Handler):
    """Sends each log record to the supervisor."""

    def __init__(self, emit: Emit) -> None:
        super().__init__()
        self._emit_said = emit
        self._formatter = logging.Formatter("%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record`; one that cannot be formatted is sent as its template, with the reason."""
        try:
            text = self._formatter.format(record)
        except Exception as error:
            text = f"{record.msg!r} (cannot be formatted with its arguments: {type(error).__name__})"
        for start in range(0, max(len(text), 1), PIECE):
            more = start + PIECE < len(text)
            self._emit_said(_piece(record, text[start : start + PIECE], more))


def _piece(record: logging.LogRecord, text: str, more: bool) -> Said:
    """A plugin can put anything into a record: what is no instant becomes now, what is no name its text."""
    created = record.created if isinstance(record.created, float) and math.isfinite(record.created) else time.time()
    return Said(created, str(record.levelname), str(record.name), text, more=more)


class CaptureStream(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr; each write is sent at once, so that a killed run loses nothing of it."""

    encoding = "utf-8"  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    errors = "backslashreplace"  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, name: str, level: str, descriptor: int, emit: Emit) -> None:
        self._name = name
        self._level = level
        self._descriptor = descriptor
        self._emit_said = emit
        self.buffer = io.FileIO(descriptor, "w", closefd=False)

    def write(self, text: str, /) -> int:
        """Send `text`; returns its length."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        for start in range(0, len(text), PIECE):
            self._emit_said(Said(time.time(), self._level, self._name, text[start : start + PIECE], stream=True))
        return len(text)

    def reconfigure(self, **_: object) -> None:
        """Nothing to do: each write is sent at once, as it is."""

    def writable(self) -> bool:
        """Always true."""
        return True

    def fileno(self) -> int:
        """The descriptor that raw writes go to."""
        return self._descriptor

    def isatty(self) -> bool:
        """Never a terminal."""
        return False


def install_capture(emit: Emit) -> None:
    """Send all that this process logs, warns and prints to `emit`; a crash's own trace goes to descriptor 2."""
    logging.getLogger().handlers[:] = [CaptureHandler(emit)]
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    warnings.simplefilter("default")
    logging.lastResort = None
    sys.stdout = sys.__stdout__ = CaptureStream("stdout", "INFO", 1, emit)  # pyright: ignore[reportAttributeAccessIssue]
    sys.stderr = sys.__stderr__ = CaptureStream("stderr", "WARNING", 2, emit)  # pyright: ignore[reportAttributeAccessIssue]
    faulthandler.enable(file=2, all_threads=False)


def write_raw(said: Said) -> None:
    """Write to the raw descriptor instead: what a process does that the plugin forked without exec."""
    descriptor = 1 if said.source == "stdout" else 2
    text = said.text if said.stream else f"{said.level} {said.source}: {said.text}\n"
    os.write(descriptor, text.encode("utf-8", "backslashreplace"))
