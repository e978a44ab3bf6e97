"""When a job fires: cron expressions, read in the job's own time zone, with Debian's semantics.

- Minute or hour beginning with `*`: every real minute that matches. Hours that do not exist do not fire, repeated
  hours fire again.
- Otherwise once per matching local time. A skipped time fires at the first minute after the jump, several in one jump
  once; a repeated time fires on its first pass.
- Day of month and day of week: OR when both are restricted, AND when either begins with `*`.

A *wall* is what the zone's clock shows: a naive datetime. croniter steps from wall to wall as if the clock never
jumped; the jumps are resolved here.
"""

from __future__ import annotations

import copy
import difflib
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter

from connecthub.errors import ScheduleError

MAX_LENGTH = 256
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}

# A leap day on a given day of the week can be 40 years away.
_HORIZON = timedelta(days=50 * 366)
_MINUTE = timedelta(minutes=1)
# They lie in the folder of the zones, as do leap-second tables: links to the host's own setting, and a placeholder.
_NO_ZONES = {"localtime", "posixrules", "Factory"}
_ITEM = re.compile(r"(?:(?P<star>\*)|(?P<low>[0-9]+|[A-Za-z]+)(?:-(?P<high>[0-9]+|[A-Za-z]+))?)(?:/(?P<step>[0-9]+))?")
_EXTENSION = re.compile(
    r".*[#?].*|L(W|-?[0-9]+)?|([0-9]+|[A-Z]{3})L|[0-9]+W|W[0-9]+|[HR](\(.*\))?(/.*)?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True)
class CronField:
    """What one of the five fields may hold; `last` ends a cycle, where `high` may also be written."""

    title: str
    low: int
    high: int
    last: int
    names: tuple[str, ...] = ()

    def number(self, part: str, text: str) -> int:
        """The number that a text is, also by a name; raises ScheduleError."""
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if not text.isdecimal():
            raise self.not_understood(part)
        if not self.low <= int(text) <= self.high:
            raise self.refusal(part, f"is out of range; write {self.low}-{self.high}")
        return int(text)

    @property
    def cycle(self) -> int:
        """How many values there are until they begin anew."""
        return self.last - self.low + 1

    def in_cycle(self, value: int) -> int:
        """The value within one cycle: Sunday is 0, also where 7 is written."""
        return (value - self.low) % self.cycle + self.low

    def refusal(self, part: str, why: str) -> ScheduleError:
        """The error that names the field and the part."""
        return ScheduleError(f"{self.title} {part!r} {why}")

    def not_understood(self, part: str) -> ScheduleError:
        """The error for a part that is no number, name, range or step."""
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        remedy = f"write {self.low}-{self.high}{names}, '*', lists, rising ranges or steps"
        if part == "?":
            return self.refusal(part, "is an extension that is not supported; write '*'")
        if _EXTENSION.fullmatch(part):
            return self.refusal(part, f"uses an extension (L W # ? R H) that is not supported; {remedy}")
        return self.refusal(part, f"is not understood; {remedy}")


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
FIELDS = (
    CronField("minute", 0, 59, 59),
    CronField("hour", 0, 23, 23),
    CronField("day of month", 1, 31, 31),
    CronField("month", 1, 12, 12, _MONTHS),
    CronField("day of week", 0, 7, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class _Schedule:
    """A parsed expression."""

    stepper: croniter
    follows_real_time: bool

    def walls_after(self, wall: datetime) -> Iterator[datetime]:
        """Yield the matching walls after a wall, in rising order."""
        stepper = copy.copy(self.stepper)  # croniter keeps its position in itself, and the parsed one is shared
        stepper.set_current(wall)
        limit = wall + _HORIZON
        while (match := stepper.get_next(datetime)) < limit:
            yield match

    def firings(self, wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Return the instants at which a matching wall fires, in rising order."""
        first, second = _passes(wall, zone)
        if first == second:
            return (first,)
        if first < second:
            return (first, second) if self.follows_real_time else (first,)
        return () if self.follows_real_time else (_first_minute_after_jump(second, first, zone),)

    def first_firing(self, start: datetime, zone: ZoneInfo, after: datetime) -> datetime | None:
        """Return the first firing after an instant among the walls after `start`."""
        firings = (firing for wall in self.walls_after(start) for firing in self.firings(wall, zone))
        return next((firing for firing in firings if firing > after), None)


def next_fire_time(cron_expr: str, timezone: str, after: datetime) -> datetime:
    """Return the first time, in UTC, at which an expression fires strictly after an aware `after`.

    Raises ScheduleError for an expression or a zone that cannot be used, or where nothing fires in the next 50 years,
    and ValueError for a naive `after`.
    """
    if after.utcoffset() is None:
        raise ValueError(f"after {after.isoformat()} has no time zone; pass an aware datetime")
    after = after.astimezone(UTC)
    zone = validate_timezone(timezone)
    schedule = _parse(cron_expr)
    try:
        firings = [schedule.first_firing(start, zone, after) for start in _starts(after, zone)]
    except (ValueError, OverflowError):  # croniter found no date, or the calendar ends
        firings = []
    if found := [firing for firing in firings if firing]:
        return min(found)
    raise ScheduleError(
        f"cron {cron_expr!r} does not fire in {timezone} in the 50 years after {after.isoformat()}; "
        "write a time that exists there"
    )


def preview(cron_expr: str, timezone: str, after: datetime, count: int = 5) -> list[datetime]:
    """Return the next `count` fire times, in UTC. Raises what next_fire_time raises."""
    times: list[datetime] = []
    for _ in range(count):
        after = next_fire_time(cron_expr, timezone, after)
        times.append(after)
    return times


def validate_cron(cron_expr: str) -> None:
    """Raise ScheduleError, naming the part and the remedy, for an expression that cannot be used in any zone."""
    _parse(cron_expr)


def validate_timezone(timezone: str) -> ZoneInfo:
    """Return the IANA zone of that name. Raises ScheduleError where there is none."""
    if timezone not in _NO_ZONES and not timezone.startswith(("posix/", "right/")):
        try:
            return ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            pass
    shown = timezone[:64]
    known = {name.lower(): name for name in available_timezones() - _NO_ZONES}
    close = difflib.get_close_matches(shown.lower(), known, n=1, cutoff=0.85)
    remedy = f"did you mean {known[close[0]]!r}?" if close else "write an IANA name such as 'Asia/Shanghai' or 'UTC'"
    raise ScheduleError(f"time zone {shown!r} is not known; {remedy}")


def _passes(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants of a wall's two passes: equal on ordinary days, in falling order where the clock skips it."""
    return wall.replace(tzinfo=zone).astimezone(UTC), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _starts(after: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the walls to step from: in the first pass of repeated walls, also that far back, for their second pass."""
    wall = after.astimezone(zone).replace(tzinfo=None, fold=0, second=0, microsecond=0)
    first, second = _passes(wall, zone)
    return (wall,) if first == second else (wall, wall - (second - first))


def _first_minute_after_jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    offset = before.astimezone(zone).utcoffset()
    minutes = range((after - before) // _MINUTE)
    jumped = bisect_left(
        minutes, True, key=lambda minute: (before + minute * _MINUTE).astimezone(zone).utcoffset() != offset
    )
    return before + jumped * _MINUTE


@lru_cache(maxsize=4096)
def _parse(cron_expr: str) -> _Schedule:
    if len(cron_expr) > MAX_LENGTH:
        start = f"{cron_expr[:40]}…"
        raise ScheduleError(
            f"cron {start!r}: {len(cron_expr)} characters are over the limit of {MAX_LENGTH}; use ranges and steps"
        )
    try:
        texts = split_fields(cron_expr)
        values = [field_values(field, text) for field, text in zip(FIELDS, texts, strict=True)]
        starred = [text.startswith("*") for text in texts]
        _refuse_what_never_fires(texts, values, day_of_week_decides=not (starred[2] or starred[4]))
    except ScheduleError as error:
        raise ScheduleError(f"cron {cron_expr!r}: {error}") from None
    plain = " ".join(_plain(text, numbers) for text, numbers in zip(texts, values, strict=True))
    return _Schedule(croniter(plain, 0.0, implement_cron_bug=True), follows_real_time=starred[0] or starred[1])


def split_fields(cron_expr: str) -> list[str]:
    """The five texts of an expression, of a macro those that it stands for; raises ScheduleError."""
    text = cron_expr.strip(" \t")
    if text.startswith("@"):
        if text.lower() not in MACROS:
            raise ScheduleError(f"{text!r} is not supported; write one of {', '.join(MACROS)}")
        text = MACROS[text.lower()]
    fields = re.split(r"[ \t]+", text) if text else []
    if len(fields) != len(FIELDS):
        titles = ", ".join(field.title for field in FIELDS)
        raise ScheduleError(f"has {len(fields)} fields; write exactly 5 ({titles}) or one of {', '.join(MACROS)}")
    return fields


def field_values(field: CronField, text: str) -> set[int]:
    """The values that a field's text matches; raises ScheduleError."""
    items = text.split(",")
    if "" in items:
        raise field.refusal(text, "has an empty list item; remove the comma")
    return {field.in_cycle(value) for item in items for value in _item_values(field, item)}


def _item_values(field: CronField, item: str) -> range:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise field.not_understood(item)
    low, high = field.low, field.high
    step = int(match["step"] or 1)
    if step == 0:
        raise field.refusal(item, "has a step of 0; write 1 or more")
    if match["low"]:
        low = high = field.number(item, match["low"])
    if match["high"]:
        high = field.number(item, match["high"])
        if high <= low:
            raise _not_rising(field, item, low, high, step)
    elif match["low"] and match["step"]:
        stepped = f"'{low}-{field.last}/{step}' or " if step <= field.last - low else ""
        raise field.refusal(item, f"is a step on a single number; write {stepped}'{low}'")
    if match["step"] and step > high - low:
        raise field.refusal(item, f"has a step above its span; write a step up to {high - low}, or '{low}'")
    return range(low, high + 1, step)


def _not_rising(field: CronField, item: str, low: int, high: int, step: int) -> ScheduleError:
    meant = {field.in_cycle(low + distance) for distance in range(0, (high - low) % field.cycle + 1, step)}
    remedy = ",".join(str(value) for value in sorted(meant))
    return field.refusal(item, f"is {'an equal' if low == high else 'a reversed'} range; write '{remedy}'")


def _refuse_what_never_fires(texts: list[str], values: list[set[int]], day_of_week_decides: bool) -> None:
    days, months = values[2], values[3]
    if not day_of_week_decides and all(min(days) > _DAYS_IN_MONTH[month - 1] for month in months):
        raise ScheduleError(f"day of month {texts[2]!r} never comes in month {texts[3]!r}; write a day that it has")


def _plain(text: str, numbers: set[int]) -> str:
    """Return a field as croniter cannot misread it: numbers, after the leading `*` that the day rule goes by."""
    first = text.split(",")[0]
    if first == "*":
        return "*"
    return ",".join([first] * first.startswith("*") + [str(number) for number in sorted(numbers)])
