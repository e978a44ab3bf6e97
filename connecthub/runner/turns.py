"""Turns that runs share: a run's child asks its supervisor, and it asks who knows those of all runs."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from connecthub.core.clock import SystemClock
from connecthub.core.redact import Redactor
from connecthub.core.safe_text import storable
from connecthub.core.turns import INTERVAL_MAX, KEY_MAX, Turns
from connecthub.errors import RunnerError
from connecthub.runner.protocol import Frame, FrameReader, encode
from connecthub.runner.reports import INTEGER_MAX, number_of

logger = logging.getLogger(__name__)

ASK_SECONDS = 10.0
"""A child that has no answer by then goes on by itself."""
OPEN_MAX = 8
"""Questions of a run that are open at a time; its child has one."""
KEYS_MAX = 100
"""Things that one run does in turn."""

TakeTurn = Callable[[str, float, Callable[[float], None]], None]
"""Takes the next turn of a key at an interval, at once or later, and says when it comes, on `time.monotonic()`.

It must not block, and may say it from any thread.
"""


def turns_of_this_process() -> TakeTurn:
    """Turns for a supervisor that has no others to share them with."""
    turns = Turns(SystemClock())

    def take(key: str, interval: float, reply: Callable[[float], None]) -> None:
        reply(turns.reserve(key, interval))

    return take


class AskedTurns:
    """The child's end: asks over `connection`, where there is one, and `send`; threads may share it.

    Where no answer comes the turns are those of this process alone, and a line of log says so once.
    """

    def __init__(self, connection: socket.socket | None, send: Callable[[Frame, dict[str, Any]], None]) -> None:
        self._connection = connection
        self._send = send
        self._turns = Turns(SystemClock())
        self._lock = threading.RLock()
        self._asking = False
        self._number = 0
        self._frames = FrameReader()
        self._told = False

    def take(self, key: str, interval: float) -> float:
        """Take the next turn of `key`; returns the seconds until it comes, below zero where it has come since."""
        at = self._ask(key, interval)
        if at is not None:
            return self._turns.take(key, interval, at)
        if not self._told:
            self._told = True
            logger.warning("turns of %r are spaced within this process only: its worker gives it none", key[:KEY_MAX])
        return self._turns.take(key, interval)

    def _ask(self, key: str, interval: float) -> float | None:
        with self._lock:
            if self._asking or self._connection is None:  # asking: a signal handler of the plugin, in the middle of it
                return None
            self._asking = True
            try:
                self._number += 1
                self._send(Frame.PACE, {"n": self._number, "key": key, "interval": interval})
                return self._answer(self._connection, time.monotonic() + ASK_SECONDS)
            except (OSError, ValueError, RecursionError, RunnerError):  # a socket that the plugin closed, or no JSON
                return None
            finally:
                self._asking = False

    def _answer(self, connection: socket.socket, give_up: float) -> float | None:
        """Wait for the answer to the newest question; the answers before it came too late."""
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        while (left := give_up - time.monotonic()) > 0:
            if not poll.poll(left * 1000):
                continue
            data = connection.recv(4096, socket.MSG_DONTWAIT)
            if not data:
                self._connection = None
                return None
            for kind, told in list(self._frames.feed(data)):
                if kind is Frame.TURN and told["n"] == self._number:
                    return told["at"]
        return None


class TurnDesk:
    """The supervisor's end: hands questions of a run to `take` and the answers, from whatever thread, to its child.

    Keys are stored where others read them, so secrets are masked: keys that differ in nothing else share their turns.
    """

    def __init__(
        self, take: TakeTurn, connection: socket.socket, redactor: Redactor, note: Callable[[str], None]
    ) -> None:
        self._take = take
        self._connection = connection
        self._redactor = redactor
        self._note = note
        self._lock = threading.Lock()
        self._closed = False
        self._open: set[int] = set()
        self._keys: set[str] = set()
        self._told = False

    def asked(self, payload: dict[str, Any]) -> None:
        """Take in a question; a plugin can write any that it likes."""
        number, key, interval = payload.get("n"), payload.get("key"), number_of(payload.get("interval"))
        if type(number) is not int or not 0 < number <= INTEGER_MAX or number in self._open:
            return self._complain("a question without a number of its own")
        if len(self._open) >= OPEN_MAX:
            return self._complain(f"more than {OPEN_MAX} questions at once")
        if interval is None or not 0 < interval <= INTERVAL_MAX:
            self._complain(f"an interval that is not above 0 and up to {INTERVAL_MAX:g} s")
        elif not isinstance(key, str) or not 0 < len(key) <= KEY_MAX or storable(key) != key:
            self._complain(f"a key that is no text of 1 to {KEY_MAX} characters")
        elif key not in self._keys and len(self._keys) >= KEYS_MAX:
            self._complain(f"more than {KEYS_MAX} keys")
        else:
            self._keys.add(key)
            with self._lock:
                self._open.add(number)
            masked = self._redactor.redact(key)[:KEY_MAX]
            return self._take(masked, interval, lambda at: self._answer(number, at))
        return self._answer(number, None)

    def close(self) -> None:
        """Answer no more: the run is over."""
        with self._lock:
            self._closed = True

    def _answer(self, number: int, at: float | None) -> None:
        """Say when the turn comes; None: the child is to decide by itself."""
        with self._lock:
            self._open.discard(number)
            if self._closed:
                return
            try:
                self._connection.send(encode(Frame.TURN, {"n": number, "at": at}))
            except OSError:  # the child is gone, or does not read its answers
                self._closed = True

    def _complain(self, what: str) -> None:
        if not self._told:
            self._told = True
            self._note(f"the plugin asks for turns that are not shared with other runs: {what}")
