"""Column types: instants as aware UTC, and the database's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out; timestamptz on PostgreSQL, sortable UTC text with microseconds on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant, hand on UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instant {value!r} has no zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class database_now(FunctionElement[datetime]):
    """The database's clock at the moment of the statement, not of the transaction's begin."""

    type = Instant()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _now_postgresql(element: database_now, compiler: Any, **_: Any) -> str:
    return "clock_timestamp()"


@compiles(database_now, "sqlite")
def _now_sqlite(element: database_now, compiler: Any, **_: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


class database_now_plus(FunctionElement[datetime]):
    """The database's clock and a whole number of seconds more; the seconds are a literal of the statement."""

    type = Instant()
    inherit_cache = False

    def __init__(self, seconds: float) -> None:
        self.seconds = float(seconds)
        super().__init__()


@compiles(database_now_plus, "postgresql")
def _plus_postgresql(element: database_now_plus, compiler: Any, **_: Any) -> str:
    return f"(clock_timestamp() + interval '{element.seconds} seconds')"


@compiles(database_now_plus, "sqlite")
def _plus_sqlite(element: database_now_plus, compiler: Any, **_: Any) -> str:
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', '{element.seconds:+f} seconds') || '000')"
