"""Which plugins jobs name."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from connecthub.db.tables import jobs


def count_by_handler(connection: Connection) -> dict[str, int]:
    """How many jobs name each handler, as they spell it."""
    listing = select(jobs.c.handler_path, func.count().label("jobs")).group_by(jobs.c.handler_path)
    return {row.handler_path: row.jobs for row in connection.execute(listing)}
