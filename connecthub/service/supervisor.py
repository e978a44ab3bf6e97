"""A small supervisor: named child processes, started anew with back-off when they end, all gone when it is.

Each child holds the read end of a pipe of ours and leaves when it reads its end (`leave_with_parent`): also a `kill -9`
of this process leaves no child.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)

BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before the next start of a child that ended; back to the first after `STEADY_SECONDS` of life."""
STEADY_SECONDS = 60.0
POLL_SECONDS = 0.1
PARENT_PIPE = "CONNECTHUB_PARENT_PIPE"
"""Names the descriptor in a child's environment."""


class Child:
    """One process of a name."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started_at = 0.0
        self._start_at = 0.0

    def start(
        self, environment: Mapping[str, str], pipe: int, now: float, folder: Path | None, output: IO[bytes] | None
    ) -> None:
        """Start it, in a session of its own, so that Ctrl-C comes to the supervisor alone."""
        self._started_at = now
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "connecthub", *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**environment, PARENT_PIPE: str(pipe)},
            pass_fds=[pipe],
            start_new_session=True,
        )

    def look(self, now: float) -> bool:
        """Whether it has to be started now; notes an end and sets the time of the next start."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return False
            self.process = None
            self._failures = 0 if now - self._started_at > STEADY_SECONDS else self._failures + 1
            wait = BACK_OFF[min(self._failures, len(BACK_OFF)) - 1] if self._failures else 0.0
            self._start_at = now + wait
            logger.error("%s ended with %s; it starts again in %g s", self.name, code, wait)
        return now >= self._start_at


class Supervisor:
    """Runs children until `stop` is set, then ends them.

    They run in `folder` (this process's own where None) and write to `log_file`, or to where this process writes.
    """

    def __init__(
        self,
        children: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        stop_seconds: float,
        *,
        folder: Path | None = None,
        log_file: Path | None = None,
    ) -> None:
        self._children = [Child(name, arguments) for name, arguments in children.items()]
        self._environment = dict(environment)
        self._stop_seconds = stop_seconds
        self._folder = folder
        self._log_file = log_file
        self.stop = threading.Event()

    def run(self) -> None:
        """Keep the children running until `stop` is set; when this returns, none is left."""
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self._log_file.open("ab")) if self._log_file else None
            pipe_read, pipe_write = os.pipe()
            stack.callback(os.close, pipe_read)
            stack.callback(os.close, pipe_write)
            stack.callback(self._end_all)
            while not self.stop.is_set():
                for child in self._children:
                    if child.look(now := time.monotonic()):
                        child.start(self._environment, pipe_read, now, self._folder, output)
                self.stop.wait(POLL_SECONDS)

    def stop_on_signals(self) -> None:
        """Stop at SIGTERM and SIGINT; in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())

    def _end_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        give_up = time.monotonic() + self._stop_seconds
        for process in running:
            try:
                process.wait(max(0.0, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def leave_with_parent() -> None:
    """End this process in order when the supervisor that started it is gone; without one, do nothing."""
    descriptor = os.environ.pop(PARENT_PIPE, None)
    if descriptor is None:
        return
    pipe = int(descriptor)
    os.set_inheritable(pipe, False)

    def watch() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
