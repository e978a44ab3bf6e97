"""Dry runs are no work: how a job stands, and what it has done, is told by its other runs alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, not_

from connecthub.db.tables import job_logs


def is_work(table: Any = job_logs) -> ColumnElement[bool]:
    """Whether a JobLog, of the table or an alias of it, counts where a job's outcome is read: no dry run does."""
    return not_(table.c.dry_run)
