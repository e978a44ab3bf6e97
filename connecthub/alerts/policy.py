"""Which rules of a job tell which channels: its own policy, or the installation's, or the program's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connecthub.errors import ConfigError

HOURS_MAX = 24 * 366.0
SECONDS_MAX = 7 * 24 * 3600.0


class Rule(StrEnum):
    """What an alert may be about."""

    FAILED = "failed"
    """A run and its retries did not succeed: each time."""
    FIRST_FAILURE = "first_failure"
    """The same, but of a series of failures only the first."""
    RECOVERED = "recovered"
    """A job succeeds again after it failed."""
    MISSED = "missed"
    """Slots passed while no scheduler ran, and do not run."""
    NO_SUCCESS = "no_success"
    """A job that is enabled has not succeeded for `no_success_hours`."""
    LONG_RUNNING = "long_running"
    """A run goes on for `long_running_seconds`; where unset, for twice its usual time or near its timeout."""
    SCHEDULE_ERROR = "schedule_error"
    """A job's next run cannot be computed."""
    WORKER_LOST = "worker_lost"
    """A worker ended without a word. It belongs to no job: the installation's policy decides."""


@dataclass(frozen=True)
class Policy:
    """Rules, and the channels that they tell."""

    rules: frozenset[Rule]
    channels: tuple[str, ...] | None = None
    """Names; None means all channels."""
    no_success_hours: float | None = None
    long_running_seconds: float | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Policy:
        """A policy as it is stored; a rule of a later version that we do not know is left out."""
        known = set(Rule)
        channels = stored.get("channels")
        return cls(
            frozenset(Rule(name) for name in stored.get("rules", ()) if name in known),
            None if channels is None else tuple(channels),
            stored.get("no_success_hours"),
            stored.get("long_running_seconds"),
        )

    def as_json(self) -> dict[str, Any]:
        """The policy as it is stored."""
        return {
            "rules": [rule.value for rule in Rule if rule in self.rules],
            "channels": None if self.channels is None else list(self.channels),
            "no_success_hours": self.no_success_hours,
            "long_running_seconds": self.long_running_seconds,
        }

    def check(self) -> None:
        """Refuse what cannot work; raises ConfigError."""
        _check_range("no success hours", self.no_success_hours, HOURS_MAX)
        _check_range("long running seconds", self.long_running_seconds, SECONDS_MAX)
        if Rule.NO_SUCCESS in self.rules and self.no_success_hours is None:
            raise ConfigError("the rule no_success needs to know after how long; give --no-success-hours N")


PROGRAM_POLICY = Policy(
    frozenset(
        (
            Rule.FIRST_FAILURE,
            Rule.RECOVERED,
            Rule.MISSED,
            Rule.LONG_RUNNING,
            Rule.SCHEDULE_ERROR,
            Rule.WORKER_LOST,
        )
    )
)
"""What holds until somebody says otherwise: to all channels."""


def effective(own: Mapping[str, Any] | None, default: Mapping[str, Any] | None) -> Policy:
    """A job's own policy, or where it has none the installation's, or where there is none the program's."""
    for stored in (own, default):
        if stored is not None:
            return Policy.of(stored)
    return PROGRAM_POLICY


def _check_range(what: str, value: float | None, most: float) -> None:
    if value is not None and not (0 < value <= most and math.isfinite(value)):
        raise ConfigError(f"{what} {value:g} is out of range; write more than 0, up to {most:g}")
