"""Work in a child process, attended by a small parent that sees how it ends, whatever ends it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from connecthub.runner.processes import adopt_orphans, die_with_parent, kill_strays

LEAVE_SECONDS = 5
"""What a session gets to leave by itself once its connection is lost; then it is killed."""
LOOK_SECONDS = 10.0
"""Between two looks whether the key is still in the file that sshd reads."""
ENDING = (signal.SIGHUP, signal.SIGTERM)
STDOUT = 1


@dataclass(frozen=True)
class Ended:
    """How the work ended: its exit code, why, and what it told its parent."""

    code: int
    how: str
    told: bytes


def attend(work: Callable[[Callable[[bytes], None]], int], shut: Callable[[], bool]) -> Ended:
    """Run `work` in a child and wait for its end; afterwards nothing that it started is left.

    What the work is handed sends bytes to this process. The work ends when the connection is lost, and within
    `LOOK_SECONDS` of `shut` becoming true.
    """
    heard, said = os.pipe()
    adopt_orphans()
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # until somebody is there to take it
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        os.close(heard)
        die_with_parent(parent)
        _work(work, said)
    os.close(said)
    try:
        how, told = _Watch(child, heard, shut).wait()
    finally:
        os.close(heard)
    _, status = os.waitpid(child, 0)
    kill_strays(())
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return Ended(128 - code, how or f"killed by signal {-code}", told)
    return Ended(code, how or "left", told)


def _work(work: Callable[[Callable[[bytes], None]], int], said: int) -> NoReturn:
    code = 1
    try:
        code = work(lambda data: _write(said, data))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # nobody is there any more
                stream.flush()
        os._exit(code)


def _write(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data)


class _Watch:
    """Waits for the end of a child, which its end of a pipe tells; passes on what is to end it."""

    def __init__(self, child: int, heard: int, shut: Callable[[], bool]) -> None:
        self._child = child
        self._heard = heard
        self._shut = shut
        self._how = ""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for the child alone
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
        signal.signal(signal.SIGHUP, lambda *_: self._end("the connection was lost"))
        signal.signal(signal.SIGTERM, lambda *_: self._end("it was told to stop"))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def wait(self) -> tuple[str, bytes]:
        """Why it was ended, empty where it left by itself, and what it told."""
        told = b""
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        poll.register(STDOUT, 0)  # the end of a connection is reported unasked
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(LOOK_SECONDS * 1000)]
            if STDOUT in ready:
                poll.unregister(STDOUT)
                self._end("the connection was lost")
            if self._heard in ready:
                data = os.read(self._heard, 1 << 16)
                told += data
                if not data:
                    break
            if not ready and not self._how and self._shut():
                self._end("the key was taken out")
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        return self._how, told

    def _end(self, how: str) -> None:
        if not self._how:
            self._how = how
            os.kill(self._child, signal.SIGHUP)
            signal.alarm(LEAVE_SECONDS)
