"""Huey's consumer, bent to this design: thread workers that hear bells and look into the database."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from huey.consumer import Consumer, Scheduler, Worker

logger = logging.getLogger(__name__)

SILENT_SECONDS = 2.0
"""A queue that took longer to give nothing than its blocking read of a second is frozen."""
LOOK_SECONDS = 2.0
"""How often a worker process looks into the database for rows whose bell it did not hear."""


class DatabaseLook:
    """The worker's second way to its work, shared by its threads: a look each `LOOK_SECONDS`, or as soon as all that a
    full look found is taken."""

    def __init__(
        self, find: Callable[[int], list[int]], limit: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._find = find
        self._limit = limit
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._found: list[int] = []
        self._full = False
        self._away = False

    @property
    def knows_more(self) -> bool:
        """Whether more rows wait, by the last look."""
        return bool(self._found) or self._full

    def next_row(self) -> int | None:
        """The next row that waits, if one is known or it is time to look and the database is there."""
        with self._lock:
            if not self._found and self._monotonic() >= self._next_at:
                self._next_at = self._monotonic() + LOOK_SECONDS
                self._found = self._look()
                self._full = len(self._found) == self._limit
                if self._full:
                    self._next_at = self._monotonic()
            return self._found.pop(0) if self._found else None

    def _look(self) -> list[int]:
        """The rows that wait; no error ends the thread that looks, and one that stays is logged once."""
        try:
            found = self._find(self._limit)
        except Exception as error:
            if not self._away:
                logger.error("no look into the database: %s", error)
            self._away = True
            return []
        self._away = False
        return found


class BellWorker(Worker):
    """Runs a row for each bell; without one, a row that the database says is waiting."""

    def __init__(self, *args: Any, execute: Callable[[int], None], look: DatabaseLook, **options: Any) -> None:
        super().__init__(*args, **options)
        self._execute = execute
        self._look = look
        self._queue_away = False
        self._silent = False
        """Whether the last wait for a bell was in vain."""

    def loop(self, now: Any = None) -> None:
        """One bell or one look; no error ends the thread. A worker that stops leaves both to others."""
        # To wait for a bell takes a second, of a frozen queue three: too long for each row of a backlog without bells.
        row = self._waiting() if self._silent and (self._queue_away or self._look.knows_more) else None
        if row is None:
            row = self._bell()
            self._silent = row is None
        if row is None:
            row = self._waiting()
        if row is not None and not self.stop_flag.is_set():
            try:
                self._execute(row)
            except Exception:
                logger.exception("run %s broke off in the worker itself", row)
        elif self._queue_away or not self.huey.storage.blocking:
            self.sleep()

    def _bell(self) -> int | None:
        """The row of the next bell; what no key of ours has signed is dropped."""
        asked_at = time.monotonic()
        try:
            task = self.huey.dequeue()
        except ValueError as error:
            logger.warning("a message was dropped: %s", error)
            return None
        except Exception as error:
            self._is_away(type(error).__name__)
            return None
        if task is None and time.monotonic() - asked_at > SILENT_SECONDS:
            self._is_away("it does not answer")
            return None
        if self._queue_away:
            logger.info("the queue is back")
            self._queue_away = False
        return None if task is None else task.args[0]

    def _is_away(self, cause: str) -> None:
        if not self._queue_away:
            logger.error("the queue is away (%s): runs are taken from the database", cause)
        self._queue_away = True

    def _waiting(self) -> int | None:
        """A row that waits, by the database."""
        return None if self.stop_flag.is_set() else self._look.next_row()


class WorkerConsumer(Consumer):
    """Thread workers for one queue's bells. SIGTERM and SIGINT call `on_stop`, then wait for the threads."""

    def __init__(
        self,
        huey: Any,
        *,
        workers: int,
        execute: Callable[[int], None],
        look: DatabaseLook,
        on_stop: Callable[[], None],
        poll_seconds: float,
    ) -> None:
        self._execute = execute
        self._look = look
        self._on_stop = on_stop
        super().__init__(
            huey, workers=workers, periodic=False, initial_delay=poll_seconds, max_delay=poll_seconds, backoff=1.0
        )

    def _create_worker(self) -> BellWorker:
        return BellWorker(
            huey=self.huey,
            stop_flag=self.stop_flag,
            default_delay=self.default_delay,
            max_delay=self.max_delay,
            backoff=self.backoff,
            execute=self._execute,
            look=self._look,
        )

    def _create_scheduler(self) -> IdleScheduler:
        return IdleScheduler(huey=self.huey, stop_flag=self.stop_flag, interval=1, periodic=False)

    def _set_signal_handlers(self) -> None:
        stop_on_signals(self)

    def stop(self, graceful: bool = False) -> None:
        """Begin to stop: no new run is taken; the running ones get their time."""
        self._on_stop()
        super().stop(graceful=True)


class IdleScheduler(Scheduler):
    """A worker's Huey has no schedule: nothing is ever put into it."""

    def loop(self, now: Any = None) -> None:
        """Wait for the stop."""
        self.stop_flag.wait(60)


def stop_on_signals(consumer: Consumer) -> None:
    """Stop on SIGTERM and SIGINT, at the first; SIGHUP, at which Huey would start itself anew, does nothing."""

    def stop(signum: int, frame: Any) -> None:
        consumer._signum = signum
        consumer._restart, consumer._graceful = False, True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
