"""Whether a new run may stand in line, by the job's overlap policy: a pure decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OVERLAPS = ("skip", "queue", "replace", "allow")
"""The policies, the default first."""


@dataclass(frozen=True)
class OpenRun:
    """A queued or running row of the job, as far as it may be in a new one's way."""

    id: int | None
    """None for one that is born in the same moment."""
    running: bool
    counts: bool
    """False for catch-up, backfill and dry runs, and for a retry that waits for its time: they are in nobody's way."""
    waiting_retry: bool = False
    """An automatic retry that waits for its time, and whose work a slot may do: no slot does a dry run's."""


@dataclass(frozen=True)
class Admission:
    """What becomes of a new run, and of those before it."""

    refused: str | None = None
    """Why it does not run, as a skipped slot's reason."""
    cancel: tuple[int, ...] = ()
    """Queued rows that give way."""
    stop: tuple[int, ...] = ()
    """Running rows that are asked to stop."""
    superseded: tuple[int, ...] = ()
    """Waiting retries whose work the new row does."""


def admit(overlap: str, queue_limit: int, open_runs: Sequence[OpenRun], *, supersedes: bool) -> Admission:
    """Decide for one new run; `supersedes` says that it is a slot which makes older retries needless."""
    in_the_way = [run for run in open_runs if run.counts]
    if overlap == "skip" and in_the_way:
        return Admission(f"overlap: {_named(in_the_way)}")
    if overlap == "queue" and len(in_the_way) > queue_limit:
        return Admission(f"queue_full: {_named(in_the_way)}, and no more than {queue_limit} may wait")
    cancel, stop = (), ()
    if overlap == "replace":
        cancel = tuple(run.id for run in in_the_way if run.id is not None and not run.running)
        stop = tuple(run.id for run in in_the_way if run.id is not None and run.running)
    waiting = (run.id for run in open_runs if run.waiting_retry and run.id is not None) if supersedes else ()
    return Admission(None, cancel, stop, tuple(waiting))


def _named(runs: Sequence[OpenRun]) -> str:
    first = runs[0]
    who = "the slot before it" if first.id is None else f"run {first.id}"
    return f"{who} {'is still running' if first.running else 'is still queued'}"
