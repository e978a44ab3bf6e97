"""The scheduler process: Huey's consumer over a queue in memory, its Scheduler on the wall-clock minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from huey.consumer import Consumer, Scheduler

from connecthub.core.clock import Clock, SystemClock
from connecthub.core.config import Settings
from connecthub.db.engine import Database
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.consumer import stop_on_signals
from connecthub.tasks.dispatcher import tick
from connecthub.tasks.huey_app import Ringer, signers, step_huey

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
POLL_SECONDS = 0.01
"""How late a step may start: the queue in memory is polled."""


class MinuteStep:
    """A step on each wall-clock minute, once at the start, and again after a second while it left something to do.

    It is not due while its last run goes on. `work` returns whether something is left; an error counts as that.
    """

    def __init__(self, name: str, work: Callable[[], bool], clock: Clock) -> None:
        self.name = name
        self._work = work
        self._clock = clock
        self._busy = threading.Event()
        self._minute: int | None = None
        self._again_at: float | None = None

    def take_if_due(self) -> bool:
        """Whether to start the step now; true only once until it has run."""
        if self._busy.is_set():
            return False
        minute = int(self._clock.now().timestamp() // 60)
        again = self._again_at is not None and self._clock.monotonic() >= self._again_at
        if minute == self._minute and not again:
            return False
        self._minute, self._again_at = minute, None
        self._busy.set()
        return True

    def run(self) -> None:
        """Do the work; no error ends the scheduler."""
        left = True
        try:
            left = self._work()
        except Exception as error:
            logger.error("%s failed and is tried again: %s: %s", self.name, type(error).__name__, error)
        finally:
            self._again_at = self._clock.monotonic() + AGAIN_SECONDS if left else None
            self._busy.clear()

    def seconds_to_next(self) -> float:
        """Seconds to the next minute, at most one, for the wall clock may be stepped."""
        return max(0.001, min(AGAIN_SECONDS, 60 - self._clock.now().timestamp() % 60))


class AlignedScheduler(Scheduler):
    """Only decides when a step runs; a worker thread runs it."""

    def __init__(self, *args: Any, steps: list[MinuteStep], **options: Any) -> None:
        super().__init__(*args, **options)
        self._steps = steps

    def loop(self, now: Any = None) -> None:
        """Start what is due, then wait for the next moment at which something may be."""
        for step in self._steps:
            if step.take_if_due():
                self.huey.enqueue(self.huey.step_task(step.name))
        self.stop_flag.wait(min(step.seconds_to_next() for step in self._steps))


class SchedulerConsumer(Consumer):
    """One thread per step, so that none can hold up the tick."""

    def __init__(self, steps: list[MinuteStep]) -> None:
        self._steps = steps
        huey = step_huey({step.name: step.run for step in steps})
        super().__init__(
            huey, workers=len(steps), periodic=False, initial_delay=POLL_SECONDS, max_delay=POLL_SECONDS, backoff=1.0
        )

    def _create_scheduler(self) -> AlignedScheduler:
        return AlignedScheduler(huey=self.huey, stop_flag=self.stop_flag, interval=1, periodic=False, steps=self._steps)

    def _set_signal_handlers(self) -> None:
        stop_on_signals(self)

    def stop(self, graceful: bool = False) -> None:
        """Stop after the steps that go on."""
        super().stop(graceful=True)


def run_scheduler(settings: Settings, database: Database, keys: KeyRing, clock: Clock | None = None) -> None:
    """Run the scheduler in the main thread until SIGTERM or SIGINT."""
    clock = clock or SystemClock()
    ringer = Ringer(settings, signers(settings, keys))
    step = MinuteStep("tick", lambda: tick(database, ringer.ring, clock.now()).more, clock)
    logger.info("scheduler started")
    try:
        SchedulerConsumer([step]).run()
    finally:
        ringer.close()
    logger.info("scheduler stopped")
