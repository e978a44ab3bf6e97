"""The command line as it is: a real process, what it wrote, how it ended, what it left running."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connecthub.core.config import Settings
from tests.servers.process import Witness, children_of

COMMAND = [sys.executable, "-m", "connecthub"]
SECONDS = 30.0
"""A deadline for what takes a second or two on a quiet machine."""
PR_SET_CHILD_SUBREAPER = 36
INVISIBLE = "\u115f\u1160\u3164\uffa0\u034f"
"""Characters without a glyph whose category says letter or mark."""


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it answered with `--json`."""
        return json.loads(self.out)


class Cli:
    """Runs commands in a folder, with the environment of an installation."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.folder = folder

    def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Ran:
        """Run one command to its end; what it writes has to be UTF-8."""
        ended = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin.encode(),
            capture_output=True,
            env={**self.environment, **variables},
            cwd=self.folder,
            timeout=2 * SECONDS,
        )
        return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def each(self, commands: Sequence[Sequence[str]], **variables: str) -> list[Ran]:
        """Run commands that do not depend on each other, a few at a time."""
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda arguments: self(*arguments, **variables), commands))

    @contextmanager
    def live(self, *arguments: str, **variables: str) -> Iterator[Live]:
        """A process that goes on while the block runs."""
        environment = {**self.environment, **variables}
        with subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            started = Live(process)
            try:
                yield started
            finally:
                if process.poll() is None:
                    process.terminate()
                    started.end()


class Live:
    """A process that goes on; `said` is what it and its children wrote so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._output = process.stdout.fileno()
        self._process = process
        self.pid = process.pid
        self.said = ""

    def wait_for(self, text: str, seconds: float = SECONDS) -> None:
        """Read on until it has said `text`; the test fails where it does not."""
        give_up = time.monotonic() + seconds
        while text not in self.said:
            assert self._read(give_up), f"it never said {text!r}, but:\n{self.said}"

    def forget(self) -> None:
        """Begin `said` anew."""
        self.said = ""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self, seconds: float = SECONDS) -> int:
        """Wait for its end, and for that of all that write where it writes; returns its exit code."""
        give_up = time.monotonic() + seconds
        while self._read(give_up):
            pass
        return self._process.wait(max(0.0, give_up - time.monotonic()))

    def _read(self, give_up: float) -> bool:
        if not select.select([self._output], [], [], max(0.0, give_up - time.monotonic()))[0]:
            return False
        data = os.read(self._output, 1 << 16)
        self.said += data.decode(errors="surrogateescape")
        return bool(data)


def bare_environment(**variables: object) -> dict[str, str]:
    """This process's environment without any setting, and the given ones."""
    known = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in known}
    return {**kept, **{name: str(value) for name, value in variables.items()}}


def refusal(ran: Ran, *words: str) -> str | None:
    """What is wrong with a refusal that must name `words`: one line on stderr, exit 2, no answer; None where it is."""
    lines = ran.err.splitlines()
    if ran.code != 2:
        return f"exit {ran.code}: {ran.err or ran.out}"
    if ran.out or len(lines) != 1 or not lines[0].startswith("connecthub: "):
        return f"not one line on stderr alone: {ran.out!r}, {ran.err!r}"
    missing = [word for word in words if word not in ran.err]
    return f"does not say {missing}: {ran.err}" if missing else None


def terminal_codes(text: str) -> set[str]:
    """What in an output a terminal would act on, reorder or hide; a newline is fine."""
    return {
        f"U+{ord(char):04X}"
        for char in text
        if char != "\n" and (unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") or char in INVISIBLE)
    }


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have, as they are now."""
    return [found for child in children_of(pid) for found in (child, *descendants(child))]


@contextmanager
def foster_parent() -> Iterator[Callable[[float], bool]]:
    """Adopt whatever loses its parent while the block runs.

    The function waits, at most so many seconds, until none of the adopted lives, and says whether that is so. Call it
    when the processes that were started here have ended.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    ours = set(children_of(os.getpid()))

    def adopted() -> list[int]:
        return [pid for pid in children_of(os.getpid()) if pid not in ours and os.waitpid(pid, os.WNOHANG)[0] == 0]

    def all_gone(seconds: float) -> bool:
        give_up = time.monotonic() + seconds
        while living := adopted():
            with Witness(living) as witness:
                if not witness.wait(max(0.0, give_up - time.monotonic())):
                    return False
        return True

    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield all_gone
    finally:
        for pid in adopted():
            os.kill(pid, signal.SIGKILL)
        all_gone(SECONDS)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
