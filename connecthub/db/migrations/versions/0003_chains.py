"""Chains: a run's retries are found by its number."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add an index that holds retries only."""
    retries = text("root_id IS NOT NULL")
    op.create_index("ix_job_logs_root", "job_logs", ["root_id", "id"], postgresql_where=retries, sqlite_where=retries)
