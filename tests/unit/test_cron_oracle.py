"""connecthub.schedule.cron against a walk over every minute, with random expressions, and what holds for any input."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time, preview
from tests.unit.cron_oracle import CronOracle

ZONES = (
    "Africa/Cairo",  # changes at midnight
    "Africa/Casablanca",  # changes around Ramadan, summer time is standard time
    "America/Havana",  # changes at midnight, back to midnight
    "America/New_York",
    "America/Santiago",  # south, changes at midnight
    "Antarctica/Troll",  # two hours at once
    "Asia/Beirut",
    "Asia/Shanghai",  # never changes
    "Australia/Lord_Howe",  # half an hour
    "Europe/Dublin",  # winter time is the exception
    "Europe/London",
    "Pacific/Chatham",  # 45 minutes past the hour
)
EXPRESSIONS_PER_ZONE = 100
FIRINGS = 6
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2042, 1, 1, tzinfo=UTC)


def clock_changes(zone: ZoneInfo) -> list[datetime]:
    """Return the first full hour after each change of the zone's offset."""
    hours = [FIRST + timedelta(hours=hour) for hour in range((LAST - FIRST) // timedelta(hours=1))]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour for hour, old, new in zip(hours[1:], offsets, offsets[1:], strict=False) if old != new]


def random_field(draw: random.Random, low: int, high: int, preferred: range) -> str:
    """Return a valid field of any allowed form, more often than not about the preferred numbers."""

    def number() -> int:
        return draw.choice(preferred) if draw.random() < 0.6 else draw.randint(low, high)

    def rising() -> tuple[int, int]:
        first = min(number(), high - 1)
        return first, draw.randint(first + 1, high)

    def item() -> str:
        first, last = rising()
        return draw.choice((str(number()), f"{first}-{last}", f"{first}-{last}/{draw.randint(1, last - first)}"))

    star = draw.choice(("*", f"*/{draw.randint(1, (high - low) // 2)}", f"*/{draw.randint(1, high - low)}"))
    starred = draw.choice((star, star, ",".join((star, item()))))
    return draw.choice((starred, str(number()), item(), ",".join((item(), item()))))


def random_expression(draw: random.Random) -> str:
    """Return a valid expression that fires within some months as a rule."""
    every_day = [(0, 0, 0)] * 8
    day, month, week_day = draw.choice([*every_day, (1, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 1), (0, 1, 0), (1, 1, 1)])
    fields = [
        random_field(draw, 0, 59, range(0, 60, 5)),
        random_field(draw, 0, 23, range(4)),
        random_field(draw, 1, 28, range(1, 15)) if day else "*",
        random_field(draw, 1, 12, range(3, 12)) if month else "*",
        random_field(draw, 0, 7, range(8)) if week_day else "*",
    ]
    return " ".join(fields)


def random_start(draw: random.Random, changes: list[datetime]) -> datetime:
    """Return an instant close to a clock change, the day before one, or anywhere."""
    anywhere = FIRST + draw.random() * (LAST - FIRST)
    reach = draw.choice((timedelta(hours=2), timedelta(hours=2), timedelta(hours=2), timedelta(hours=30), None))
    if not changes or reach is None:
        return anywhere
    start = draw.choice(changes) + draw.uniform(-1, 0.5) * reach
    return start.replace(second=0, microsecond=0) if draw.random() < 0.5 else start


@pytest.mark.parametrize("zone_name", ZONES)
def test_random_expressions_fire_as_a_walk_over_every_minute_says(zone_name: str) -> None:
    draw, zone = random.Random(zone_name), ZoneInfo(zone_name)
    changes = clock_changes(zone)
    for _ in range(EXPRESSIONS_PER_ZONE):
        expression, start = random_expression(draw), random_start(draw, changes)
        expected = list(islice(CronOracle(expression).fire_times(zone, start), FIRINGS))
        assert preview(expression, zone_name, start, FIRINGS) == expected, (expression, zone_name, start)


@pytest.mark.parametrize(
    ("expression", "zone_name", "start", "expected"),
    [
        ("30 2 * * *", "America/New_York", "2028-03-11T12:00-05:00", "2028-03-12T03:00-04:00"),
        ("30 1 * * *", "America/New_York", "2028-11-05T01:30-04:00", "2028-11-06T01:30-05:00"),
        ("*/30 1 * * *", "America/New_York", "2028-11-05T01:30-04:00", "2028-11-05T01:00-05:00"),
        ("*/10 1 * * *", "Europe/London", "2028-03-26T00:59+00:00", "2028-03-27T01:00+01:00"),
        ("*/20 * * * *", "Australia/Lord_Howe", "2028-04-02T01:40+11:00", "2028-04-02T01:40+10:30"),
        ("0 6 6 * */2", "Asia/Shanghai", "2028-01-01T00:00+08:00", "2028-01-06T06:00+08:00"),
        ("0 6 13 * 5", "Asia/Shanghai", "2028-01-08T00:00+08:00", "2028-01-13T06:00+08:00"),
        ("0 0 29 feb *", "Asia/Shanghai", "2028-02-29T00:00+08:00", "2032-02-29T00:00+08:00"),
    ],
)
def test_the_walk_itself_agrees_with_cases_worked_out_by_hand(
    expression: str, zone_name: str, start: str, expected: str
) -> None:
    firing = next(CronOracle(expression).fire_times(ZoneInfo(zone_name), datetime.fromisoformat(start)))
    assert firing == datetime.fromisoformat(expected)


steady = settings(derandomize=True, max_examples=200, deadline=None)
minutes = st.sampled_from(["*", "*/20", "0", "30", "59", "10-50/15", "0,45", "*/7,33"])
hours = st.sampled_from(["*", "*/2", "0", "1", "2", "1-3", "0,2,23"])
days = st.sampled_from(["*", "*", "*", "*/2", "1", "13,31", "1-7"])
months = st.sampled_from(["*", "*", "3,4,10,11", "FEB-dec/3"])
week_days = st.sampled_from(["*", "*", "*", "*/7", "5-7", "MON"])
expressions = st.tuples(minutes, hours, days, months, week_days).map(" ".join)
zones = st.sampled_from(ZONES)
changes = st.sampled_from(["2028-03-12T07:00Z", "2028-11-05T06:00Z", "2028-04-01T15:00Z", "2028-03-26T01:00Z"])
close_to_changes = st.builds(
    lambda change, seconds: datetime.fromisoformat(change) + timedelta(seconds=seconds),
    changes,
    st.integers(-100_000, 20_000),
)
anywhen = st.datetimes(
    datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(UTC)
)
starts = st.one_of(close_to_changes, anywhen)


@steady
@given(expressions, zones, starts, st.floats(0, 1, exclude_max=True))
def test_the_next_time_is_the_same_from_anywhere_before_it(
    expression: str, zone: str, start: datetime, share: float
) -> None:
    time = next_fire_time(expression, zone, start)
    assert time > start
    assert next_fire_time(expression, zone, start + share * (time - start - timedelta(seconds=1))) == time
    assert next_fire_time(expression, zone, time - timedelta(microseconds=1)) == time
    assert next_fire_time(expression, zone, time) > time


@steady
@given(st.text("0123456789*/-,LWH#? aefjnorsu@\t\n", max_size=30), st.text(max_size=20))
def test_any_text_is_used_or_refused_in_one_printable_line(expression: str, zone: str) -> None:
    for text, name in ((expression, "UTC"), (f"{expression} * * * *", "UTC"), ("@daily", zone)):
        try:
            answer = next_fire_time(text, name, datetime(2028, 1, 1, tzinfo=UTC)).isoformat()
        except ScheduleError as refusal:
            answer = str(refusal)
        assert answer.isprintable()
