"""run_job: a plugin run once in this process, along the framework's own way."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Self, TextIO

from connecthub.core.clock import SystemClock, WaitingClock
from connecthub.core.log_capture import CaptureHandler, Said
from connecthub.core.redact import Redactor
from connecthub.core.turns import Turns
from connecthub.integrations.hooks import CallRecord
from connecthub.jobs.base import BaseJob
from connecthub.runner.child import failed_answer, run_plugin
from connecthub.runner.outcome import classify
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog

LOG_MAX_BYTES = 16 * 1024 * 1024


class Progress(NamedTuple):
    """How far a run said it was."""

    done: float
    total: float | None
    note: str


@dataclass(frozen=True)
class JobRun:
    """A run that has ended, as its JobLog would tell it: secrets are masked."""

    status: str
    """`succeeded` or `failed`."""
    result: Any
    """What the plugin returned, after its way through JSON."""
    error: str | None
    """`ValueError: no such unit`, None where it succeeded."""
    exception: BaseException | None = field(repr=False)
    """What the plugin raised; InvalidSettings where params or secrets break its models and it never began."""
    traceback: str | None = field(repr=False)
    log: str = field(repr=False)
    """What it logged and printed, a record a line."""
    calls: list[CallRecord] = field(repr=False)
    """Each attempt at a call to an outside system, in order; in a dry run with the writes that were not sent."""
    progress: list[Progress] = field(repr=False)
    retry_after: float | None = None
    """Seconds, where the plugin raised `Retry`."""

    @property
    def held_back(self) -> list[CallRecord]:
        """The writes that a dry run recorded and did not send."""
        return [call for call in self.calls if not call.sent]

    def check(self) -> Self:
        """Return this run, or raise what its plugin raised."""
        if self.exception is not None:
            raise self.exception
        return self


def run_job(
    job: type[BaseJob],
    params: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
    *,
    dry_run: bool = False,
    clock: WaitingClock | None = None,
    timeout: float = 3600,
    scheduled_for: datetime | None = None,
    attempt: int = 1,
) -> JobRun:
    """Run a plugin once in this process and return how it went; what the plugin raises is in `.exception`.

    As in a real run, `params` and `secrets` are JSON and pass the plugin's models, secrets are masked in all that the
    run says, and clients obey `dry_run` and the deadline. `clock`: a FixedClock lets the waits of clients pass at once.
    `timeout` (seconds) only sets the deadline: nobody stops a plugin that does not look at it. Raises TypeError for
    params that are no JSON, ValueError for a `scheduled_for` without a zone.

        run = run_job(Hello, {"name": "you"}).check()
        assert run.result == {"greeted": "you"}
    """
    if scheduled_for is not None and scheduled_for.tzinfo is None:
        raise ValueError(f"scheduled_for {scheduled_for!r} has no zone; give an aware datetime")
    clock = clock or SystemClock()
    request = Request(
        ask="run",
        handler=f"{job.__module__}:{job.__name__}",
        packages=(),
        extensions_dir="",
        params=json.loads(json.dumps(params or {})),
        secrets=json.loads(json.dumps(secrets or {})),
        timeout=timeout,
        deadline=clock.monotonic() + timeout,
        job=job.__name__,
        log_id=1,
        scheduled_for=scheduled_for.isoformat() if scheduled_for else None,
        attempt=attempt,
        dry_run=dry_run,
        idempotency_key="connecthub-run-job",
    )
    return _run(job, request, clock)


def _run(job: type[BaseJob], request: Request, clock: WaitingClock) -> JobRun:
    redactor = Redactor.from_secrets(request.secrets)
    log = RunLog(redactor, LOG_MAX_BYTES)
    reporter = _Reporter(redactor, clock)
    exception: BaseException | None = None
    with _captured(log, request.log_level):
        try:
            answer = run_plugin(job, request, reporter, clock)
        except (Exception, SystemExit) as error:  # Ctrl-C and pytest's own ways out are the test's
            traceback = error.__traceback__
            exception = error.with_traceback(traceback.tb_next if traceback else None)
            answer = failed_answer(exception, job)
    outcome, warning = classify(answer, None, None, redactor)
    if warning:
        log.note(warning)
    return JobRun(
        status=outcome.status,
        result=json.loads(outcome.result) if outcome.result else None,
        error=outcome.error,
        exception=exception,
        traceback=outcome.traceback,
        log=log.finish(),
        calls=reporter.calls,
        progress=reporter.steps,
        retry_after=outcome.retry_after,
    )


class _Reporter:
    """Keeps what a run reports, masked."""

    def __init__(self, redactor: Redactor, clock: WaitingClock) -> None:
        self._redactor = redactor
        self._turns = Turns(clock)
        self.calls: list[CallRecord] = []
        self.steps: list[Progress] = []

    def progress(self, done: float, total: float | None, note: str) -> None:
        """Keep how far the run is."""
        self.steps.append(Progress(done, total, self._redactor.redact(note)))

    def call(self, record: dict[str, Any]) -> None:
        """Keep one call to an outside system."""
        call, mask = CallRecord(**record), self._redactor.redact
        error = None if call.error is None else mask(call.error)
        self.calls.append(replace(call, path=mask(call.path), error=error, note=mask(call.note)))

    def secret(self, value: str) -> None:
        """Mask `value` from here on."""
        self._redactor.add(value)

    def turn(self, key: str, interval: float) -> float:
        """Take the next turn of `key` among the calls of this run."""
        return self._turns.take(key, interval)


@contextmanager
def _captured(log: RunLog, level: str) -> Iterator[None]:
    """Let `log` have what is logged and printed meanwhile; both go on to where they went before."""
    root, handler = logging.getLogger(), CaptureHandler(log.say)
    handler.setLevel(level)
    level_before = root.level
    root.addHandler(handler)
    root.setLevel(min(level_before, handler.level))
    with redirect_stdout(_Twofold("stdout", "INFO", log)), redirect_stderr(_Twofold("stderr", "WARNING", log)):
        try:
            yield
        finally:
            root.setLevel(level_before)
            root.removeHandler(handler)


class _Twofold(io.TextIOBase):
    """A stream that writes where `sys.stdout` or `sys.stderr` wrote, and to the run's log."""

    def __init__(self, name: str, level: str, log: RunLog) -> None:
        self._before: TextIO = getattr(sys, name)
        self._name = name
        self._level = level
        self._log = log

    def write(self, text: str, /) -> int:
        """Write `text`; returns its length."""
        self._log.say(Said(time.time(), self._level, self._name, text, stream=True))
        return self._before.write(text)

    def flush(self) -> None:
        """Flush the stream beneath."""
        self._before.flush()

    def writable(self) -> bool:
        """Always true."""
        return True

    def fileno(self) -> int:
        """That of the stream beneath."""
        return self._before.fileno()
