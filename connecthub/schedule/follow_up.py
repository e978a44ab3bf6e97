"""What follows the end of a run that did not succeed: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

RETRY_DELAY_MAX = 7 * 24 * 3600.0
"""Seconds."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often a job's failed run is repeated, and after how long."""

    max_retries: int
    delay: float
    """Seconds before the first retry."""
    backoff: float
    """Each further delay is so many times longer."""


@dataclass(frozen=True)
class Failure:
    """What is known of the run that ended."""

    attempt: int
    cancel_requested: bool
    by_person: bool
    """Whether it was a person who asked to cancel it."""
    never_started: bool
    """Its plugin never began, by its supervisor's own word."""
    started_over: bool
    """Its chain has had a row for that already."""
    later_slot_queued: bool
    every_slot_counts: bool
    """Overlap `allow` or catch-up `all`: no later slot does this one's work."""
    retry_after: float | None
    """Seconds that the plugin asked for."""


@dataclass(frozen=True)
class FollowUp:
    """Exactly one of a further row, an alert, or nothing."""

    attempt: int | None = None
    """Of the further row, None where there is none."""
    delay: float = 0.0
    """Seconds until it may start."""
    alert: bool = False


def follow_up(policy: RetryPolicy, failure: Failure) -> FollowUp:
    """Decide; only the end of a chain alerts."""
    if failure.cancel_requested:
        return FollowUp(alert=not failure.by_person)
    if failure.never_started and not failure.started_over:
        return FollowUp(attempt=failure.attempt)
    overtaken = failure.later_slot_queued and not failure.every_slot_counts
    if failure.attempt > policy.max_retries or overtaken:
        return FollowUp(alert=True)
    return FollowUp(attempt=failure.attempt + 1, delay=_delay(policy, failure))


def _delay(policy: RetryPolicy, failure: Failure) -> float:
    if failure.retry_after is not None:
        return min(failure.retry_after, RETRY_DELAY_MAX)
    try:
        return min(policy.delay * policy.backoff ** (failure.attempt - 1), RETRY_DELAY_MAX)
    except OverflowError:
        return RETRY_DELAY_MAX
