"""How a run ended: the child's own answer, or what is concluded where it gave none."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

from connecthub.core.redact import Redactor
from connecthub.core.safe_text import storable
from connecthub.runner.protocol import TEXT_MAX
from connecthub.runner.reports import number_of
from connecthub.runner.result import finished_result
from connecthub.schedule.follow_up import RETRY_DELAY_MAX

ERROR_MAX = 4_000
"""Characters of an error's text that are kept."""
TRACEBACK_MAX = 64 * 1024
FINGERPRINT_MAX = 500


@dataclass(frozen=True)
class Stop:
    """Why a run is stopped from outside, and the status that this gives it."""

    status: str
    cause: str
    at_once: bool = False
    """Killed without a grace: the run is no longer its worker's, or is about to be so."""


@dataclass(frozen=True)
class Exit:
    """A child's end: its exit code (negative: the signal), strays killed, and whether nothing is certain to be left."""

    code: int
    strays: int
    verified: bool
    lapsed: bool = False
    """Killed by the launcher itself: nobody vouched for it in time."""


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
    plugins: list[dict[str, Any]] = field(default_factory=list)
    retry_after: float | None = None
    """Seconds after which a failed run's plugin asked to be tried again."""
    never_started: bool = False
    """It is certain that no line of the plugin's code was run."""

    @property
    def succeeded(self) -> bool:
        """Whether the run did its work."""
        return self.status == "succeeded"


def classify(
    answer: dict[str, Any] | None, exit: Exit | None, stop: Stop | None, redactor: Redactor
) -> tuple[Outcome, str | None]:
    """An answer counts however the process ended after it, of a stopped run only that it succeeded; then why it was
    stopped; then how it died. What the plugin says is masked and bounded. Beside the outcome comes a warning, if any.
    """
    if answer is not None and (stop is None or answer.get("status") == "succeeded"):
        return _answered(answer, redactor)
    if stop is not None:
        return Outcome(stop.status, error=stop.cause, fingerprint=stop.status), None
    if exit is None:
        return Outcome("crashed", "the launcher of child processes died", fingerprint="crashed: launcher"), None
    if exit.lapsed:
        told = "killed by the launcher: its worker did not vouch for it in time"
        return Outcome("crashed", told, fingerprint="crashed: not vouched for"), None
    death = describe_exit(exit.code)
    return Outcome("crashed", f"{death} before the plugin returned", fingerprint=f"crashed: {death}"), None


def _answered(answer: dict[str, Any], redactor: Redactor) -> tuple[Outcome, str | None]:
    def text(name: str, most: int) -> str | None:
        return masked_cut(answer.get(name), redactor, most)

    result, warning = finished_result(answer, redactor)
    fields, description, plugins = (answer.get(name) for name in ("fields", "description", "plugins"))
    status = answer["status"] if answer.get("status") in ("succeeded", "failed") else "crashed"
    outcome = Outcome(
        status=status,
        error=text("error", ERROR_MAX),
        traceback=text("traceback", TRACEBACK_MAX),
        result=result,
        fingerprint=text("fingerprint", FINGERPRINT_MAX),
        fields=_masked_fields(fields, redactor) if isinstance(fields, dict) else {},
        description=description if isinstance(description, dict) else {},
        plugins=plugins if isinstance(plugins, list) else [],
        retry_after=_retry_after(answer) if status == "failed" else None,
    )
    return outcome, warning


def _retry_after(answer: dict[str, Any]) -> float | None:
    seconds = number_of(answer.get("retry_after"))
    return None if seconds is None else min(max(seconds, 0.0), RETRY_DELAY_MAX)


def _masked_fields(fields: dict[str, Any], redactor: Redactor) -> dict[str, str]:
    return {redactor.redact(key): redactor.redact(str(message)) for key, message in fields.items()}


def masked_cut(value: object, redactor: Redactor, most: int) -> str | None:
    """A text masked and then cut, its end replaced by `…`; None stays None.

    The child has cut it already where it was longer than `TEXT_MAX`, perhaps through a secret: what may be left of one
    goes too.
    """
    if value is None:
        return None
    text = str(value)
    if len(text) >= TEXT_MAX:
        text = text[: TEXT_MAX - redactor.longest]
    text = storable(redactor.redact(text))
    return text if len(text) <= most else text[: most - 1] + "…"


def describe_exit(code: int) -> str:
    """`killed by SIGSEGV` or `ended with exit code 3`."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
