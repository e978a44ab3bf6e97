"""What a client is told of the run that uses it, and tells it: the run fills this shape, duck-typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from connecthub.core.clock import SystemClock, WaitingClock
from connecthub.core.turns import Turns


@dataclass(frozen=True)
class CallRecord:
    """One attempt at a call, as `on_call` gets it (as a dict)."""

    system: str
    method: str
    path: str
    """Without its query, and without what is secret in it."""
    status: int | None
    """None where no answer came."""
    ms: int
    attempt: int
    """From 1."""
    bytes: int
    """Of the answer's body, decompressed."""
    error: str | None
    sent: bool = True
    """False for a write that a dry run held back."""
    note: str = ""
    """What the call is for, in a client's own words: `add member D1001`."""


class ClientHooks(Protocol):
    """A run, as far as a client has to know it. No hook may raise."""

    @property
    def dry_run(self) -> bool:
        """True: reads go out, writes are recorded and not sent."""
        ...

    @property
    def clock(self) -> WaitingClock:
        """What the client waits on and stamps its requests by."""
        ...

    def on_call(self, record: dict[str, Any], /) -> None:
        """Take the `CallRecord` of one attempt."""
        ...

    def on_secret(self, value: str, /) -> None:
        """Mask `value` from now on in all that the run says."""
        ...

    def deadline(self) -> float | None:
        """Seconds until the run is stopped, by `clock`; None without a limit."""
        ...

    def turn(self, key: str, interval: float, /) -> float:
        """Take the next turn of `key`, whose turns are `interval` seconds apart over all workers; returns the seconds
        until it comes, below zero where it has come since."""
        ...


@dataclass
class NoHooks:
    """For a client that no run uses: no limit, no dry run, nobody to tell; turns are kept for this client only."""

    dry_run: bool = False
    clock: WaitingClock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self._turns = Turns(self.clock)

    def on_call(self, record: dict[str, Any]) -> None:
        """Drop it."""

    def on_secret(self, value: str) -> None:
        """Drop it."""

    def deadline(self) -> float | None:
        """Without a limit."""
        return None

    def turn(self, key: str, interval: float) -> float:
        """Take a turn among this client's own calls."""
        return self._turns.take(key, interval)
