"""When a job fires."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from connecthub.schedule.cron import next_fire_time, preview

NEW_YORK = "America/New_York"  # 2028: 02:00 becomes 03:00 on 12 March, 02:00 becomes 01:00 on 5 November
LORD_HOWE = "Australia/Lord_Howe"  # 2028: 02:00 becomes 01:30 on 2 April, 02:00 becomes 02:30 on 1 October
SANTIAGO = "America/Santiago"  # 2028: midnight becomes 01:00 on 3 September, midnight becomes 23:00 on 2 April
SHANGHAI = "Asia/Shanghai"


def fires(expression: str, zone: str, after: str, count: int) -> str:
    """Return the next firings as the zone's clock shows them, with their offsets."""
    times = preview(expression, zone, datetime.fromisoformat(after), count)
    return " | ".join(time.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes") for time in times)


# Minute or hour beginning with `*`: every real minute that matches.


def test_a_starred_minute_does_not_fire_in_an_hour_that_does_not_exist() -> None:
    expected = "2028-03-13 02:00-04:00 | 2028-03-13 02:30-04:00"
    assert fires("*/30 2 * * *", NEW_YORK, "2028-03-11T02:30-05:00", 2) == expected


def test_a_starred_hour_leaves_out_the_hour_that_does_not_exist() -> None:
    expected = "2028-03-12 04:00-04:00 | 2028-03-12 06:00-04:00"
    assert fires("0 */2 * * *", NEW_YORK, "2028-03-12T00:00-05:00", 2) == expected


def test_a_starred_minute_goes_on_at_once_after_a_jump() -> None:
    expected = "2028-03-12 01:30-05:00 | 2028-03-12 03:00-04:00"
    assert fires("*/30 * * * *", NEW_YORK, "2028-03-12T01:29-05:00", 2) == expected


def test_a_starred_hour_fires_again_in_a_repeated_hour() -> None:
    expected = "2028-11-05 01:15-04:00 | 2028-11-05 01:15-05:00 | 2028-11-05 02:15-05:00"
    assert fires("15 * * * *", NEW_YORK, "2028-11-05T00:30-04:00", 3) == expected


def test_a_repeated_hour_fires_again_also_for_a_time_already_past_on_the_clock() -> None:
    expected = "2028-11-05 01:00-05:00 | 2028-11-05 01:20-05:00 | 2028-11-05 01:40-05:00 | 2028-11-06 01:00-05:00"
    assert fires("*/20 1 * * *", NEW_YORK, "2028-11-05T01:50-04:00", 4) == expected


def test_a_repeated_half_hour_fires_again() -> None:
    expected = "2028-04-02 01:40+11:00 | 2028-04-02 01:40+10:30 | 2028-04-02 02:00+10:30 | 2028-04-02 02:20+10:30"
    assert fires("*/20 * * * *", LORD_HOWE, "2028-04-02T01:20+11:00", 4) == expected


def test_the_last_hour_of_a_day_fires_again_when_midnight_is_put_back() -> None:
    expected = "2028-04-01 23:30-03:00 | 2028-04-01 23:30-04:00 | 2028-04-02 00:30-04:00"
    assert fires("30 * * * *", SANTIAGO, "2028-04-01T23:00-03:00", 3) == expected


# Otherwise once per matching local time.


def test_a_skipped_time_fires_once_at_the_first_minute_after_the_jump() -> None:
    expected = "2028-03-12 03:00-04:00 | 2028-03-13 02:30-04:00"
    assert fires("30 2 * * *", NEW_YORK, "2028-03-11T02:30-05:00", 2) == expected


def test_several_skipped_times_fire_once_together() -> None:
    expected = "2028-03-12 03:00-04:00 | 2028-03-12 03:15-04:00 | 2028-03-12 03:30-04:00"
    assert fires("0,15,30 2,3 * * *", NEW_YORK, "2028-03-12T00:00-05:00", 3) == expected


def test_a_skipped_time_is_not_fired_again_by_a_start_at_the_jump_itself() -> None:
    assert fires("30 2 * * *", NEW_YORK, "2028-03-12T03:00-04:00", 1) == "2028-03-13 02:30-04:00"


def test_a_skipped_midnight_fires_at_one() -> None:
    expected = "2028-09-03 01:00-03:00 | 2028-09-04 00:00-03:00"
    assert fires("0 0 * * *", SANTIAGO, "2028-09-02T12:00-04:00", 2) == expected


def test_a_skipped_half_hour_fires_at_its_end() -> None:
    expected = "2028-10-01 02:30+11:00 | 2028-10-02 02:15+11:00"
    assert fires("15 2 * * *", LORD_HOWE, "2028-09-30T12:00+10:30", 2) == expected


def test_a_time_on_a_skipped_day_fires_at_the_start_of_the_next() -> None:
    assert fires("0 9 30 12 *", "Pacific/Apia", "2011-12-29T12:00-10:00", 1) == "2011-12-31 00:00+14:00"


def test_a_repeated_time_fires_on_its_first_pass_only() -> None:
    expected = "2028-11-05 01:30-04:00 | 2028-11-06 01:30-05:00"
    assert fires("30 1 * * *", NEW_YORK, "2028-11-04T12:00-04:00", 2) == expected


def test_a_start_in_the_second_pass_does_not_bring_back_the_first() -> None:
    assert fires("24-44 1,2 * * *", "Europe/London", "2028-10-29T01:23+00:00", 1) == "2028-10-29 02:24+00:00"


# Day of month and day of week.


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("0 6 13 * 5", ["2028-01-07", "2028-01-13", "2028-01-14"]),
        ("0 6 13 * *", ["2028-01-13", "2028-02-13", "2028-03-13"]),
        ("0 6 * * FRI", ["2028-01-07", "2028-01-14", "2028-01-21"]),
        ("0 6 6 * */2", ["2028-01-06", "2028-02-06", "2028-04-06"]),
        ("0 6 */15 * 1", ["2028-01-31", "2028-05-01", "2028-07-31"]),
        ("0 6 1-7 * */7", ["2028-01-02", "2028-02-06", "2028-03-05"]),
        ("0 6 *,13 * 5", ["2028-01-07", "2028-01-14", "2028-01-21"]),
        ("0 6 13,* * 5", ["2028-01-01", "2028-01-02", "2028-01-03"]),
        ("0 6 1-31 * 5", ["2028-01-01", "2028-01-02", "2028-01-03"]),
        ("0 6 13 * 0-6", ["2028-01-01", "2028-01-02", "2028-01-03"]),
        ("0 6 30 2 1", ["2028-02-07", "2028-02-14", "2028-02-21"]),
    ],
)
def test_days_are_or_when_both_are_restricted_and_when_either_begins_with_a_star(
    expression: str, days: list[str]
) -> None:
    expected = " | ".join(f"{day} 06:00+08:00" for day in days)
    assert fires(expression, SHANGHAI, "2028-01-01T00:00+08:00", 3) == expected


