"""Times as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connecthub.errors import ConfigError

_AGO = re.compile(r"(\d{1,6})\s*(m|min|h|d|w)")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
FORMS = "2026-11-24, '2026-11-24 18:00', 2026-11-24T18:00:00+08:00, 18:00 (today), or 30m, 12h, 3d, 2w (ago)"


def parse_time(text: str, zone: str, now: datetime) -> datetime:
    """The instant that a text names, aware UTC; without an offset it is a time of `zone`. Raises ConfigError."""
    local_now = now.astimezone(ZoneInfo(zone))
    if ago := _AGO.fullmatch(text.strip()):
        return (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).astimezone(UTC)
    try:
        if _CLOCK.fullmatch(text.strip()):
            text = f"{local_now:%Y-%m-%d} {text.strip():0>5}"
        at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(f"{text!r} is no time; write {FORMS}") from None
