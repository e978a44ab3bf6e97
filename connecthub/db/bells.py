"""The bells of queued rows: whose is due, for the first time or because nobody answered it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float, bindparam, literal_column, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from connecthub.db.engine import Database
from connecthub.db.tables import Status, job_logs
from connecthub.db.types import AnyRow, database_now

AGAIN_MIN, AGAIN_MAX = 60, 3600
"""Seconds: how soon and how late a bell is rung again."""


class _until_again(FunctionElement[float]):
    """Seconds to the next bell: twice as long as the row waits already, so that the pauses grow without being counted,
    at least a minute and at most an hour."""

    type = Float()
    inherit_cache = True

    def __init__(self, available_at: ColumnElement[Any]) -> None:
        super().__init__(available_at)


@compiles(_until_again, "postgresql")
def _until_again_postgresql(element: _until_again, compiler: Any, **options: Any) -> str:
    since = compiler.process(element.clauses, **options)
    return f"least({AGAIN_MAX}, greatest({AGAIN_MIN}, 2 * extract(epoch FROM clock_timestamp() - {since})))"


@compiles(_until_again, "sqlite")
def _until_again_sqlite(element: _until_again, compiler: Any, **options: Any) -> str:
    since = compiler.process(element.clauses, **options)
    days = f"julianday('now') - julianday({since})"
    return f"min({AGAIN_MAX}, max({AGAIN_MIN}, 2 * 86400 * ({days})))"


# The clock as a subquery: asked once it can bound an index, asked for each row it cannot. The CTE, which PostgreSQL
# does not dissolve where it locks, is run once, so that no more than `limit` are rung.
_due = (
    select(job_logs.c.id)
    .where(
        job_logs.c.status == literal_column(f"'{Status.QUEUED}'"),
        job_logs.c.ring_at <= select(database_now()).scalar_subquery(),
    )
    .order_by(job_logs.c.ring_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, key_share=True)
    .cte("due")
)
_take_due = (
    update(job_logs)
    .where(job_logs.c.id.in_(select(_due.c.id)))
    .values(ring_at=database_now(_until_again(job_logs.c.available_at)))
    .returning(job_logs.c.id, job_logs.c.queue, job_logs.c.priority)
)


def take_due(database: Database, limit: int) -> list[AnyRow]:
    """The queued rows whose bell is due, at most `limit`, by id; it is theirs who asks, and due again only later.

    One statement in a transaction of its own: of several schedulers only one gets a row.
    """
    return sorted(database.write_alone(_take_due, {"limit": limit}), key=lambda row: row.id)
