"""What becomes of the slots that are due: pure decisions, no clock and no database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MISSED_AFTER = timedelta(seconds=60)
"""A slot dispatched later than this is missed; up to it, it is late and runs."""
CATCH_UP_WITHIN = timedelta(hours=24)
"""How old a missed slot may be to run all the same."""
COUNT_MAX = 10_000
"""Missed slots are counted up to here, then "more"."""

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
    catch_up: datetime | None
    """The newest missed slot, if it still runs."""
    misfire: Misfire | None
    next_run_at: datetime


def plan_slots(first_due: datetime, now: datetime, next_fire: NextFire) -> Plan:
    """Decide for every slot from `first_due` up to `now`, both aware; `next_fire` gives the slot after an instant."""
    missed_before = now - MISSED_AFTER
    count, newest_missed, before_newest = 0, None, None
    slots: list[datetime] = []
    at = first_due
    while at <= now:
        if at < missed_before:
            count += 1
            before_newest, newest_missed = newest_missed, at
            if count > COUNT_MAX:
                break
        else:
            slots.append(at)
        at = next_fire(at)
    if count > COUNT_MAX:
        before_newest, newest_missed, slots, at = _newest_slots(now, missed_before, next_fire)
    catch_up = newest_missed if newest_missed and newest_missed >= now - CATCH_UP_WITHIN else None
    return Plan(slots, catch_up, _misfire(first_due, count, newest_missed, before_newest, catch_up), at)


def _newest_slots(
    now: datetime, missed_before: datetime, next_fire: NextFire
) -> tuple[datetime | None, datetime | None, list[datetime], datetime]:
    """The last two missed slots, those that run, and the next one, without walking through the whole outage."""
    at = next_fire(missed_before - CATCH_UP_WITHIN - timedelta(days=1))
    missed: deque[datetime] = deque(maxlen=2)
    slots: list[datetime] = []
    while at <= now:
        (missed if at < missed_before else slots).append(at)
        at = next_fire(at)
    newest = missed[-1] if missed else None
    return (missed[0] if len(missed) == 2 else None), newest, slots, at


def _misfire(
    first: datetime,
    count: int,
    newest: datetime | None,
    before_newest: datetime | None,
    catch_up: datetime | None,
) -> Misfire | None:
    last = before_newest if catch_up else newest
    rest = count if count > COUNT_MAX or not catch_up else count - 1
    return Misfire(first, last, rest) if last and rest else None
