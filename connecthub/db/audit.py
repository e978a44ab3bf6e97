"""The audit trail: only ever added to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from connecthub.db.tables import audit
from connecthub.db.types import database_now


def insert_audit(connection: Connection, values: dict[str, Any]) -> None:
    """Add one act, at the database's time; `values` must hold no secret."""
    connection.execute(insert(audit).values(at=database_now(), **values))
