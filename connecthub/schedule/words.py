"""What a cron expression means, in words.

The sentence is the library's (cron-descriptor), of an expression that was brought into a form of which it says what is
true: steps that do not divide their cycle are lists, and day of month and day of week are joined here, as they count.
"""

from __future__ import annotations

import re
from functools import lru_cache

from connecthub.schedule.cron import FIELDS, CronField, field_values, split_fields, validate_cron

LISTED = 6
"""So many values are named one by one, more are told by their range and step."""
_LOCALES = {"en": "en_US", "zh": "zh_CN"}
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_YEAR = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CHINESE = {
    **{english: f"星期{name}" for english, name in zip(_WEEK, "一二三四五六日", strict=True)},
    **{
        english: f"{name}月"
        for english, name in zip(
            _YEAR, ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], strict=True
        )
    },
}
_SINGLE_STEP = re.compile(r"(?P<low>[0-9]+)-(?P<high>[0-9]+)/(?P<step>[0-9]+)")


@lru_cache(maxsize=1024)
def describe_cron(expression: str, language: str) -> str:
    """Say when an expression fires, in English ("en") or Chinese ("zh"); raises ScheduleError as validate_cron does."""
    validate_cron(expression)
    texts = split_fields(expression)
    values = [field_values(field, text) for field, text in zip(FIELDS, texts, strict=True)]
    both_count = texts[2].startswith("*") or texts[4].startswith("*")
    minute, hour, day, month, week_day = (
        _plain(field, text, numbers) for field, text, numbers in zip(FIELDS, texts, values, strict=True)
    )
    if not both_count and "*" in (day, week_day):
        day = week_day = "*"
    told = [_time(minute, _hours(minute, hour, values[1]), language)]
    told += _days(day, week_day, language, both_count=both_count)
    told += _piece(f"0 0 * {month} *", "MONTH", language)
    return ("，" if language == "zh" else ", ").join(told)


def _plain(field: CronField, text: str, values: set[int]) -> str:
    """A field in numbers: `*` where it holds all, the range or the step as written where there is one, or a list."""
    if len(values) == field.cycle:
        return "*"
    is_time, items = field.title in ("minute", "hour"), text.split(",")
    if len(items) > 1:
        return _runs(field, values)
    span, _, step = text.partition("/")
    if span == "*" and is_time and field.cycle % int(step) == 0:
        return text
    ends = (
        [str(field.number(text, end)) for end in span.split("-")] if span != "*" else [str(field.low), str(field.last)]
    )
    if int(step or 1) == 1:
        return "-".join(ends)
    keeps_step = field.title == "minute" and span != "*"
    if not keeps_step and (len(values) <= LISTED or field.names):
        return _runs(field, values)
    return f"{'-'.join(ends)}/{step}"


def _runs(field: CronField, values: set[int]) -> str:
    """A list of values, three and more in a row as a range; Sunday comes last."""
    numbers = sorted(value or 7 for value in values) if field.high == 7 else sorted(values)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [[f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(number) for number in run] for run in runs]
    return ",".join(part for each in parts for part in each)


def _hours(minute: str, hour: str, values: set[int]) -> str:
    """The hours so that the library does not call each a time of day where many minutes of it count."""
    if minute.isdecimal():
        few = len(values) <= LISTED
        return ",".join(str(value) for value in sorted(values)) if few and not hour.startswith("*") else hour
    if hour.isdecimal():
        return f"{hour}-{hour}" if "," in minute else hour
    if "," in hour or _SINGLE_STEP.fullmatch(hour):
        parts = hour.split(",") if "/" not in hour else [str(value) for value in sorted(values)]
        return ",".join(part if "-" in part else f"{part}-{part}" for part in parts)
    return hour


def _time(minute: str, hour: str, language: str) -> str:
    if hour.startswith("*/") and not minute.isdecimal():
        told, step = _library(f"{minute} * * * *", "FULL", language), hour[2:]
        if language == "zh":
            return f"{told}，每 {step} 小时的第一个小时内"
        return f"{told}, in the first of every {step} hours"
    return _library(f"{minute} {hour} * * *", "FULL", language).replace("At 1 minutes", "At 1 minute")


def _days(day: str, week_day: str, language: str, *, both_count: bool) -> list[str]:
    """The parts of the sentence on days: a day has to match one of them, or both."""
    days = [] if day == "*" else _piece(f"0 0 {day} * *", "DAYOFMONTH", language)
    week_days = _piece(f"0 0 * * {week_day}", "DAYOFWEEK", language)
    if not days or not week_days:
        return days + week_days
    bare = week_days[0].removeprefix("only on ").removeprefix("仅在").strip()
    on = "on " if week_days[0].startswith("only on ") else ""
    if language == "zh":
        return [*days, f"且仅在 {bare}" if both_count else f"或在 {bare}"]
    return [*days, f"and only {on}{bare}" if both_count else f"or {on}{bare}"]


def _piece(expression: str, kind: str, language: str) -> list[str]:
    told = _library(expression, kind, language)
    return [told] if told else []


def _library(expression: str, kind: str, language: str) -> str:
    from cron_descriptor import DescriptionTypeEnum, ExpressionDescriptor, Options

    options = Options(use_24hour_time_format=True, locale_code=_LOCALES[language])
    told = ExpressionDescriptor(expression, options).get_description(DescriptionTypeEnum[kind]).removeprefix(", ")
    return told if language == "en" else _in_chinese(told)


def _in_chinese(told: str) -> str:
    """The library's Chinese with the names that it leaves English, and with Chinese commas."""
    told = re.sub("|".join(_CHINESE), lambda name: _CHINESE[name[0]], told)
    told = told.replace(", 和", " 和").replace("  ", " ")
    return re.sub(r"(?<=[0-9日月一二三四五六]), (?=[0-9一二三四五六七八九十星])", "、", told).replace(", ", "，")
