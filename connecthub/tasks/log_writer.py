"""Writes a run's log into the database while the run goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from connecthub.db import job_logs
from connecthub.db.engine import Database
from connecthub.errors import DatabaseError
from connecthub.runner.run_log import RunLog

logger = logging.getLogger(__name__)

FIRST_AFTER = 1.0
"""Seconds before the first chunk: a short run writes none, its log goes with its end."""
EVERY = 1.0
"""Seconds between chunks, unless `CHUNK_BYTES` have come together."""
CHUNK_BYTES = 64 * 1024
PAUSE_AFTER_FAILURE = 5.0


class LogWriter:
    """Takes text from a RunLog and appends it in chunks; what cannot be written stays for the next time.

    A database that is away never holds up the run: the log waits in memory and goes with the end.
    """

    def __init__(
        self, database: Database, log_id: int, token: str, log: RunLog, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._log_id = log_id
        self._token = token
        self._log = log
        self._monotonic = monotonic
        self._next_at = monotonic() + FIRST_AFTER
        self._next_by_size_at = self._next_at
        self._seq = 0
        self._unwritten = ""
        self._written_progress: dict[str, Any] | None = None

    def write_when_due(self, progress: dict[str, Any] | None) -> None:
        """Write a chunk if it is time for one and there is something to say."""
        now = self._monotonic()
        by_time = now >= self._next_at
        by_size = now >= self._next_by_size_at and self._log.pending_bytes >= CHUNK_BYTES
        if not (by_time or by_size):
            return
        self._unwritten += self._log.take()
        if not self._unwritten and progress == self._written_progress:
            return
        self._next_at = now + EVERY
        try:
            with self._database.write() as connection:
                owned = job_logs.append_chunk(
                    connection, self._log_id, self._token, self._seq, self._unwritten, progress
                )
        except DatabaseError as error:
            logger.warning("the log waits in memory: %s", error)
            self._next_at = self._next_by_size_at = now + PAUSE_AFTER_FAILURE
            return
        if owned:
            self._seq += 1
            self._unwritten = ""
            self._written_progress = progress

    def rest(self) -> str:
        """All that is not written yet."""
        return self._unwritten + self._log.finish()
