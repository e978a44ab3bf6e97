"""The scheduler process: Huey's consumer over a queue in memory, its Scheduler and a thread for each step."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from huey.consumer import Consumer, Scheduler, Worker

from connecthub.alerts.notify import SEND_SECONDS, Notifier
from connecthub.core.clock import Clock, SystemClock
from connecthub.core.config import Settings
from connecthub.db.engine import Database
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.alert_sending import Sender
from connecthub.tasks.alerting import Alerts
from connecthub.tasks.consumer import stop_on_signals
from connecthub.tasks.dispatcher import tick
from connecthub.tasks.huey_app import Ringer, signers, step_huey
from connecthub.tasks.maintenance import Prune, Ring, Sweep, ring_due
from connecthub.tasks.sign_of_life import SignOfLife

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
RING_SECONDS = 1.0
PRUNE_EVERY = 3600.0
ALERTS_SECONDS = 10.0
SEND_EVERY = 5.0


class Step:
    """Work that is due once in every so many `seconds`, at the start, and again a second after it left something to do.

    It is not due while its last run goes on. `work` returns whether something is left; an error counts as that.
    """

    def __init__(self, name: str, work: Callable[[], bool], clock: Clock, seconds: float) -> None:
        self.name = name
        self._work = work
        self._clock = clock
        self._seconds = seconds
        self._busy = threading.Event()
        self._period: int | None = None
        self._again_at: float | None = None
        self._failure: str | None = None

    def _time(self) -> float:
        """Seconds of the clock that the periods are cut from."""
        return self._clock.monotonic()

    def take_if_due(self) -> bool:
        """Whether to start the step now; true only once until it has run."""
        if self._busy.is_set():
            return False
        period = int(self._time() // self._seconds)
        again = self._again_at is not None and self._clock.monotonic() >= self._again_at
        if period == self._period and not again:
            return False
        self._period, self._again_at = period, None
        self._busy.set()
        return True

    def run(self) -> None:
        """Do the work; no error ends the scheduler, and one that stays is logged once."""
        left = True
        try:
            left = self._work()
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            if failure != self._failure:
                logger.error("%s failed and is tried again: %s", self.name, failure)
            self._failure = failure
        else:
            if self._failure is not None:
                logger.info("%s works again", self.name)
            self._failure = None
        finally:
            self._again_at = self._clock.monotonic() + AGAIN_SECONDS if left else None
            self._busy.clear()

    def seconds_to_next(self) -> float:
        """Seconds to the next period, at most one, for the wall clock may be stepped."""
        return max(0.001, min(AGAIN_SECONDS, self._seconds - self._time() % self._seconds))


class MinuteStep(Step):
    """A step on each minute of the wall clock."""

    def __init__(self, name: str, work: Callable[[], bool], clock: Clock) -> None:
        super().__init__(name, work, clock, 60.0)

    def _time(self) -> float:
        return self._clock.now().timestamp()


class AlignedScheduler(Scheduler):
    """Only decides when a step runs; a worker thread runs it."""

    def __init__(self, *args: Any, steps: Sequence[Step], called: threading.Semaphore, **options: Any) -> None:
        super().__init__(*args, **options)
        self._steps = steps
        self._called = called

    def loop(self, now: Any = None) -> None:
        """Start what is due, then wait for the next moment at which something may be."""
        for step in self._steps:
            if step.take_if_due():
                self.huey.enqueue(self.huey.step_task(step.name))
                self._called.release()
        self.stop_flag.wait(min(step.seconds_to_next() for step in self._steps))


class StepWorker(Worker):
    """Runs a step when it is called; Huey's own would look into the queue in memory a hundred times a second."""

    def __init__(self, *args: Any, called: threading.Semaphore, **options: Any) -> None:
        super().__init__(*args, **options)
        self._called = called

    def loop(self, now: Any = None) -> None:
        """Wait for one call and run its step."""
        self._called.acquire()
        if not self.stop_flag.is_set():
            super().loop(now)


class SchedulerConsumer(Consumer):
    """One thread per step, so that none can hold up the tick. `stopping` is set when a stop begins."""

    def __init__(self, steps: Sequence[Step], stopping: threading.Event) -> None:
        self._steps = steps
        self._stopping = stopping
        self._called = threading.Semaphore(0)
        super().__init__(step_huey({step.name: step.run for step in steps}), workers=len(steps), periodic=False)

    def _create_scheduler(self) -> AlignedScheduler:
        return AlignedScheduler(
            self.huey, self.stop_flag, interval=1, periodic=False, steps=self._steps, called=self._called
        )

    def _create_worker(self) -> StepWorker:
        return StepWorker(
            self.huey, self.stop_flag, self.default_delay, self.max_delay, self.backoff, called=self._called
        )

    def _set_signal_handlers(self) -> None:
        stop_on_signals(self)

    def stop(self, graceful: bool = False) -> None:
        """Stop after the steps that go on."""
        self._stopping.set()
        self.stop_flag.set()
        self._called.release(len(self._steps))
        super().stop(graceful=True)


def scheduler_steps(
    settings: Settings,
    database: Database,
    ring: Ring,
    sender: Sender,
    clock: Clock,
    stopping: threading.Event,
    on_tick: Callable[[], None],
) -> list[Step]:
    """All that a scheduler does, each with its own time; `on_tick` is called after each tick that failed not."""

    def dispatch() -> bool:
        more = tick(database, ring, clock.now()).more
        on_tick()
        return more

    sweep = Sweep(settings, clock.monotonic)
    prune = Prune(database, settings, clock, stopping)
    alerts = Alerts(settings, clock.monotonic)
    return [
        MinuteStep("tick", dispatch, clock),
        Step("ring", lambda: ring_due(database, ring), clock, RING_SECONDS),
        Step("sweep", lambda: sweep.look(database, ring), clock, settings.sweep_seconds),
        Step("prune", prune.step, clock, PRUNE_EVERY),
        Step("alerts", lambda: alerts.look(database), clock, ALERTS_SECONDS),
        Step("sending of alerts", sender.step, clock, SEND_EVERY),
    ]


def run_scheduler(settings: Settings, database: Database, keys: KeyRing, clock: Clock | None = None) -> None:
    """Run the scheduler in the main thread until SIGTERM or SIGINT."""
    ringer = Ringer(settings, signers(settings, keys))
    stopping = threading.Event()
    sender = Sender(settings, database, keys, Notifier(), stopping)
    sign = SignOfLife(settings)
    steps = scheduler_steps(settings, database, ringer.ring, sender, clock or SystemClock(), stopping, sign.give)
    logger.info("scheduler started")
    try:
        with sign:
            SchedulerConsumer(steps, stopping).run()
        sender.wait(SEND_SECONDS)
    finally:
        ringer.close()
    logger.info("scheduler stopped")
