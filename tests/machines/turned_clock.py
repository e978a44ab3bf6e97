"""A clock for SQLite's own `'now'`, which a machine turns: leases and waiting rows go by the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from connecthub.db.engine import Database

_UNIX_EPOCH = 2440587.5
"""As a Julian day."""


class TurnedClock:
    """Stands in for `strftime` and `julianday` on both connections of a database that one thread uses."""

    def __init__(self, database: Database) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        for way_in in (database.read, database.write):
            with way_in() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.create_function("strftime", -1, self._strftime)
                driver.create_function("julianday", 1, self._julianday)

    def _at(self, instant: str) -> datetime:
        return self.now() if instant == "now" else datetime.fromisoformat(instant).replace(tzinfo=UTC)

    def _strftime(self, layout: str, instant: str, *modifiers: str) -> str:
        assert layout == "%Y-%m-%d %H:%M:%f"
        at = self._at(instant)
        for modifier in modifiers:
            number, unit = modifier.split()
            assert unit == "seconds"
            at += timedelta(seconds=float(number))
        return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"

    def _julianday(self, instant: str) -> float:
        return self._at(instant).timestamp() / 86400 + _UNIX_EPOCH
