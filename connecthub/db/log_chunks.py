"""The pieces of a run's log that are written while it goes on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, literal_column, update

from connecthub.db.dialects import insert_into
from connecthub.db.tables import job_log_chunks, job_logs
from connecthub.db.types import database_now


def append_chunk(connection: Connection, log_id: int, token: str, seq: int, text: str, progress: Any) -> bool:
    """Write a piece of log and the newest progress of a run that `token` still holds; False where it does not.

    A number that is written already stays as it is: the same chunk may come again, after a reply that was lost.
    """
    owned = (
        update(job_logs)
        .where(job_logs.c.id == log_id, job_logs.c.token == token, job_logs.c.status == literal_column("'running'"))
        .values(progress=progress)
    )
    if connection.execute(owned).rowcount != 1:
        return False
    if text:
        chunk = insert_into(connection, job_log_chunks).values(job_log_id=log_id, seq=seq, at=database_now(), text=text)
        connection.execute(chunk.on_conflict_do_nothing())
    return True
