"""Policies: how a retry waits, how many ended runs a job keeps, when a bell is rung again."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, Float, Integer, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns with defaults, so that the version before goes on."""
    op.add_column("jobs", Column("retry_delay", Float, nullable=False, server_default="60"))
    op.add_column("jobs", Column("retry_backoff", Float, nullable=False, server_default="2"))
    op.add_column("jobs", Column("keep_last", Integer))
    op.add_column("job_logs", Column("ring_at", DateTime(timezone=True)))
    queued = text("status = 'queued'")
    op.create_index("ix_job_logs_ring", "job_logs", ["ring_at"], postgresql_where=queued, sqlite_where=queued)
