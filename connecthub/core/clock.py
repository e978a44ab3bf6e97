"""The clock, passed in wherever time matters, so that a test can turn it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, which no step of the wall clock touches."""
        ...


class WaitingClock(Clock, Protocol):
    """A clock that one can also wait on: what clients of outside systems and their stand-ins go by."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, which no step of the wall clock touches."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        time.sleep(max(0.0, seconds))


class FixedClock:
    """A clock for tests and stand-ins, which stands still until it is turned; threads may share it."""

    def __init__(self, now: datetime) -> None:
        self._lock = threading.Lock()
        self._monotonic = 0.0
        self.set(now)

    def now(self) -> datetime:
        """Return the time it was set to, aware and in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that it was advanced by."""
        return self._monotonic

    def set(self, now: datetime) -> None:
        """Step the wall clock to an aware time, as a time server does; the monotonic clock stays. Raises ValueError."""
        if now.tzinfo is None:
            raise ValueError(f"{now!r} has no zone; give an aware datetime")
        with self._lock:
            self._now = now.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass on both clocks."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock: they pass at once."""
        self.advance(max(0.0, seconds))
