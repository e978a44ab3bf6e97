"""Pacer: the paced calls of a client go out in turn, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connecthub.integrations.call import Call
from connecthub.integrations.errors import OutOfTime
from connecthub.integrations.hooks import ClientHooks

LATE_SHARE = 1 / 32
"""A turn used later than this share of its interval is too near to the next one, which may be another worker's."""
TURNS_MAX = 5
"""How often a turn that was missed is taken anew."""


class Pacer:
    """Threads may share it: a paced call has its answer before the next one of the client goes out."""

    def __init__(self, hooks: ClientHooks) -> None:
        self._hooks = hooks
        self._lock = threading.Lock()
        self._sent_at: dict[str, float] = {}

    @contextmanager
    def turn(self, call: Call, seconds_left: Callable[[], float]) -> Iterator[None]:
        """Wait for `call`'s turn and keep it while the call is sent; raises OutOfTime where it comes too late."""
        if not call.pace:
            yield
            return
        with self._lock:
            self._wait(call, call.pace.key, call.pace.interval, seconds_left)
            yield

    def _wait(self, call: Call, key: str, interval: float, seconds_left: Callable[[], float]) -> None:
        clock = self._hooks.clock
        for _ in range(TURNS_MAX):
            wait = self._hooks.turn(key, interval) if seconds_left() > 0 else 0.0
            due = clock.monotonic() + wait  # may be past: the turn came while its answer was on the way
            if key in self._sent_at:  # a call that was sent late all the same moves the next one
                wait = max(wait, self._sent_at[key] + interval * (1 - LATE_SHARE) - clock.monotonic())
            if wait >= seconds_left():
                raise OutOfTime(f"{call}: not sent, for its turn comes too late; give the job a longer timeout")
            if wait > 0:
                clock.sleep(wait)
            if clock.monotonic() - due <= interval * LATE_SHARE:
                break
        self._sent_at[key] = clock.monotonic()
