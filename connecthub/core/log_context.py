"""Which job and which run the current thread works for, so that each log record can say it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_job_id: ContextVar[int | None] = ContextVar("job_id", default=None)
_log_id: ContextVar[int | None] = ContextVar("log_id", default=None)


@contextmanager
def run_context(job_id: int | None, log_id: int | None) -> Iterator[None]:
    """Mark every log record of this thread (or task) inside the block with the job and the JobLog."""
    job_token, log_token = _job_id.set(job_id), _log_id.set(log_id)
    try:
        yield
    finally:
        _job_id.reset(job_token)
        _log_id.reset(log_token)


class RunContextFilter(logging.Filter):
    """Puts `job_id` and `log_id` on each record (None outside a run); what the call gave as `extra` stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, marked."""
        record.__dict__.setdefault("job_id", _job_id.get())
        record.__dict__.setdefault("log_id", _log_id.get())
        return True
