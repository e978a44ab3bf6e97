"""How a run ended: the child's own answer, or what is concluded where it gave none."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stop:
    """Why a run is stopped from outside, and the status that this gives it."""

    status: str
    cause: str


@dataclass(frozen=True)
class Exit:
    """A child's end: its exit code (negative: the signal), strays killed, and whether nothing is certain to be left."""

    code: int
    strays: int
    verified: bool


@dataclass(frozen=True)
class Outcome:
    """The final word on a run. `status` is one of succeeded, failed, timed_out, cancelled, crashed."""

    status: str
    error: str | None = None
    traceback: str | None = None
    result: str | None = None
    """JSON text."""
    fingerprint: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether the run did its work."""
        return self.status == "succeeded"


def classify(answer: dict[str, Any] | None, exit: Exit | None, stop: Stop | None) -> Outcome:
    """An answer counts however the process ended after it; then why it was stopped; then how it died."""
    if answer is not None:
        known = {"succeeded", "failed"}
        status = answer["status"] if answer.get("status") in known else "crashed"
        return Outcome(
            status=status,
            error=answer.get("error"),
            traceback=answer.get("traceback"),
            result=answer.get("result"),
            fingerprint=answer.get("fingerprint"),
            fields=answer.get("fields") or {},
            description=answer.get("description") or {},
        )
    if stop is not None:
        return Outcome(stop.status, error=stop.cause, fingerprint=stop.status)
    if exit is None:
        return Outcome("crashed", error="the launcher of child processes died", fingerprint="crashed: launcher")
    death = describe_exit(exit.code)
    return Outcome("crashed", error=f"{death} before the plugin returned", fingerprint=f"crashed: {death}")


def describe_exit(code: int) -> str:
    """`killed by SIGSEGV` or `ended with exit code 3`."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
