"""Which cron expressions and zones are refused, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time, preview, validate_cron, validate_timezone

NEW_YORK = "America/New_York"
SHANGHAI = "Asia/Shanghai"
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
