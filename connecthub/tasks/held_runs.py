"""The runs that a worker holds: what its heartbeat vouches for, and what it learns about them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from connecthub.runner.outcome import Stop

GIVE_UP_SHARE = 0.75
"""After this share of a lease without a good heartbeat a run is stopped: its lease is about to end."""
STAMP_SHARE = 0.25
"""A stamp older than this share of a lease does not count: the thread that supervises the run hangs."""


class HeldRuns:
    """Tokens of running runs, shared between the threads that supervise them and the heartbeat."""

    def __init__(self, lease: float, monotonic: Callable[[], float]) -> None:
        self._lease = lease
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._good_since: dict[str, float] = {}
        self._stamps: dict[str, float] = {}
        self._stops: dict[str, Stop] = {}
        self._drain_until: float | None = None

    def add(self, token: str, claimed_at: float) -> None:
        """Hold a run from before its claim was sent (monotonic seconds)."""
        with self._lock:
            self._good_since[token] = claimed_at
            self._stamps[token] = claimed_at

    def remove(self, token: str) -> None:
        """Let go of a run that has ended."""
        with self._lock:
            self._good_since.pop(token, None)
            self._stamps.pop(token, None)
            self._stops.pop(token, None)

    def stamp(self, token: str) -> None:
        """Say that the thread which supervises the run is at work."""
        with self._lock:
            if token in self._stamps:
                self._stamps[token] = self._monotonic()

    def tokens(self) -> list[str]:
        """The tokens to be vouched for: of runs whose stamp is fresh."""
        oldest = self._monotonic() - self._lease * STAMP_SHARE
        with self._lock:
            return [token for token, stamped_at in self._stamps.items() if stamped_at >= oldest]

    def beaten(self, asked: list[str], owned: Mapping[str, str | None], sent_at: float) -> None:
        """Take in a heartbeat's answer: which of the `asked` are still owned, and why to stop it, if it is to."""
        with self._lock:
            for token in asked:
                if token not in self._good_since:
                    continue
                if token not in owned:
                    self._stops[token] = Stop("crashed", "the run is no longer this worker's", at_once=True)
                elif cause := owned[token]:
                    self._stops[token] = Stop("cancelled", cause)
                self._good_since[token] = sent_at

    def drain(self, seconds: float) -> None:
        """Stop what still runs after so many seconds."""
        self._drain_until = self._monotonic() + seconds

    @property
    def draining(self) -> bool:
        """Whether the worker is to stop."""
        return self._drain_until is not None

    def until(self, token: str) -> float:
        """When this worker may no longer act for a run, unless a heartbeat is good before (monotonic seconds)."""
        with self._lock:
            return self._good_since.get(token, float("-inf")) + self._lease * GIVE_UP_SHARE

    def lease_left(self, token: str) -> float:
        """Seconds for which this worker may still act for a run."""
        return self.until(token) - self._monotonic()

    def stop_of(self, token: str) -> Stop | None:
        """Why a run has to stop now, None where it may go on."""
        if stop := self._stops.get(token):
            return stop
        if self.lease_left(token) <= 0:
            return Stop("crashed", f"database unreachable for {self._lease * GIVE_UP_SHARE:g} s", at_once=True)
        if self._drain_until is not None and self._monotonic() >= self._drain_until:
            return Stop("crashed", "worker stopped")
        return None
