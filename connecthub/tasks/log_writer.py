"""Writes the logs of a worker's runs into the database while the runs go on, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from connecthub.db import log_chunks
from connecthub.db.engine import Database
from connecthub.errors import DatabaseError
from connecthub.runner.run_log import RunLog

logger = logging.getLogger(__name__)

FIRST_AFTER = 1.0
"""Seconds before the first chunk: a short run writes none, its log goes with its end."""
EVERY = 1.0
"""Seconds between chunks, unless `CHUNK_BYTES` have come together."""
CHUNK_BYTES = 64 * 1024
LOOK_SECONDS = 0.1
PAUSE_AFTER_FAILURE = 5.0


class LogWriter:
    """Takes text from one run's RunLog and appends it in chunks.

    A chunk that could not be written, or whose reply was lost, is written again under its number, unchanged.
    """

    def __init__(
        self, database: Database, log_id: int, token: str, log: RunLog, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.progress: dict[str, Any] | None = None
        """Set by the run's thread; written with the next chunk."""
        self._database = database
        self._log_id = log_id
        self._token = token
        self._log = log
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._not_before = self._next_at = monotonic() + FIRST_AFTER
        self._seq = 0
        self._chunk = ""
        self._written_progress: dict[str, Any] | None = None

    def write_when_due(self) -> None:
        """Write a chunk if it is time for one and there is something to say."""
        now = self._monotonic()
        by_size = self._log.pending_bytes >= CHUNK_BYTES
        if now < self._not_before or not (by_size or now >= self._next_at):
            return
        with self._lock:
            self._chunk = self._chunk or self._log.take()
            progress = self.progress
            if self._chunk or progress != self._written_progress:
                self._write(progress, now)

    def _write(self, progress: dict[str, Any] | None, now: float) -> None:
        self._next_at = now + EVERY
        try:
            with self._database.write() as connection:
                owned = log_chunks.append_chunk(connection, self._log_id, self._token, self._seq, self._chunk, progress)
        except DatabaseError as error:
            logger.warning("the log of run %d waits in memory: %s", self._log_id, error)
            self._not_before = now + PAUSE_AFTER_FAILURE
            return
        if owned:
            self._seq += bool(self._chunk)
            self._chunk = ""
            self._written_progress = progress

    def rest(self) -> str:
        """All that is not written yet; nothing is written after it."""
        with self._lock:
            self._not_before = float("inf")
            return self._chunk + self._log.finish()


class LogShipper:
    """The thread that writes for all runs of a worker, so that a slow database holds up no run."""

    def __init__(self) -> None:
        self._writers: set[LogWriter] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)

    def __enter__(self) -> LogShipper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def add(self, writer: LogWriter) -> None:
        """Write for a run from now on."""
        with self._lock:
            self._writers.add(writer)

    def remove(self, writer: LogWriter) -> None:
        """Write for it no more."""
        with self._lock:
            self._writers.discard(writer)

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            with self._lock:
                writers = list(self._writers)
            for writer in writers:
                try:
                    writer.write_when_due()
                except Exception:
                    logger.exception("the log of a run could not be written")
