"""Times as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connecthub.errors import ConfigError

_AGO = re.compile(r"(\d{1,6})\s*(m|min|h|d|w)", re.ASCII)
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?", re.ASCII)
FORMS = "2026-11-24, '2026-11-24 18:00', 2026-11-24T18:00:00+08:00, 18:00 (today), or 30m, 12h, 3d, 2w (ago)"


def parse_time(text: str, zone: str, now: datetime) -> datetime:
    """The instant that a text names, aware UTC; without an offset it is a time of `zone`. Raises ConfigError."""
    local_now = now.astimezone(ZoneInfo(zone))
    written = text.strip()
    try:
        if ago := _AGO.fullmatch(written):
            return (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).astimezone(UTC)
        if _CLOCK.fullmatch(written):
            written = f"{local_now:%Y-%m-%d} {written:0>5}"
        at = datetime.fromisoformat(written)
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(f"{text!r} is no time; write {FORMS}") from None
