"""Turns: what only one may do at a time, at a set distance, is done in turn by all who share them."""

from __future__ import annotations

import threading

from connecthub.core.clock import Clock

KEY_MAX = 200
"""Characters of the name of what is done in turn."""
INTERVAL_MAX = 60.0
"""Seconds between two turns, at most."""
AHEAD_MAX = 500
"""More turns than that are never waited for at once: who finds a key further ahead begins anew."""
KEYS_KEPT = 1000
"""With so many, those whose next turn may be taken at once are forgotten."""


class Turns:
    """The turns of one process; threads may share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}
        self._forget_at = KEYS_KEPT

    def take(self, key: str, interval: float, given: float | None = None) -> float:
        """Take the next turn of `key`, whose turns are `interval` seconds apart; returns the seconds until it comes,
        below zero where it has come since.

        `given`, by the clock's monotonic seconds, is what somebody else who gives turns has said: the turn comes then,
        or later.
        """
        return self.reserve(key, interval, given) - self._clock.monotonic()

    def reserve(self, key: str, interval: float, given: float | None = None) -> float:
        """Do what `take` does; returns when the turn comes, by the clock's monotonic seconds."""
        with self._lock:
            now = self._clock.monotonic()
            soonest = now if given is None else given
            free_at = self._free_at.get(key, soonest)
            turn = soonest if free_at > soonest + AHEAD_MAX * interval else max(soonest, free_at)
            if len(self._free_at) >= self._forget_at:
                self._free_at = {other: free_at for other, free_at in self._free_at.items() if free_at > now}
                self._forget_at = max(KEYS_KEPT, 2 * len(self._free_at))
            self._free_at[key] = turn + interval
            return turn
