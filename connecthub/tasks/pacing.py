"""Takes the turns that the runs of all workers share, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from connecthub.core.clock import SystemClock
from connecthub.core.turns import Turns
from connecthub.db.engine import Database
from connecthub.db.pacing import take_turns
from connecthub.errors import DatabaseError

logger = logging.getLogger(__name__)

SLOW_SECONDS = 2.0
PAUSE_SECONDS = 5.0
BATCH = 100


@dataclass(frozen=True)
class Ask:
    """A turn that a run asked for."""

    key: str
    interval: float
    reply: Callable[[float], None]


class PaceKeeper:
    """Gives the runs of a worker their turns.

    The database spaces them over all workers; this worker's own turns, which hold always, are all that is left while it
    is away or has not answered for `slow_seconds`; it is asked again `pause_seconds` later.
    """

    def __init__(
        self, database: Database, *, slow_seconds: float = SLOW_SECONDS, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._database = database
        self._slow = slow_seconds
        self._pause = pause_seconds
        self._turns = Turns(SystemClock())
        self._asks: SimpleQueue[Ask | None] = SimpleQueue()
        self._batches: SimpleQueue[tuple[list[Ask], Future[list[float]]] | None] = SimpleQueue()
        self._asked: Future[list[float]] | None = None
        self._not_before = 0.0
        self._away = False
        self._thread = threading.Thread(target=self._run, name="turns", daemon=True)

    def __enter__(self) -> PaceKeeper:
        threading.Thread(target=self._ask, name="asks for turns", daemon=True).start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Answer what was asked; a database that hangs is not waited for."""
        self._asks.put(None)
        self._thread.join()
        self._batches.put(None)

    def take(self, key: str, interval: float, reply: Callable[[float], None]) -> None:
        """Take the next turn of `key`; `reply` is told soon when it comes, on `time.monotonic()`."""
        self._asks.put(Ask(key, interval, reply))

    def _run(self) -> None:
        while ask := self._asks.get():
            asks = [ask]
            try:
                while len(asks) < BATCH and (ask := self._asks.get_nowait()):
                    asks.append(ask)
            except Empty:
                pass
            else:
                if ask is None:
                    self._asks.put(None)
            try:
                self._answer(asks)
            except Exception:
                logger.exception("turns could not be given")

    def _answer(self, asks: list[Ask]) -> None:
        given = self._of_database(asks) or [None] * len(asks)
        for ask, at in zip(asks, given, strict=True):
            ask.reply(self._turns.reserve(ask.key, ask.interval, at))

    def _of_database(self, asks: list[Ask]) -> list[float] | None:
        """When the turns come by the database; None where it is away or slow."""
        if time.monotonic() < self._not_before or (self._asked and not self._asked.done()):
            return None
        self._asked = Future()
        self._batches.put((asks, self._asked))
        try:
            given = self._asked.result(self._slow)
        except TimeoutError:
            return self._without(f"no answer for {self._slow:g} s")
        except DatabaseError as error:
            return self._without(str(error))
        except Exception as error:
            logger.exception("the turns of a batch could not be taken")
            return self._without(type(error).__name__)
        if self._away:
            logger.info("turns are spaced over all workers again")
        self._away = False
        return given

    def _without(self, cause: str) -> None:
        if not self._away:
            logger.warning("turns are spaced within this worker only, for the database gives none: %s", cause)
        self._away = True
        self._not_before = time.monotonic() + self._pause

    def _ask(self) -> None:
        """What a thread does that may hang as long as the database does."""
        while batch := self._batches.get():
            asks, asked = batch
            try:
                asked.set_result(self._take_all(asks))
            except Exception as error:
                asked.set_exception(error)

    def _take_all(self, asks: list[Ask]) -> list[float]:
        """Take them in one transaction, key after key in order, so that no two workers wait for each other."""
        by_key: defaultdict[str, list[int]] = defaultdict(list)
        for number, ask in enumerate(asks):
            by_key[ask.key].append(number)
        given = [0.0] * len(asks)
        with self._database.write() as connection:
            for key, numbers in sorted(by_key.items()):
                waits = take_turns(connection, key, [asks[number].interval for number in numbers])
                now = time.monotonic()
                for number, wait in zip(numbers, waits, strict=True):
                    given[number] = now + wait
        return given
