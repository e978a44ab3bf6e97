"""A control center in a pseudo-terminal, with a stopwatch: when bytes came, which runs are on the screen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Self

import pyte

from tests.bench.installation import Installation
from tests.tui.terminal import Terminal

PAGE_DOWN = "\x1b[6~"
RUN = re.compile(r"[ >*](\d+)\s")
LINE = re.compile(r"\bline (\d+) of\b")
ONE_PAINT_SECONDS = 0.05
"""Bytes that follow each other faster belong to one paint."""


class Arrivals(pyte.ByteStream):
    """Keeps a screen, and notes when bytes came: the emulator, which is slow, is not what is measured."""

    def __init__(self, screen: pyte.Screen) -> None:
        super().__init__(screen)
        self.times: list[float] = []

    def feed(self, data: bytes) -> None:
        """Take bytes that came just now."""
        self.times.append(time.perf_counter())
        super().feed(data)


class TimedTerminal(Terminal):
    """A terminal that knows when something was on its screen."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] = (80, 24),
        term: str = "xterm-256color",
    ) -> None:
        self.begun = time.perf_counter()
        super().__init__(command, environment, folder, size, term)
        self._stream = self._arrivals = Arrivals(self.screen)

    @classmethod
    def of(cls, installation: Installation, size: tuple[int, int] = (80, 24)) -> Self:
        """A control center of an installation."""
        return cls.connecthub("tui", environment=installation.environment, folder=installation.folder, size=size)

    def seen_at(self, seen: str | Callable[[Terminal], bool]) -> float:
        """Wait for something; when the bytes came that made it true."""
        self.wait(seen)
        return self._arrivals.times[-1]

    def milliseconds(self, keys: Sequence[str], seen: Callable[[Terminal], bool]) -> float:
        """Send keys; how long it takes until something is true that was not."""
        begun = time.perf_counter()
        self.keys(*keys)
        return (self.seen_at(seen) - begun) * 1000

    def cost(self, *keys: str, seconds: float = 0.25) -> int:
        """Send keys; how many bytes come of it."""
        self.keys(*keys)
        return self.quiet(seconds)

    def paints(self, seconds: float) -> tuple[int, int]:
        """Read for so long; how often something was painted, and the bytes of it."""
        before = len(self._arrivals.times)
        sent = self.quiet(seconds)
        times = self._arrivals.times[before:]
        gaps = sum(later - earlier > ONE_PAINT_SECONDS for earlier, later in pairwise(times))
        return (gaps + 1 if times else 0), sent

    def memory(self) -> float:
        """The program's RSS in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found
        return int(found[1]) / 1024


def runs_on(terminal: Terminal) -> list[int]:
    """The numbers of the JobLogs that a list shows."""
    return [int(found[1]) for row in terminal.rows[2:-2] if (found := RUN.match(row))]


def lines_on(terminal: Terminal) -> list[int]:
    """The numbers of the lines that a log shows."""
    return [int(found[1]) for row in terminal.rows[2:-2] if (found := LINE.search(row))]


def has_prompt(terminal: Terminal) -> bool:
    """Whether a filter is being typed."""
    return terminal.rows[-3].startswith("/")
