"""BaseJob, the class that every plugin inherits, and the context of one run."""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel

from connecthub.core.clock import SystemClock, WaitingClock


class Reporter(Protocol):
    """Where a run reports to while it goes on: its supervisor, over a pipe."""

    def progress(self, done: float, total: float | None, note: str) -> None:
        """Report how far the run is."""
        ...

    def call(self, record: dict[str, Any]) -> None:
        """Report one call to an outside system."""
        ...

    def secret(self, value: str) -> None:
        """Ask that `value` be masked in everything that the run says."""
        ...

    def turn(self, key: str, interval: float) -> float:
        """Take the next turn of `key`, whose turns are `interval` seconds apart over all workers; returns the seconds
        until it comes, below zero where it has come since."""
        ...


@dataclass(frozen=True)
class JobContext:
    """What a plugin may know of its run. All instants are aware UTC."""

    job: str
    log_id: int | None
    scheduled_for: datetime | None
    """The slot that this run stands for; None where a person started it."""
    attempt: int
    dry_run: bool
    deadline: float
    """When the run is stopped, on the clock's monotonic seconds."""
    idempotency_key: str
    """The same for a run and its retries: give it to systems that can refuse a repeated write."""
    reporter: Reporter = field(repr=False)
    clock: WaitingClock = field(default_factory=SystemClock, repr=False)

    def seconds_left(self) -> float:
        """Seconds until the run is stopped, never below zero."""
        return max(0.0, self.deadline - self.clock.monotonic())


@dataclass(frozen=True)
class RunHooks:
    """What an integration client is told of the run that uses it; `connecthub.integrations` names the shape."""

    on_call: Callable[[dict[str, Any]], None]
    on_secret: Callable[[str], None]
    deadline: Callable[[], float | None]
    dry_run: bool
    clock: WaitingClock
    turn: Callable[[str, float], float]


Client = TypeVar("Client", covariant=True)


class ClientClass(Protocol[Client]):
    """A class of `connecthub.integrations`: it takes the run's hooks beside settings of its own, of whatever shape."""

    def __call__(self, *args: Any, hooks: RunHooks, **settings: Any) -> Client:
        """Make a client."""
        ...


class Retry(Exception):
    """Raised by a plugin: this attempt failed, try again `after` so many seconds.

    It takes the place of the job's own delay for this one retry. The job's `max_retries` still bounds how often that
    happens, and where no retry is left the run has failed like any other. Raises ValueError where `after` is no number
    of seconds, 0 or more.
    """

    def __init__(self, message: str, *, after: float) -> None:
        if isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after < math.inf:
            raise ValueError(f"Retry(after={after!r}): write a number of seconds, 0 or more")
        super().__init__(message)
        self.after = after


class BaseJob(ABC):
    """A plugin: inherit it, give it `Params` and `Secrets` models if you like, and write `run`.

    The class docstring is the plugin's description. `examples` maps a name to params that a new job is filled in from.
    """

    Params: ClassVar[type[BaseModel] | None] = None
    Secrets: ClassVar[type[BaseModel] | None] = None
    examples: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.log = logging.getLogger(type(self).__module__)

    @abstractmethod
    def run(self, params: Any, secrets: Any) -> dict[str, Any] | None:
        """Do the work; the returned dict is the run's summary. An exception makes the run `failed`; see `Retry`."""

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far the run is; the newest word stands in the JobLog."""
        self.context.reporter.progress(done, total, note)

    def client(self, client_class: ClientClass[Client], **settings: Any) -> Client:
        """Make a client of an outside system that obeys this run: its deadline, its records, its redaction."""
        context, reporter = self.context, self.context.reporter
        hooks = RunHooks(
            on_call=reporter.call,
            on_secret=reporter.secret,
            deadline=context.seconds_left,
            dry_run=context.dry_run,
            clock=context.clock,
            turn=reporter.turn,
        )
        return client_class(hooks=hooks, **settings)
