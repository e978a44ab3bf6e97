"""A plugin in this very process, for a debugger: no child, no time-out, no capture of raw output."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

from connecthub.core.clock import SystemClock
from connecthub.core.log_capture import CaptureHandler
from connecthub.core.redact import Redactor
from connecthub.core.turns import Turns
from connecthub.runner.child import answer_request
from connecthub.runner.outcome import Outcome, classify
from connecthub.runner.protocol import Frame, Request
from connecthub.runner.reports import Calls
from connecthub.runner.run_log import RunLog


class _Here:
    """Stands for the way to a supervisor."""

    def __init__(self, redactor: Redactor, calls: Calls) -> None:
        self._redactor = redactor
        self._calls = calls
        self._turns = Turns(SystemClock())

    def send(self, kind: Frame, payload: dict[str, Any]) -> None:
        """Nobody is there to be told."""

    def progress(self, done: float, total: float | None, note: str) -> None:
        """Log how far the run is."""
        logging.getLogger("progress").info("%s of %s %s", done, total, note)

    def call(self, record: dict[str, Any]) -> None:
        """Keep one call to an outside system."""
        self._calls.add({**record, "at": time.time()}, self._redactor)

    def turn(self, key: str, interval: float) -> float:
        """Take the next turn of `key`, in this process only."""
        return self._turns.take(key, interval)

    def secret(self, value: str) -> None:
        """Mask `value` from here on."""
        self._redactor.add(value)


def run_here(request: Request, log: RunLog, redactor: Redactor, calls: Calls | None = None) -> Outcome:
    """Run the plugin in the caller's thread; what it logs goes to `log`, its calls to outside systems to `calls`, what
    it prints to the terminal."""
    root = logging.getLogger()
    handler = CaptureHandler(log.say)
    root.addHandler(handler)
    root.setLevel(request.log_level)
    here = _Here(redactor, Calls() if calls is None else calls)
    try:
        started = replace(request, deadline=time.monotonic() + request.timeout)
        outcome, warning = classify(answer_request(started, here), None, None, redactor)
    finally:
        root.removeHandler(handler)
    if warning:
        log.note(warning)
    return outcome
