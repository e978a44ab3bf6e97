"""The log files of `connecthub up --detach`, read as one: the last lines, and what comes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from connecthub.errors import NothingHere

STDERR_LOG = "up-stderr.log"
"""What its processes wrote besides their logs, such as why one could not start; begun anew at each start."""
LOOK_SECONDS = 0.2
BLOCK = 1 << 16
LINE_MAX = 1 << 20
"""Bytes after which a line that has no end is shown as it is."""

_TIME = re.compile(rb'(?:\{"time": ")?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)')

Line = tuple[str, str]
"""When, in ISO 8601 and UTC, and what."""


class LogFile:
    """A log file that another process writes and turns over: `NAME`, and what was before it in `NAME.1` and on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._at = ""

    def last(self, count: int) -> list[Line]:
        """The last lines of all that there is; `new` goes on behind them."""
        self._open()
        if self._file is None:
            return []
        lines, self._rest = _last_lines(self._file, count)
        number = 1
        while len(lines) < count:
            try:
                with self._path.with_name(f"{self._path.name}.{number}").open("rb") as older:
                    lines = [*_last_lines(older, count - len(lines))[0], *lines]
            except FileNotFoundError:
                break
            number += 1
        return [self._dated(line) for line in lines]

    def new(self) -> list[Line]:
        """The whole lines that were written since the last call; no line is lost where the file was turned over."""
        if self._file is None:
            self._open()
        lines = self._read()
        if self._is_turned_over():
            lines += self._read()  # what came between the two looks
            self.close()
            self._open()
            lines += self._read()
        return lines

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _open(self) -> None:
        with suppress(FileNotFoundError):
            self._file = self._path.open("rb")

    def _read(self) -> list[Line]:
        if self._file is None:
            return []
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        if len(self._rest) > LINE_MAX:
            whole, self._rest = [*whole, self._rest], b""
        return [self._dated(line) for line in whole]

    def _is_turned_over(self) -> bool:
        if self._file is None:
            return False
        ours = os.fstat(self._file.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False  # just now between its old name and its new one
        return not os.path.samestat(ours, there) or there.st_size < self._file.tell()

    def _dated(self, line: bytes) -> Line:
        """With its time, or that of the line before, or that of the file."""
        if found := _TIME.match(line):
            self._at = found[1].decode()
        return self._at or self._written_at(), line.decode(errors="replace").rstrip("\r\n")

    def _written_at(self) -> str:
        if self._file is None or self._path.name != STDERR_LOG:
            return ""
        at = datetime.fromtimestamp(os.fstat(self._file.fileno()).st_mtime, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class BackgroundLogs:
    """The log files of one process, or of all, under a folder."""

    def __init__(self, folder: Path, process: str | None = None) -> None:
        self.folder = folder
        names = process or "scheduler|worker|up"
        self._wanted = re.compile(rf"(?:{names})(?:-\d+)?\.log{'' if process else f'|{re.escape(STDERR_LOG)}'}")
        self._files: dict[Path, LogFile] = {}

    def last(self, count: int) -> list[str]:
        """The last lines of all of them, by time; raises NothingHere where there is no file."""
        self._look()
        if not self._files:
            remedy = "`connecthub up --detach` and LOG_TO_FILE=on write them there"
            raise NothingHere(f"no logs in {self.folder}; {remedy}")
        lines = [line for file in self._files.values() for line in file.last(count)]
        return _by_time(lines)[-count:] if count else []

    def skip(self) -> None:
        """Leave out what there is."""
        for file in self._look():
            file.last(0)

    def new(self) -> list[str]:
        """The lines of all of them that were written since the last call, by time."""
        self._look()
        return _by_time([line for file in self._files.values() for line in file.new()])

    def follow(self, show: Callable[[str], None], pause: Callable[[float], None] = time.sleep) -> None:
        """Show each line that comes, until `pause` or `show` raises."""
        while True:
            for line in self.new():
                show(line)
            pause(LOOK_SECONDS)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _look(self) -> list[LogFile]:
        """Note the files that are new, and return those."""
        try:
            paths = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return []
        new = [path for path in paths if path not in self._files and self._wanted.fullmatch(path.name)]
        self._files |= {path: LogFile(path) for path in new}
        return [self._files[path] for path in new]


def _by_time(lines: list[Line]) -> list[str]:
    return [text for _, text in sorted(lines, key=lambda line: line[0])]


def _last_lines(file: BinaryIO, count: int) -> tuple[list[bytes], bytes]:
    """The last whole lines of a file, and what stands behind them; the file stays at its end."""
    begin = end = file.seek(0, 2)
    found = b""
    while begin > 0 and found.count(b"\n") <= count:
        begin = max(0, begin - BLOCK)
        file.seek(begin)
        found = file.read(end - begin)
    *lines, rest = found.split(b"\n")
    return lines[-count:] if count else [], rest
