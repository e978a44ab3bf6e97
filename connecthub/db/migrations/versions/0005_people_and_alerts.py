"""Operators and their keys, what the audit trail says of a way in, channels of alerts, numbers of an old system."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, ForeignKey, Integer, String, Text, text

revision = "0005"
down_revision = "0004"

BigId = BigInteger().with_variant(Integer, "sqlite")
Instant = DateTime(timezone=True)


def upgrade() -> None:
    """Add tables that the version before does not look at, and columns that it may leave out."""
    _operators()
    _alerts()
    op.add_column("audit", Column("fingerprint", String(64)))
    op.add_column("audit", Column("address", String(200)))
    op.add_column("audit", Column("reason", Text))
    op.add_column("audit", Column("result", String(16), nullable=False, server_default="done"))
    for table in ("jobs", "job_logs"):
        op.add_column(table, Column("old_id", Text))
        _partial(f"ux_{table}_old_id", table, ["old_id"], "old_id IS NOT NULL", unique=True)


def _operators() -> None:
    op.create_table(
        "operators",
        Column("id", BigId, primary_key=True),
        Column("name", String(64), unique=True, nullable=False),
        Column("role", String(16), nullable=False),
        Column("language", String(8), nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "operator_keys",
        Column("id", BigId, primary_key=True),
        Column("operator_id", BigId, ForeignKey("operators.id", ondelete="CASCADE"), nullable=False),
        Column("fingerprint", String(64), unique=True, nullable=False),
        Column("public_key", Text, nullable=False),
        Column("comment", String(200), nullable=False),
        Column("created_at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_operator_keys_operator", "operator_keys", ["operator_id"])


def _alerts() -> None:
    op.add_column("installation", Column("alert_policy", JSON(none_as_null=True)))
    op.add_column("installation", Column("alert_state", JSON(none_as_null=True)))
    op.add_column("jobs", Column("alert_policy", JSON(none_as_null=True)))
    op.add_column("alert_outbox", Column("dedup_key", String(200)))
    op.add_column("alert_outbox", Column("series_of", BigId))
    _partial("ux_alert_outbox_dedup", "alert_outbox", ["dedup_key"], "dedup_key IS NOT NULL", unique=True)
    _partial("ux_alert_outbox_series", "alert_outbox", ["series_of"], "series_of IS NOT NULL", unique=True)
    op.create_table(
        "alert_channels",
        Column("id", BigId, primary_key=True),
        Column("name", String(200), unique=True, nullable=False),
        Column("service", String(32), nullable=False),
        Column("sealed_url", Text, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("last_sent_at", Instant),
        Column("last_error", Text),
        Column("last_error_at", Instant),
    )
    op.create_table(
        "alert_deliveries",
        Column("alert_id", BigId, ForeignKey("alert_outbox.id", ondelete="CASCADE"), primary_key=True),
        Column("channel_id", BigId, ForeignKey("alert_channels.id", ondelete="CASCADE"), primary_key=True),
        Column("tries", Integer, nullable=False),
        Column("next_try_at", Instant),
        Column("sent_at", Instant),
        Column("last_error", Text),
    )
    due = "next_try_at IS NOT NULL"
    _partial("ix_alert_deliveries_due", "alert_deliveries", ["channel_id", "next_try_at"], due)


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = text(condition)
    op.create_index(name, table, columns, unique=unique, postgresql_where=where, sqlite_where=where)
