"""When a run takes long: the one home of that rule, for the screens and for alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

LONG = 2.0
"""So many times longer than usual a run is told to be long."""
NEAR_TIMEOUT = 0.8
"""The share of its timeout that a run may use unnoticed."""
LONG_LEAST = 5.0
"""Seconds below which no run is a long one: nobody could act on it."""
USUAL_LEAST = 5
"""So many runs have to tell how long one usually takes."""


@dataclass(frozen=True)
class Long:
    """Why a run is a long one."""

    near_timeout: bool
    """Near its timeout; else longer than usual."""
    seconds: float
    """Its timeout, or its usual time."""


def judge(seconds: float, timeout: float, usual: float | None) -> Long | None:
    """Whether a run that goes on for so many seconds is a long one; None where it is not."""
    if seconds > NEAR_TIMEOUT * timeout:
        return Long(True, timeout)
    if usual is not None and seconds > max(LONG * usual, LONG_LEAST):
        return Long(False, usual)
    return None


def usual_time(took: Sequence[float]) -> float | None:
    """How many seconds a run usually takes, from what the newest that succeeded took; None where too few tell."""
    return median(took) if len(took) >= USUAL_LEAST else None
