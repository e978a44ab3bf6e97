"""How an instant is shown: in the installation's zone, in UTC, or as its distance from when the data was read."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.words import Words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


class TimeMode(StrEnum):
    """`t` goes through them."""

    ZONE = "zone"
    UTC = "utc"
    AGO = "ago"

    def following(self) -> TimeMode:
        """The next one."""
        modes = list(TimeMode)
        return modes[(modes.index(self) + 1) % len(modes)]


class Times:
    """Shows instants; a distance is one from `at`, the time of the data, so that nothing on the screen runs."""

    def __init__(self, words: Words, zone: str = "UTC", mode: TimeMode = TimeMode.ZONE) -> None:
        self._words = words
        self.zone = zone
        self.mode = mode

    def show(self, instant: datetime | None, at: datetime | None) -> str:
        """An instant, in fourteen columns or less."""
        if instant is None:
            return ""
        if self.mode is TimeMode.AGO and at is not None:
            return self._distance(instant - at)
        return f"{instant.astimezone(self._zone()):%m-%d %H:%M:%S}"

    def short(self, instant: datetime, at: datetime | None) -> str:
        """An instant of a day that is known, in ten columns or less."""
        if self.mode is TimeMode.AGO:
            return self.show(instant, at)
        return f"{instant.astimezone(self._zone()):%H:%M:%S}"

    def clock(self, instant: datetime) -> str:
        """The time of day, with its zone."""
        zone = "UTC" if self.mode is TimeMode.UTC else self.zone
        return f"{instant.astimezone(self._zone()):%H:%M:%S} {zone}"

    def span(self, length: timedelta) -> str:
        """A length of time in its two largest units at the most."""
        seconds = max(0.0, length.total_seconds())
        if seconds < 60:
            return self._words("unit.s", n=f"{seconds:.1f}" if seconds < 9.95 else f"{seconds:.0f}")
        if seconds < 3600:
            return self._words("unit.min", n=int(seconds // 60))
        if seconds < 48 * 3600:
            return self._words("unit.h", n=f"{seconds / 3600:.1f}")
        return self._words("unit.d", n=int(seconds // 86400))

    def _distance(self, length: timedelta) -> str:
        if abs(length) < timedelta(seconds=1):
            return self._words("time.now")
        if length > timedelta(0):
            return self._words("time.in", span=self.span(length))
        return self._words("time.ago", span=self.span(-length))

    def _zone(self) -> ZoneInfo:
        from zoneinfo import ZoneInfo

        return ZoneInfo("UTC" if self.mode is TimeMode.UTC else self.zone)
