"""A second opinion on when a cron expression fires, slow and plain: it looks at every minute.

It shares no code with connecthub.schedule.cron or croniter, and knows nothing of folds or zone rules: it walks the real
minutes and watches the zone's clock. A fixed-time job is judged by the highest reading so far: a reading at or below it
is a repetition, and readings between it and the present one were skipped, so they are judged with the present one.
Only valid expressions are understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
HALF_DAY = timedelta(hours=12)
# No zone's clock is put forward or back by more, in the years that are tested.
LARGEST_JUMP = timedelta(hours=4)

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
_MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_WEEK_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}


class CronOracle:
    """One expression, judged by the written rules."""

    def __init__(self, cron_expr: str) -> None:
        minute, hour, day, month, week_day = cron_expr.lower().split()
        self.minutes = _numbers(minute, 0, 59, {})
        self.hours = _numbers(hour, 0, 23, {})
        self.days = _numbers(day, 1, 31, {})
        self.months = _numbers(month, 1, 12, _MONTHS)
        self.week_days = {number % 7 for number in _numbers(week_day, 0, 7, _WEEK_DAYS)}
        self.follows_real_time = minute[0] == "*" or hour[0] == "*"
        self.both_days_must_match = day[0] == "*" or week_day[0] == "*"

    def matches_day(self, day: date) -> bool:
        """Tell whether a date is one of the expression's days."""
        by_date, by_week_day = day.day in self.days, day.isoweekday() % 7 in self.week_days
        right_day = (by_date and by_week_day) if self.both_days_must_match else (by_date or by_week_day)
        return right_day and day.month in self.months

    def matches(self, reading: datetime) -> bool:
        """Tell whether a reading of the clock is one of the expression's times."""
        return reading.minute in self.minutes and reading.hour in self.hours and self.matches_day(reading)

    def fire_times(self, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
        """Yield, in UTC, every firing strictly after an instant."""
        now = after.astimezone(UTC).replace(second=0, microsecond=0) - 2 * LARGEST_JUMP
        highest = self._clock(now, zone)
        while True:
            now += MINUTE
            reading = self._clock(now, zone)
            if now > after and not self._may_fire_soon(reading):
                now += HALF_DAY
                highest = max(highest, self._clock(now, zone))
                continue
            fires = self.matches(reading) if self.follows_real_time else self._any_match(highest, reading)
            highest = max(highest, reading)
            if fires and now > after:
                yield now

    def _any_match(self, highest: datetime, reading: datetime) -> bool:
        """Judge every reading above the highest so far, up to the present one."""
        while highest < reading:
            highest += MINUTE
            if self.matches(highest):
                return True
        return False

    def _may_fire_soon(self, reading: datetime) -> bool:
        """Tell whether any reading that the clock can show or skip in the next half day has a matching date."""
        earliest, latest = (reading - LARGEST_JUMP).date(), (reading + HALF_DAY + LARGEST_JUMP).date()
        return any(self.matches_day(day) for day in {earliest, reading.date(), latest})

    @staticmethod
    def _clock(now: datetime, zone: ZoneInfo) -> datetime:
        return now.astimezone(zone).replace(tzinfo=None, fold=0)


def _numbers(text: str, lowest: int, highest: int, names: dict[str, int]) -> set[int]:
    numbers: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            low, high = lowest, highest
        else:
            low = int(names.get(first, first))
            high = int(names.get(last, last)) if last else low
        number = low
        while number <= high:
            numbers.add(number)
            number += int(step or 1)
    return numbers
