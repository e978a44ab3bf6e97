"""Ends a session over SSH that nobody uses, or whose terminal takes nothing any more.

It is a thread: a terminal that does not read stops the event loop with its thirtieth waiting write, and all timers with
it. The loop's own sign of life is therefore the measure of a stalled terminal.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from textual.message import Message

from tui.messages import Unused

EXIT_IDLE = 124
"""As timeout(1) ends."""
WARNED_SECONDS = 60.0
"""So long before the end it is told; of a short limit the second half."""
STALLED_SECONDS = 120.0
"""So long may the event loop be silent."""
GRACE_SECONDS = 10.0
"""So long may leaving take, which a hung database or terminal would draw out without end."""
LOOK_SECONDS = 1.0
"""Between two looks."""


class Watchdog:
    """Watches over one session; `limit` is in seconds without a key. `end` gets the exit code."""

    def __init__(
        self, limit: float, end: Callable[[int], object] = os._exit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self._end, self._clock = end, clock
        self._key_at = self._sign_at = self._looked_at = clock()
        self._left_at: float | None = None
        self._code = EXIT_IDLE
        self._warned = False
        self._stopped = threading.Event()
        self._tell: Callable[[Message], object] = lambda message: None
        self._ask_sign: Callable[[Callable[[], None]], object] = lambda sign: sign()

    def start(self, tell: Callable[[Message], object], ask_sign: Callable[[Callable[[], None]], object]) -> None:
        """Begin; `tell` and `ask_sign` are called in the thread: one posts to the app, the other calls in its loop."""
        self._tell, self._ask_sign = tell, ask_sign
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def key(self) -> bool:
        """Somebody is there; whether the end had been told already."""
        warned, self._warned = self._warned, False
        self._key_at = self._clock()
        return warned

    def leaving(self, code: int) -> None:
        """The session ends; where that takes long, the process is ended with this code."""
        if self._left_at is None:
            self._left_at, self._code = self._clock(), code

    def look(self) -> None:
        """One look."""
        before, now = self._looked_at, self._clock()
        self._looked_at = now
        if self._left_at is not None:
            if now - self._left_at > GRACE_SECONDS:
                self._end(self._code)
            return
        if now - before > STALLED_SECONDS / 2:  # the whole process was stopped, and the loop's sign comes now
            self._sign_at = now
        if now - self._sign_at > min(STALLED_SECONDS, self.limit):
            self._end(EXIT_IDLE)
            return
        self._ask_sign(self._sign)
        left = self.limit - (now - self._key_at)
        if left <= 0:
            self.leaving(EXIT_IDLE)
            self._tell(Unused(0))
        elif not self._warned and left <= min(WARNED_SECONDS, self.limit / 2):
            self._warned = True
            self._tell(Unused(left))

    def _sign(self) -> None:
        self._sign_at = self._clock()

    def _watch(self) -> None:
        while not self._stopped.wait(min(LOOK_SECONDS, self.limit / 4)):
            try:
                self.look()
            except RuntimeError:  # the loop is closed: the session has left, and what is left of it is its exit
                self.leaving(EXIT_IDLE)
