"""What becomes of the slots that are due, and of those that were missed: pure decisions, no clock and no database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MISSED_AFTER = timedelta(seconds=60)
"""A slot dispatched later than this is missed; up to it, it is late and runs."""
CATCH_UP_WITHIN = timedelta(hours=24)
"""How old a missed slot may be to run all the same."""
COUNT_MAX = 10_000
"""Missed slots are counted up to here, then "more"."""

CATCH_UP_MAX = 100
"""So many missed slots run under catch-up `all`."""
KEPT = {"latest": 1, "skip": 0, "all": CATCH_UP_MAX}
"""The catch-up policies, and how many missed slots run under each."""

NextFire = Callable[[datetime], datetime]


@dataclass(frozen=True)
class Misfire:
    """Missed slots that do not run: one row stands for all of them."""

    first: datetime
    last: datetime
    count: int
    """`COUNT_MAX` + 1 means more than `COUNT_MAX`."""

    @property
    def reason(self) -> str:
        """In words, as the row carries it; both instants in UTC."""
        many = f"more than {COUNT_MAX}" if self.count > COUNT_MAX else str(self.count)
        first, last = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (self.first, self.last))
        return f"misfire: {many} missed, {first} to {last}" if self.count > 1 else f"misfire: 1 missed, {last}"


@dataclass(frozen=True)
class Plan:
    """What one dispatch of a job does."""

    slots: list[datetime]
    """Due and at most late: they run under trigger schedule."""
    catch_up: list[datetime]
    """The missed slots that still run, in order."""
    misfire: Misfire | None
    next_run_at: datetime


@dataclass
class _Walk:
    """Slots up to now: the newest of the missed, and those that are at most late."""

    at: datetime
    missed: deque[datetime]
    count: int = 0
    slots: list[datetime] = field(default_factory=list)

    def go(self, now: datetime, next_fire: NextFire, most: int | None) -> None:
        """Walk from `at`; stops early after `most` missed slots."""
        while self.at <= now and (most is None or self.count <= most):
            if self.at < now - MISSED_AFTER:
                self.count += 1
                self.missed.append(self.at)
            else:
                self.slots.append(self.at)
            self.at = next_fire(self.at)


def plan_slots(first_due: datetime, now: datetime, next_fire: NextFire, catch_up: str = "latest") -> Plan:
    """Decide for every slot from `first_due` up to `now`, both aware; `next_fire` gives the slot after an instant."""
    keep = KEPT[catch_up]
    walk = _Walk(first_due, deque(maxlen=keep + 1))
    walk.go(now, next_fire, COUNT_MAX)
    count = walk.count
    if count > COUNT_MAX:
        walk = _newest(first_due, now, next_fire, keep)
    missed = list(walk.missed)
    kept = missed[-keep:] if keep else []
    if catch_up == "latest" and kept and kept[0] < now - CATCH_UP_WITHIN:
        kept = []
    rest = missed[: len(missed) - len(kept)]
    left = count if count > COUNT_MAX else count - len(kept)
    misfire = Misfire(first_due, rest[-1], left) if rest else None
    return Plan(walk.slots, kept, misfire, walk.at)


def _newest(first_due: datetime, now: datetime, next_fire: NextFire, keep: int) -> _Walk:
    """The last missed slots without walking through the whole of a long outage."""
    back = CATCH_UP_WITHIN * 2
    while True:
        begin = max(first_due, now - back)
        walk = _Walk(first_due if begin == first_due else next_fire(begin), deque(maxlen=keep + 1))
        walk.go(now, next_fire, None)
        if len(walk.missed) > keep or begin == first_due:
            return walk
        back *= 8
