"""When a job fires, and which expressions and zones are refused, in words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time, preview, validate_cron, validate_timezone

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


# What is refused, and in which words.

FORMS = "'*', lists, rising ranges or steps"
EXTENSION = "uses an extension (L W # ? R H) that is not supported"
FIVE = "write exactly 5 (minute, hour, day of month, month, day of week) or one of"
MACROS = "@hourly, @daily, @weekly, @monthly, @yearly"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", f"has 0 fields; {FIVE} {MACROS}"),
        ("0 9 * *", f"has 4 fields; {FIVE} {MACROS}"),
        ("0 0 9 * * *", f"has 6 fields; {FIVE} {MACROS}"),
        ("@reboot", f"'@reboot' is not supported; write one of {MACROS}"),
        ("@every 5m", f"'@every 5m' is not supported; write one of {MACROS}"),
        ("0 0 L * *", f"day of month 'L' {EXTENSION}; write 1-31, {FORMS}"),
        ("0 0 1,LW * *", f"day of month 'LW' {EXTENSION}; write 1-31, {FORMS}"),
        ("0 0 15W * *", f"day of month '15W' {EXTENSION}; write 1-31, {FORMS}"),
        ("0 0 * * 1#2", f"day of week '1#2' {EXTENSION}; write 0-7 or SUN-SAT, {FORMS}"),
        ("0 0 * * L5", f"day of week 'L5' {EXTENSION}; write 0-7 or SUN-SAT, {FORMS}"),
        ("0 0 ? * MON", "day of month '?' is an extension that is not supported; write '*'"),
        ("R * * * *", f"minute 'R' {EXTENSION}; write 0-59, {FORMS}"),
        ("H/5 * * * *", f"minute 'H/5' {EXTENSION}; write 0-59, {FORMS}"),
        ("0 H(0-5) * * *", f"hour 'H(0-5)' {EXTENSION}; write 0-23, {FORMS}"),
        ("5/15 * * * *", "minute '5/15' is a step on a single number; write '5-59/15' or '5'"),
        ("50/15 * * * *", "minute '50/15' is a step on a single number; write '50'"),
        ("0 0 * * MON/2", "day of week 'MON/2' is a step on a single number; write '1-6/2' or '1'"),
        ("0 9 * * 1-1", "day of week '1-1' is an equal range; write '1'"),
        ("5-5 * * * *", "minute '5-5' is an equal range; write '5'"),
        ("0 22-2 * * *", "hour '22-2' is a reversed range; write '0,1,2,22,23'"),
        ("0 22-2/2 * * *", "hour '22-2/2' is a reversed range; write '0,2,22'"),
        ("0 9 * * SAT-MON", "day of week 'SAT-MON' is a reversed range; write '0,1,6'"),
        ("0 9 * * FRI-SUN", "day of week 'FRI-SUN' is a reversed range; write '0,5,6'"),
        ("0 9 * * 7-1", "day of week '7-1' is a reversed range; write '0,1'"),
        ("0 9 1 NOV-FEB *", "month 'NOV-FEB' is a reversed range; write '1,2,11,12'"),
        ("*/60 * * * *", "minute '*/60' has a step above its span; write a step up to 59, or '0'"),
        ("0 9-17/9 * * *", "hour '9-17/9' has a step above its span; write a step up to 8, or '9'"),
        ("0 0 * * */8", "day of week '*/8' has a step above its span; write a step up to 7, or '0'"),
        ("*/0 * * * *", "minute '*/0' has a step of 0; write 1 or more"),
        ("1,,2 * * * *", "minute '1,,2' has an empty list item; remove the comma"),
        ("0 9, * * *", "hour '9,' has an empty list item; remove the comma"),
        ("60 * * * *", "minute '60' is out of range; write 0-59"),
        ("0 24 * * *", "hour '24' is out of range; write 0-23"),
        ("0 0 0 * *", "day of month '0' is out of range; write 1-31"),
        ("0 0 25-32 * *", "day of month '25-32' is out of range; write 1-31"),
        ("0 0 1 13 *", "month '13' is out of range; write 1-12"),
        ("0 0 * * 8", "day of week '8' is out of range; write 0-7"),
        ("-5 * * * *", f"minute '-5' is not understood; write 0-59, {FORMS}"),
        ("*-5 * * * *", f"minute '*-5' is not understood; write 0-59, {FORMS}"),
        ("MON 9 * * *", f"minute 'MON' is not understood; write 0-59, {FORMS}"),
        ("0 9 1 MARCH *", f"month 'MARCH' is not understood; write 1-12 or JAN-DEC, {FORMS}"),
        ("٣ * * * *", f"minute '٣' is not understood; write 0-59, {FORMS}"),
        ("0 9 * * FRı", f"day of week 'FRı' is not understood; write 0-7 or SUN-SAT, {FORMS}"),  # noqa: RUF001
        ("0 0 30 2 *", "day of month '30' never comes in month '2'; write a day that it has"),
        ("0 0 31 APR,JUN *", "day of month '31' never comes in month 'APR,JUN'; write a day that it has"),
        ("0 0 30 2 */2", "day of month '30' never comes in month '2'; write a day that it has"),
    ],
)
def test_a_refusal_names_the_part_and_the_remedy(expression: str, problem: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        validate_cron(expression)
    assert str(refusal.value) == f"cron {expression!r}: {problem}"
    with pytest.raises(ScheduleError):
        next_fire_time(expression, "UTC", datetime(2028, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("0 9 * * *\n", r"cron '0 9 * * *\n': day of week '*\n' is not understood"),
        ("0 9 * * \x1b[31m", r"cron '0 9 * * \x1b[31m': day of week '\x1b[31m' is not understood"),
        ("0\u00a09 * * * *", r"cron '0\xa09 * * * *': minute '0\xa09' is not understood"),
        ("\ud800 9 * * *", r"cron '\ud800 9 * * *': minute '\ud800' is not understood"),
    ],
)
def test_control_characters_are_shown_escaped(expression: str, shown: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        validate_cron(expression)
    assert str(refusal.value).startswith(shown)
    assert str(refusal.value).isprintable()


def test_an_expression_has_256_characters_at_most() -> None:
    longest = "0" * 248 + " * * * *"
    validate_cron(longest)
    with pytest.raises(ScheduleError) as refusal:
        validate_cron(f"0{longest}")
    shown = "0" * 40
    assert str(refusal.value) == f"cron '{shown}…': 257 characters are over the limit of 256; use ranges and steps"


def test_an_hour_that_never_exists_on_its_only_days_is_refused_by_the_zone() -> None:
    after = datetime(2028, 1, 1, tzinfo=UTC)
    assert preview("*/5 2 8 3 */7", SHANGHAI, after, 1)  # a Sunday 8 March
    with pytest.raises(ScheduleError, match="does not fire in America/New_York in the 50 years after 2028-01-01"):
        next_fire_time("*/5 2 8 3 */7", NEW_YORK, after)


def test_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(ScheduleError, match="does not fire in Asia/Shanghai"):
        next_fire_time("* * * * *", SHANGHAI, datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("name", ["UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT-8"])
def test_a_zone_is_known_by_its_iana_name(name: str) -> None:
    assert validate_timezone(name).key == name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Asia/Shanghi", "'Asia/Shanghi' is not known; did you mean 'Asia/Shanghai'?"),
        ("asia/shanghai", "'asia/shanghai' is not known; did you mean 'Asia/Shanghai'?"),
        ("Europe/London ", "'Europe/London ' is not known; did you mean 'Europe/London'?"),
        ("GMT+8", "'GMT+8' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("", "'' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("Asia", "'Asia' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("localtime", "'localtime' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("right/UTC", "'right/UTC' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("../../etc/passwd", "'../../etc/passwd' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("a\x00\x1b", r"'a\x00\x1b' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("\ud800", r"'\ud800' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
        ("z" * 5000, f"'{'z' * 64}' is not known; write an IANA name such as 'Asia/Shanghai' or 'UTC'"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_name(name: str, problem: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        validate_timezone(name)
    assert str(refusal.value) == f"time zone {problem}"
    with pytest.raises(ScheduleError):
        next_fire_time("@daily", name, datetime(2028, 1, 1, tzinfo=UTC))
