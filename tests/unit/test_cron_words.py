"""What a cron expression means, in both languages."""

from __future__ import annotations

import pytest

from connecthub.errors import ScheduleError
from connecthub.schedule.cron import MACROS, validate_cron
from connecthub.schedule.words import describe_cron


@pytest.mark.parametrize(
    ("expression", "english", "chinese"),
    [
        ("* * * * *", "Every minute", "每分钟"),
        ("*/15 * * * *", "Every 15 minutes", "每 15 分钟"),
        ("@hourly", "Every hour", "每小时"),
        ("@Daily", "At 00:00", "在 00:00"),
        ("@weekly", "At 00:00, only on Sunday", "在 00:00，仅在 星期日"),
        ("@yearly", "At 00:00, on day 1 of the month, only in January", "在 00:00，每月的 1 号，仅在 一月"),
        ("30 2 * * *", "At 02:30", "在 02:30"),
        ("1 * * * *", "At 1 minute past the hour", "在每小时的 1 分"),
        ("0 9,12,18 * * *", "At 09:00, 12:00 and 18:00", "在 09:00、12:00 和 18:00"),
        (
            "*/15 9-17 * * MON-FRI",
            "Every 15 minutes, between 09:00 and 17:59, Monday through Friday",
            "每 15 分钟，在 09:00 和 17:59 之间，星期一 到 星期五",
        ),
        ("10-20 11 * * *", "Every minute between 11:10 and 11:20", "在 11:10 和 11:20 之间的每分钟"),
        ("0 0 1-7 * *", "At 00:00, between day 1 and 7 of the month", "在 00:00，在每月的 1 和 7 号之间"),
        (
            "0 0 * jan-mar,JUN sun",
            "At 00:00, only on Sunday, only in January through March and June",
            "在 00:00，仅在 星期日，仅在 一月 到 三月 和 六月",
        ),
        (
            "0 0 * 10-12 6,0",
            "At 00:00, only on Saturday and Sunday, October through December",
            "在 00:00，仅在 星期六 和 星期日，十月 到 十二月",
        ),
        ("0 0 * * 5-7", "At 00:00, Friday through Sunday", "在 00:00，星期五 到 星期日"),
    ],
)
def test_what_a_person_writes_is_told_in_both_languages(expression: str, english: str, chinese: str):
    assert (describe_cron(expression, "en"), describe_cron(expression, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("expression", "english", "chinese"),
    [
        (
            "0 0 1,15 * 1",
            "At 00:00, on day 1 and 15 of the month, or on Monday",
            "在 00:00，每月的 1 和 15 号，或在 星期一",
        ),
        (
            "0 0 2-30/2 * 1-5",
            "At 00:00, every 2 days, between day 2 and 30 of the month, or Monday through Friday",
            "在 00:00，每 2 天，在每月的 2 和 30 号之间，或在 星期一 到 星期五",
        ),
        (
            "0 0 */2 * 1",
            "At 00:00, every 2 days, between day 1 and 31 of the month, and only on Monday",
            "在 00:00，每 2 天，在每月的 1 和 31 号之间，且仅在 星期一",
        ),
        (
            "0 0 13 * */2",
            "At 00:00, on day 13 of the month, and only on Tuesday, Thursday, Saturday, and Sunday",
            "在 00:00，每月的 13 号，且仅在 星期二、星期四、星期六 和 星期日",
        ),
        ("0 0 *,3 * 1", "At 00:00, only on Monday", "在 00:00，仅在 星期一"),
        ("0 0 1-31 * 1", "At 00:00", "在 00:00"),
        ("0 0 13 * 0-6", "At 00:00", "在 00:00"),
    ],
)
def test_days_are_joined_as_they_count(expression: str, english: str, chinese: str):
    assert (describe_cron(expression, "en"), describe_cron(expression, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("expression", "english"),
    [
        ("*,5 * * * *", "Every minute"),
        ("*/31 * * * *", "At 0 and 31 minutes past the hour"),
        ("*/7 * * * *", "Every 7 minutes, minutes 0 through 59 past the hour"),
        ("0 */5 * * *", "At 00:00, 05:00, 10:00, 15:00 and 20:00"),
        ("*/20,5 2 * * *", "At 0, 5, 20, and 40 minutes past the hour, between 02:00 and 02:59"),
        ("* 8,10 * * *", "Every minute, at 08:00 through 08:59 and 10:00 through 10:59"),
        ("*/10 */6 * * *", "Every 10 minutes, in the first of every 6 hours"),
        ("0 0 1 */3 *", "At 00:00, on day 1 of the month, only in January, April, July, and October"),
        ("0 0 * * 1-5/2", "At 00:00, only on Monday, Wednesday, and Friday"),
    ],
)
def test_the_sentence_is_true_where_the_library_guesses(expression: str, english: str):
    assert describe_cron(expression, "en") == english
    assert not set("abcdefghijklmnopqrstuvwxyz*/,") & set(describe_cron(expression, "zh").lower())


def test_every_macro_has_a_meaning():
    assert all(describe_cron(macro, "en") == describe_cron(MACROS[macro], "en") for macro in MACROS)


@pytest.mark.parametrize("expression", ["61 * * * *", "* * *", "@reboot", "0 0 L * *", ""])
def test_what_cannot_be_used_is_refused_as_ever(expression: str):
    with pytest.raises(ScheduleError) as refused:
        validate_cron(expression)
    with pytest.raises(ScheduleError) as told:
        describe_cron(expression, "zh")
    assert str(told.value) == str(refused.value)