@pytest.mark.parametrize(
    ("expression", "weekdays"),
    [
        ("0 6 * * 0", "Sun Sun"),
        ("0 6 * * 7", "Sun Sun"),
        ("0 6 * * sun", "Sun Sun"),
        ("0 6 * * 5-7", "Sat Sun Fri Sat"),
        ("0 6 * * 0-7", "Sat Sun Mon Tue"),
        ("0 6 * * 0-1", "Sun Mon Sun Mon"),
        ("0 6 * * Mon-Fri/2", "Mon Wed Fri Mon"),
        ("0 6 * * 3-7/2", "Sun Wed Fri Sun"),
        ("0 6 * * */3", "Sat Sun Wed Sat"),
    ],
)
def test_zero_and_seven_are_both_sunday(expression: str, weekdays: str) -> None:
    wanted = weekdays.split()
    times = preview(expression, "UTC", datetime(2028, 1, 1, tzinfo=UTC), len(wanted))
    assert [time.strftime("%a") for time in times] == wanted


def test_a_leap_day_is_found_over_eight_years_and_one_on_a_sunday_over_forty() -> None:
    assert fires("0 0 29 2 *", SHANGHAI, "2096-03-01T00:00+08:00", 1) == "2104-02-29 00:00+08:00"
    assert fires("0 0 29 2 */7", SHANGHAI, "2088-03-01T00:00+08:00", 1) == "2128-02-29 00:00+08:00"


def test_a_leap_day_or_a_monday_fires_on_both() -> None:
    expected = "2028-02-28 00:00+08:00 | 2028-02-29 00:00+08:00 | 2029-02-05 00:00+08:00"
    assert fires("0 0 29 feb mon", SHANGHAI, "2028-02-21T00:00+08:00", 3) == expected


# The rest of what is allowed.


@pytest.mark.parametrize(
    ("macro", "expression"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        (" @Daily\t", "0 0 * * *"),
        ("\t0  0 * *\t* ", "0 0 * * *"),
        ("000 00 * JAN-dec *", "0 0 * * *"),
        ("0-59/20,50 0 * * *", "0,20,40,50 0 * * *"),
        ("*/59 */23 * * *", "0,59 0,23 * * *"),
    ],
)
def test_two_spellings_fire_alike(macro: str, expression: str) -> None:
    after = datetime(2028, 5, 17, 9, 30, tzinfo=UTC)
    assert preview(macro, SHANGHAI, after) == preview(expression, SHANGHAI, after)


def test_the_next_time_is_strictly_after_and_in_utc() -> None:
    after = datetime(2028, 5, 17, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    time = next_fire_time("0 9 * * *", SHANGHAI, after)
    assert time == datetime(2028, 5, 18, 1, 0, tzinfo=UTC)
    assert time.tzinfo is UTC
    assert next_fire_time("0 9 * * *", SHANGHAI, after - timedelta(microseconds=1)) == after


def test_a_naive_start_is_refused() -> None:
    naive = datetime(2028, 5, 17, 9, 0, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="2028-05-17T09:00:00 has no time zone"):
        next_fire_time("0 9 * * *", SHANGHAI, naive)


def test_a_preview_has_as_many_times_as_asked_for() -> None:
    after = datetime(2028, 5, 17, tzinfo=UTC)
    assert len(preview("@daily", SHANGHAI, after)) == 5
    assert preview("@daily", SHANGHAI, after, 0) == []


def test_threads_that_share_an_expression_do_not_disturb_each_other() -> None:
    starts = [datetime(2028, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(0, 8000, 7)]
    alone = [next_fire_time("7 3 * * 1-5", NEW_YORK, start) for start in starts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda start: next_fire_time("7 3 * * 1-5", NEW_YORK, start), starts))
    assert together == alone
