"""What the screens of workers, plugins and the audit trail are given: plain values, whose texts are safe already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class WorkerRow:
    """A worker process that lives, or was lost within a day."""

    id: int
    name: str
    """Host and pid."""
    queue: str
    busy: int
    threads: int
    started_at: datetime
    lost_at: datetime | None
    """Its last sign; None while it lives."""
    lacks_key: bool
    """Whether it lives and its key file does not hold the key in use."""


@dataclass(frozen=True)
class QueueRow:
    """A queue."""

    name: str
    waiting: int
    waiting_since: datetime | None
    later: int
    """How many wait for their time."""
    running: int
    workers: int
    """Those that live and serve it."""
    unserved: bool
    """Whether something waits that nobody will take."""


@dataclass(frozen=True)
class FieldRow:
    """A field of a plugin's params or secrets."""

    name: str
    kind: str
    needed: bool
    default: str
    choices: Sequence[str]
    doc: str


@dataclass(frozen=True)
class PluginRow:
    """A plugin, a module that cannot be imported, or a handler of jobs that is neither."""

    handler: str
    name: str
    """The class, or the module that cannot be imported."""
    version: str
    jobs: int
    headline: str
    """The first line of what it says of itself, or why its module cannot be imported."""
    doc: str
    """With line feeds."""
    params: Sequence[FieldRow] | None
    """None where it takes any JSON object; of secrets too."""
    secrets: Sequence[FieldRow] | None
    examples: Sequence[str]
    broken: bool
    asked: object = None
    """What to ask again about it; not for the screen."""


@dataclass(frozen=True)
class ActRow:
    """A row of the audit trail."""

    id: int
    at: datetime
    actor: str
    role: str
    via: str
    action: str
    kind: str
    """Of the target."""
    target_id: int | None
    target: str
    detail: Sequence[str]
    """A line for each thing: `timeout: 60 → 90`."""
    result: str = "done"
    """done, or refused."""
    fingerprint: str = ""
    """Of the SSH key; empty for an account of the host, of the address too."""
    address: str = ""
    reason: str = ""
    """Why, as the person gave it."""
