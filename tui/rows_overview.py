"""What the Overview is given to show; texts have passed `safe_text` already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class NeedRow:
    """One thing that needs a person, or that somebody has acknowledged."""

    kind: str
    """Of `connecthub/control/needs.py`, or `queue`, which is asked by itself."""
    name: str = ""
    """Of the job, or of the queue."""
    job_id: int | None = None
    log_id: int | None = None
    status: str = ""
    at: datetime | None = None
    text: str = ""
    by: str = ""
    number: float = 0
    """How many are overdue; seconds that a run usually takes, or may take."""

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What tells it from others."""
        return self.kind, self.name, self.job_id or 0, self.log_id or 0


@dataclass(frozen=True)
class RunningRow:
    """A run that goes on."""

    id: int
    job_name: str
    started_at: datetime
    progress: str
    """`12 of 40: note`, or empty."""
    dry_run: bool = False


@dataclass(frozen=True)
class OverviewView:
    """A look at an installation."""

    at: datetime = field(compare=False)
    """The database's clock; two looks are equal that differ by it alone."""
    needs: Sequence[NeedRow]
    count: int
    """How many things need a person, the queue not counted."""
    more: int
    """So many more jobs fail, or are acknowledged, than `needs` has."""
    running: Sequence[RunningRow]
    next_runs: Sequence[tuple[str, datetime]]
    """Jobs and when they run, the next one first."""
    hours: Sequence[str]
    """A status for each of the last 24 hours, the current one last; empty where nothing was queued."""
    hours_from: datetime
    workers: int
    busy: int
    threads: int
    lost_workers: int
    """Those of the last day that ended without a word."""
    waiting: int
    waiting_since: datetime | None
