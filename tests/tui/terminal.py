"""The real program in a real pseudo-terminal, its screen kept by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import pyte

SECONDS = 30.0
KEYS = {"Enter": "\r", "Esc": "\x1b", "Down": "\x1b[B", "Up": "\x1b[A", "Right": "\x1b[C", "Tab": "\t"}


class Terminal:
    """A terminal of so many columns and rows, with a program in it; `raw` is every byte that was sent to it."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] = (80, 24),
        term: str = "xterm-256color",
    ) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        given = {**environment, "TERM": term, "LC_ALL": environment.get("LC_ALL", "C.UTF-8")}
        self.process = subprocess.Popen(
            command,
            env=given,
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=lambda: os.login_tty(slave),  # only its own terminal hangs up on a process
        )
        os.close(slave)

    @classmethod
    def connecthub(
        cls,
        *arguments: str,
        environment: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] = (80, 24),
        term: str = "xterm-256color",
    ) -> Self:
        """A terminal in which a command of ours runs."""
        return cls([sys.executable, "-m", "connecthub", *arguments], environment, folder, size, term)

    @property
    def rows(self) -> list[str]:
        """The screen as text."""
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.rows)

    @property
    def history(self) -> str:
        """All that was ever sent, as text."""
        return self.raw.decode(errors="replace")

    def keys(self, *keys: str) -> None:
        """Send keys, all in one packet; names such as `Enter`, or the letters themselves."""
        os.write(self._master, "".join(KEYS.get(key, key) for key in keys).encode())

    def wait(self, seen: str | Callable[[Terminal], bool], seconds: float = SECONDS) -> None:
        """Read until the screen shows a text, or until something is true of it; the test fails where it never is."""
        is_there = seen if callable(seen) else lambda terminal: seen in terminal.text
        give_up = time.monotonic() + seconds
        while not is_there(self):
            assert self._read(give_up), f"never seen: {seen!r}; the screen is\n{self.text}"

    def quiet(self, seconds: float) -> int:
        """Read for so long; returns how many bytes came."""
        before, until = len(self.raw), time.monotonic() + seconds
        while time.monotonic() < until:
            self._read(until)
        return len(self.raw) - before

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self._master)
        self._master = -1

    def end(self, seconds: float = SECONDS) -> int:
        """Wait until the program has left; returns its exit code."""
        give_up = time.monotonic() + seconds
        while self._master >= 0 and self._read(give_up):
            pass
        return self.process.wait(max(0.1, give_up - time.monotonic()))

    def _read(self, give_up: float) -> bool:
        if not select.select([self._master], [], [], max(0.0, give_up - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the program has left
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self._master >= 0:
            os.close(self._master)
