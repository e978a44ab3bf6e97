"""The rows of worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, String, bindparam, cast, func, insert, literal, literal_column, select, update

from connecthub.db.tables import Status, job_logs, workers
from connecthub.db.types import AnyRow, database_now


def insert_worker(connection: Connection, values: dict[str, Any]) -> int:
    """Add the row of a worker that starts now and return its id."""
    statement = insert(workers).values(started_at=database_now(), seen_at=database_now(), **values)
    return connection.execute(statement.returning(workers.c.id)).scalar_one()


_touch = (
    update(workers)
    .where(workers.c.id == bindparam("worker_id"))
    .values(seen_at=database_now(), key_fingerprints=bindparam("held_keys"))
)


def touch_worker(connection: Connection, worker_id: int, key_fingerprints: str) -> None:
    """Say that the worker lives, and which keys it holds now."""
    connection.execute(_touch, {"worker_id": worker_id, "held_keys": key_fingerprints})


def stop_worker(connection: Connection, worker_id: int) -> None:
    """Say that the worker has ended in order."""
    connection.execute(
        update(workers).where(workers.c.id == worker_id).values(seen_at=database_now(), stopped_at=database_now())
    )


def list_live(connection: Connection, within: float) -> Sequence[AnyRow]:
    """The workers that gave a sign of life within so many seconds, by the database's clock, and have not stopped."""
    alive = workers.c.seen_at >= database_now(literal(-within))
    return connection.execute(select(workers).where(workers.c.stopped_at.is_(None), alive).order_by(workers.c.id)).all()


def list_recent(connection: Connection, live_within: float, within: float) -> Sequence[AnyRow]:
    """The workers that gave a sign of life within so many seconds and have not stopped, with `busy`, the runs that each
    holds, and `lost`, where the last sign is older than `live_within`."""
    columns = workers.c
    name = columns.host + ":" + cast(columns.pid, String) + ":" + columns.nonce
    running = job_logs.c.status == literal_column(f"'{Status.RUNNING}'")
    busy = select(func.count()).where(running, job_logs.c.worker == name).correlate(workers).scalar_subquery()
    lost = columns.seen_at < database_now(literal(-live_within))
    listing = select(workers, busy.label("busy"), lost.label("lost"))
    recent = columns.seen_at >= database_now(literal(-within))
    return connection.execute(listing.where(columns.stopped_at.is_(None), recent).order_by(columns.id)).all()
