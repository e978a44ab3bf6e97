"""A log file that another process writes: its new lines, also where it is cut off, replaced or not there yet."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)

BEFORE_MAX = 1 << 20
"""Bytes at its end that `before` reads."""
LINE_MAX = 1 << 16
"""Bytes of a line; what is longer is passed on in pieces."""


class FollowedFile:
    """The lines of a file, in their order; where it is not there yet, once it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._begun = b""
        self._complaint = ""
        self._open()

    def before(self) -> list[str]:
        """The last lines of those that stand in it already; called first, so that these are no news."""
        if self._file is None:
            return []
        self._file.seek(max(0, os.fstat(self._file.fileno()).st_size - BEFORE_MAX))
        return list(self._lines(self._file))

    def news(self) -> Iterator[str]:
        """The lines that were added since the last call, without their ends."""
        if self._file is not None:
            if os.fstat(self._file.fileno()).st_size < self._file.tell():
                self._file.seek(0)
                self._begun = b""
            yield from self._lines(self._file)
        if self._replaced():
            if self._file is not None:
                self._file.close()
            self._begun = b""
            self._open()
            if self._file is not None:
                yield from self._lines(self._file)

    def close(self) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        self._file, complaint = None, ""
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            complaint = f"{self._path} cannot be read: {error.strerror}"
        if complaint and complaint != self._complaint:
            logger.warning("%s; it is tried again and again", complaint)
        self._complaint = complaint

    def _replaced(self) -> bool:
        if self._file is None:
            return True
        try:
            there = self._path.stat()
        except OSError:
            return False  # its next file is not there yet
        return not os.path.samestat(there, os.fstat(self._file.fileno()))

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        while data := file.readline(LINE_MAX):
            self._begun += data
            if self._begun.endswith(b"\n") or len(self._begun) >= LINE_MAX:
                line, self._begun = self._begun, b""
                yield line.decode(errors="replace").rstrip("\r\n")
