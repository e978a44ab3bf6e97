"""What is known of a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connecthub.core.redact import Redactor
from connecthub.runner.outcome import Stop
from connecthub.runner.protocol import Frame
from connecthub.runner.reports import Calls, progress_of, said_of, version_of
from connecthub.runner.run_log import RunLog
from connecthub.runner.turns import TakeTurn, turns_of_this_process


@dataclass
class Watch:
    """What a run has said so far, and what its owner wants to know of it and does for it."""

    log: RunLog
    redactor: Redactor
    on_tick: Callable[[Watch], Stop | None] = lambda watch: None
    """Called before the run is ordered and then between reads, at least each `TICK_SECONDS`, so it must not block; a
    Stop ends the run."""
    turns: TakeTurn = field(default_factory=turns_of_this_process)
    """Where the run's turns are taken: of all runs that share them."""
    calls: Calls = field(default_factory=Calls)
    progress: dict[str, Any] | None = None
    plugin_version: str | None = None
    pid: int | None = None
    began: bool = False
    """Whether the plugin's code may have been run."""
    until: float | None = None
    """How long its owner vouches for the run (monotonic seconds), set anew by `on_tick`; the launcher kills it then."""

    def take(self, kind: Frame, payload: dict[str, Any]) -> None:
        """Take in what the child reports; its answer and its questions are the supervisor's."""
        if kind is Frame.LOG and payload.get("raw") is True:
            said = said_of(payload)
            self.log.raw(said.source, said.level, said.text.encode("latin-1", "replace"))
        elif kind is Frame.LOG:
            self.log.say(said_of(payload))
        elif kind is Frame.SECRET:
            self.redactor.add(str(payload.get("value", "")))
        elif kind is Frame.CALL:
            self.calls.add(payload, self.redactor)
        elif kind is Frame.PROGRESS:
            self.progress = progress_of(payload, self.redactor)
        elif kind is Frame.VERSION:
            self.plugin_version = version_of(payload)
        elif kind is Frame.BEGIN:
            self.began = True
