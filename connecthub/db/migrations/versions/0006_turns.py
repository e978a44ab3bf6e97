"""Turns that runs of all workers take, and what a call to an outside system was for."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, String, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a table that the version before does not look at, and a column that it may leave out."""
    op.create_table(
        "turns",
        Column("key", String(200), primary_key=True),
        Column("free_at", DateTime(timezone=True), nullable=False),
    )
    op.add_column("http_calls", Column("note", Text, nullable=False, server_default=""))
