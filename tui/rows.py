"""What screens are given to show: plain values, whose texts have passed `safe_text` already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list, by name."""

    text: str = ""
    """Words: each stands in the name, the handler or a tag; `status:failed` or `status:bad` (of the newest run that has
    ended), `status:running`, `status:queued`, `status:enabled`, `status:disabled`, `status:error` (of the schedule) or
    `tag:night` may stand among them. Double quotes hold words together: `tag:"month end"`."""
    sort: str = "name"
    """`name`, whose key is `sort_name`, or `next`, whose key is (next_run_at, id)."""


@dataclass(frozen=True)
class JobRow:
    """A job in the list."""

    id: int
    name: str
    handler: str
    tags: tuple[str, ...]
    enabled: bool
    timezone: str
    next_run_at: datetime | None
    schedule_error: str | None
    runs: tuple[str, ...]
    """The statuses of its last ten JobLogs, the newest last."""
    sort_name: str = ""
    """The name as it is stored, which a list by name goes on from; it is not for the screen."""


@dataclass(frozen=True)
class LogFilter:
    """Which JobLogs to list, the newest first."""

    text: str = ""
    """Words: `job:nightly` (or its number), `status:failed`, `trigger:manual`, `since:12h`, `until:18:00`, and a text
    that stands, spaces and all, in the job's name, the cause, the traceback or the log of one of the newest 100,000.
    `status:bad` is all that did not succeed, `dry:yes` dry runs alone. Double quotes hold words together:
    `job:"month end"`."""


@dataclass(frozen=True)
class LogRow:
    """A JobLog in the list."""

    id: int
    job_id: int | None
    job_name: str
    status: str
    trigger: str
    attempt: int
    scheduled_for: datetime | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cause: str
    """The first line of its error or reason."""
    dry_run: bool = False


@dataclass(frozen=True)
class CallRow:
    """A call of a run to an outside system."""

    id: int
    at: datetime
    system: str
    method: str
    path: str
    status: int | None
    """None where no answer came, or where it was not sent."""
    milliseconds: float
    attempt: int
    bytes: int | None
    sent: bool
    """False for a write that a dry run held back."""
    note: str
    error: str


@dataclass(frozen=True)
class Plan:
    """What a run did, or a dry run would do, as a table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left_out: int
    """So many steps more there are."""
    cut: bool
    """Whether it was too long to be kept."""


@dataclass(frozen=True)
class FailureGroup:
    """Runs that failed in the same way."""

    fingerprint: str
    count: int
    jobs: int
    newest: int
    """The number of the newest JobLog."""
    newest_at: datetime
    cause: str


@dataclass(frozen=True)
class JobView:
    """A job whole."""

    id: int
    name: str
    settings: Sequence[tuple[str, str]]
    """Name and value of each setting and policy, for people."""
    secrets: Sequence[str] | None
    """The names of its secret fields; None where they cannot be read."""
    verdicts: Sequence[tuple[datetime | None, int | None, str]]
    """Slot, JobLog and what became of it, the newest first; the first is the next slot."""
    zone: str
    changed: Sequence[tuple[str, str, str]]
    """What changed since its last success: what, then, now."""


@dataclass(frozen=True)
class LogView:
    """A JobLog whole, but for its log."""

    row: LogRow
    facts: Sequence[tuple[str, str]]
    traceback: str
    """With line feeds; the plugin's own frame first."""
    chain: Sequence[LogRow]
    """The run and its retries, oldest first."""
    calls: int
    """How many are kept."""
    result: str
    """JSON without the plan, or empty."""
    plan: Plan | None = None


@dataclass(frozen=True)
class LogText:
    """A log, or what is new of it. The text is as it was written: whoever shows it makes it safe, line by line."""

    text: str
    last_chunk: int
    """To go on after."""
    status: str
    progress: str
    """`12 of 40: note`, or empty."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status not in ("queued", "running")


@dataclass(frozen=True)
class Done:
    """What an act did."""

    lines: Sequence[str] = ()
    """One for each thing that was done."""
    refused: Sequence[str] = ()
    """One for each that was not, with the reason."""
    opened: int | None = None
    """A JobLog to look at."""
    undo: str = ""
    """How to undo it, where it can be undone."""
