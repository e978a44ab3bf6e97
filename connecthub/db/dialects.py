"""What the two dialects write differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection


def insert_into(connection: Connection, table: Any) -> Any:
    """The INSERT of the connection's dialect, which knows conflicts; the other dialect is not imported for it."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(table)
