"""What a plugin asks of the system, seen through the audit hooks of Python: for a child that ends soon, since no hook
can be taken away."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

SEEN_MAX = 50
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
PROCESSES = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system")
FILES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink", "sqlite3.connect")
VARIABLES = ("os.putenv",)

Hook = Callable[[str, tuple[Any, ...]], None]


@dataclass(frozen=True)
class Seen:
    """One thing that a plugin did, and the line of its own that led there (empty where none did)."""

    what: str
    where: str


class NotAtImport(Exception):
    """What a plugin does when it is imported, and is to do in `run`."""


def watch(hook: Hook) -> None:
    """Have `hook` called with each audit event from now on, but those of its own making."""
    busy = False

    def call(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            hook(event, arguments)
        finally:
            busy = False

    sys.addaudithook(call)


class ImportWitness:
    """Notes and forbids what no import of a plugin may do: nothing of it is done."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.watching = True
        self.seen: list[Seen] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event; raises NotAtImport."""
        what = _not_at_import(event, arguments) if self.watching else ""
        if what:
            self.refuse(what)

    def refuse(self, what: str) -> None:
        """Note what was tried; raises NotAtImport."""
        if len(self.seen) < SEEN_MAX:
            frame = sys._getframe()
            library = library_in(frame, self._folder)
            told = f"{what} ({library} does)" if library else what
            self.seen.append(Seen(told, place(frame, self._folder)))
        raise NotAtImport(f"{what} at import")


def no_waiting(witness: ImportWitness) -> None:
    """Let sleeps and new threads come to `witness`: Python 3.11 has no audit event for either."""
    sleep, start = time.sleep, threading.Thread.start

    def refused_sleep(seconds: float, /) -> None:
        if not witness.watching:
            sleep(seconds)
        elif seconds > 0:
            witness.refuse(f"sleeps {seconds:g} s")

    def refused_start(self: threading.Thread) -> None:
        if not witness.watching:
            start(self)
        else:
            witness.refuse("starts a thread")

    time.sleep, threading.Thread.start = refused_sleep, refused_start


def _not_at_import(event: str, arguments: tuple[Any, ...]) -> str:
    if event in NETWORK:
        return "reaches for the network"
    if event in PROCESSES:
        return "starts a process"
    if event in FILES:
        return f"changes files ({event})"
    if event == "open" and arguments[2] & _TO_WRITE and arguments[0] != os.devnull:
        return f"opens {os.fsdecode(arguments[0])} for writing" if isinstance(arguments[0], str | bytes) else ""
    return ""


def place(frame: FrameType | None, folder: str) -> str:
    """`file:line` of the innermost frame whose file lies below `folder`."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(folder + os.sep):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def library_in(frame: FrameType | None, folder: str) -> str:
    """The name of the innermost package that stands between a frame and the plugin's own code; Python's are none."""
    while frame is not None and not frame.f_code.co_filename.startswith(folder + os.sep):
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name not in sys.stdlib_module_names and name != "connecthub":
            return name
        frame = frame.f_back
    return ""


def words_of(value: object) -> Iterator[str]:
    """Every text in the arguments of an audit event."""
    if isinstance(value, bytes):
        yield os.fsdecode(value)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from words_of(name)
            yield from words_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from words_of(each)
