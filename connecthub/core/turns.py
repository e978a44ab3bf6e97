"""Turns: what only one may do at a time, at a set distance, is done in turn by all who share them."""

from __future__ import annotations

import threading

from connecthub.core.clock import Clock

KEY_MAX = 200
"""Characters of the name of what is done in turn."""
INTERVAL_MAX = 60.0
"""Seconds between two turns, at most."""
KEYS_KEPT = 1000
"""With so many, those whose next turn may be taken at once are forgotten."""


class Turns:
    """The turns of one process; threads may share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def take(self, key: str, interval: float, not_before: float = float("-inf")) -> float:
        """Take the next turn of `key`, whose turns are `interval` seconds apart; returns the seconds until it comes.

        `not_before`, by the clock's monotonic seconds, is what somebody else who gives turns has said.
        """
        return max(0.0, self.reserve(key, interval, not_before) - self._clock.monotonic())

    def reserve(self, key: str, interval: float, not_before: float = float("-inf")) -> float:
        """Do what `take` does; returns when the turn comes, by the clock's monotonic seconds."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, not_before, self._free_at.get(key, now))
            if len(self._free_at) >= KEYS_KEPT:
                self._free_at = {other: free_at for other, free_at in self._free_at.items() if free_at > now}
            self._free_at[key] = turn + interval
            return turn
