"""What a client is told of the run that uses it, and tells it: the run fills this shape, duck-typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class CallRecord:
    """One attempt at a call, as `on_call` gets it (as a dict)."""

    system: str
    method: str
    path: str
    """Without its query."""
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


class ClientHooks(Protocol):
    """A run, as far as a client has to know it. No hook may raise."""

    @property
    def dry_run(self) -> bool:
        """True: reads go out, writes are recorded and not sent."""
        ...

    def on_call(self, record: dict[str, Any], /) -> None:
        """Take the `CallRecord` of one attempt."""
        ...

    def on_secret(self, value: str, /) -> None:
        """Mask `value` from now on in all that the run says."""
        ...

    def deadline(self) -> float | None:
        """Seconds until the run is stopped; None without a limit."""
        ...


@dataclass(frozen=True)
class NoHooks:
    """For a client that no run uses: no limit, no dry run, nobody to tell."""

    dry_run: bool = False

    def on_call(self, record: dict[str, Any], /) -> None:
        """Drop it."""

    def on_secret(self, value: str, /) -> None:
        """Drop it."""

    def deadline(self) -> float | None:
        """Without a limit."""
        return None
