"""Acknowledgements: somebody has seen that a job's newest run did not succeed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, String, Text

revision = "0004"
down_revision = "0003"

BigId = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Add a table that the version before does not look at."""
    op.create_table(
        "acknowledgements",
        Column("job_id", BigId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        Column("log_id", BigId, nullable=False),
        Column("actor", String(200), nullable=False),
        Column("note", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
