"""Alerts that are owed: written in the transaction that owes them, sent by others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert

from connecthub.db.tables import alert_outbox
from connecthub.db.types import database_now


def owe(connection: Connection, kind: str, alerts: Sequence[dict[str, Any]]) -> None:
    """Add alerts of a kind: `{"job_id", "job_log_id", "detail"}` each."""
    if alerts:
        connection.execute(insert(alert_outbox).values(kind=kind, created_at=database_now()), list(alerts))
