"""Types of columns and rows: instants as aware UTC, and the database's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, Row, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator

AnyRow = Row[*tuple[Any, ...]]
"""A row of a statement; its columns are the statement's."""
Columns = tuple[ColumnElement[Any], ...]


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
    """The database's clock at the moment of the statement, `seconds` later where they are given."""

    type = Instant()
    inherit_cache = True

    def __init__(self, seconds: ColumnElement[float] | None = None) -> None:
        super().__init__(*([] if seconds is None else [seconds]))


@compiles(database_now, "postgresql")
def _now_postgresql(element: database_now, compiler: Any, **options: Any) -> str:
    if not len(element.clauses):
        return "clock_timestamp()"
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)}))"


@compiles(database_now, "sqlite")
def _now_sqlite(element: database_now, compiler: Any, **options: Any) -> str:
    if not len(element.clauses):
        return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"
    seconds = compiler.process(element.clauses, **options)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', ({seconds}) || ' seconds') || '000')"


class later(FunctionElement[datetime]):
    """An instant some seconds later; SQLite counts whole milliseconds."""

    type = Instant()
    inherit_cache = True

    def __init__(self, instant: ColumnElement[datetime], seconds: ColumnElement[float]) -> None:
        super().__init__(instant, seconds)


@compiles(later, "postgresql")
def _later_postgresql(element: later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(part, **options) for part in element.clauses)
    return f"({instant} + make_interval(secs => {seconds}))"


@compiles(later, "sqlite")
def _later_sqlite(element: later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(part, **options) for part in element.clauses)
    return f"(strftime('%Y-%m-%d %H:%M:%f', {instant}, ({seconds}) || ' seconds') || '000')"


class on_sqlite(FunctionElement[Any]):
    """A condition, in SQL's own words, that SQLite needs to find an index; true everywhere else."""

    type = NullType()  # of a Boolean, SQLAlchemy would write `= 1` behind it for SQLite
    inherit_cache = True

    def __init__(self, words: str) -> None:
        super().__init__(literal_column(words))


@compiles(on_sqlite)
def _true(element: on_sqlite, compiler: Any, **options: Any) -> str:
    return "true"


@compiles(on_sqlite, "sqlite")
def _as_it_stands(element: on_sqlite, compiler: Any, **options: Any) -> str:
    return compiler.process(element.clauses, **options)
