"""The first schema."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    String,
    Text,
    text,
)

revision = "0001"
down_revision = None

BigId = BigInteger().with_variant(Integer, "sqlite")
Instant = DateTime(timezone=True)


def upgrade() -> None:
    """Create every table."""
    create_installation()
    create_jobs()
    create_job_logs()
    create_parts_of_job_logs()
    create_workers()
    create_audit()
    create_alert_outbox()


def where(condition: str) -> dict[str, Any]:
    """Say which rows an index holds."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


def create_installation() -> None:
    """Create the table of the one row that holds for the whole database."""
    op.create_table(
        "installation",
        Column("id", Integer, primary_key=True),
        Column("key_fingerprint", String(64)),
        Column("created_at", Instant, nullable=False),
    )


def create_jobs() -> None:
    """Create the jobs and what each save left."""
    op.create_table(
        "jobs",
        Column("id", BigId, primary_key=True),
        Column("name", String(200), nullable=False, unique=True),
        Column("handler_path", Text, nullable=False),
        Column("cron_expr", String(256), nullable=False),
        Column("timezone", String(64), nullable=False),
        Column("public_cfg", JSON, nullable=False),
        Column("secret_cfg", Text),
        Column("tags", JSON, nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("timeout", Float, nullable=False),
        Column("max_retries", Integer, nullable=False),
        Column("overlap", String(16), nullable=False),
        Column("queue_limit", Integer, nullable=False),
        Column("catch_up", String(16), nullable=False),
        Column("priority", Integer, nullable=False),
        Column("queue", String(64), nullable=False),
        Column("next_run_at", Instant),
        Column("schedule_error", Text),
        Column("version", Integer, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_due", "jobs", ["next_run_at", "id"], **where("next_run_at IS NOT NULL"))
    op.create_table(
        "job_revisions",
        Column("id", BigId, primary_key=True),
        Column("job_id", BigId, nullable=False),
        Column("version", Integer, nullable=False),
        Column("settings", JSON, nullable=False),
        Column("actor", String(200), nullable=False),
        Column("saved_at", Instant, nullable=False),
    )
    op.create_index("ux_job_revisions", "job_revisions", ["job_id", "version"], unique=True)


def create_job_logs() -> None:
    """Create the runs and their indexes."""
    op.create_table(
        "job_logs",
        Column("id", BigId, primary_key=True),
        Column("job_id", BigId, ForeignKey("jobs.id", ondelete="SET NULL")),
        Column("job_name", String(200), nullable=False),
        Column("status", String(16), nullable=False),
        Column("reason", Text),
        Column("trigger", String(16), nullable=False),
        Column("scheduled_for", Instant),
        Column("missed_from", Instant),
        Column("missed_count", Integer),
        Column("attempt", Integer, nullable=False),
        Column("root_id", BigId),
        Column("retry_of", BigId),
        Column("exclusive", Boolean, nullable=False),
        Column("priority", Integer, nullable=False),
        Column("queue", String(64), nullable=False),
        Column("requested_by", String(200)),
        Column("handler_path", Text, nullable=False),
        Column("public_cfg", JSON, nullable=False),
        Column("timeout", Float, nullable=False),
        Column("job_version", Integer, nullable=False),
        Column("plugin_version", String(64)),
        Column("dry_run", Boolean, nullable=False),
        Column("queued_at", Instant, nullable=False),
        Column("available_at", Instant, nullable=False),
        Column("started_at", Instant),
        Column("finished_at", Instant),
        Column("token", String(32)),
        Column("lease_until", Instant),
        Column("cancel_requested_at", Instant),
        Column("worker", String(200)),
        Column("progress", JSON),
        Column("error", Text),
        Column("traceback", Text),
        Column("fingerprint", Text),
        Column("result", Text),
        Column("run_log", Text),
        sqlite_autoincrement=True,
        postgresql_with={"fillfactor": 80},
    )
    slot = where("\"trigger\" IN ('schedule', 'catch_up')")
    is_open = where("status IN ('queued', 'running')")
    waiting = ["queue", text("priority DESC"), "available_at", "id"]
    index = op.create_index
    index("ux_job_logs_slot", "job_logs", ["job_id", "scheduled_for"], unique=True, **slot)
    index("ux_job_logs_running", "job_logs", ["job_id"], unique=True, **where("exclusive AND status = 'running'"))
    index("ux_job_logs_token", "job_logs", ["token"], unique=True, **where("status = 'running'"))
    index("ux_job_logs_chain", "job_logs", [text("coalesce(root_id, id)")], unique=True, **is_open)
    index("ix_job_logs_open", "job_logs", ["job_id"], **is_open)
    index("ix_job_logs_waiting", "job_logs", waiting, **where("status = 'queued'"))
    index("ix_job_logs_line", "job_logs", ["job_id", "id"], **where("exclusive AND status = 'queued'"))
    index("ix_job_logs_job", "job_logs", ["job_id", "id"])
    index("ix_job_logs_job_status", "job_logs", ["job_id", "status", "queued_at"])
    index("ix_job_logs_not_ok", "job_logs", ["id"], **where("status NOT IN ('succeeded', 'queued', 'running')"))


def create_parts_of_job_logs() -> None:
    """Create the log chunks and the HTTP calls of runs."""
    op.create_table(
        "job_log_chunks",
        Column("job_log_id", BigId, ForeignKey("job_logs.id", ondelete="CASCADE"), primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("at", Instant, nullable=False),
        Column("text", Text, nullable=False),
    )
    op.create_table(
        "http_calls",
        Column("id", BigId, primary_key=True),
        Column("job_log_id", BigId, ForeignKey("job_logs.id", ondelete="CASCADE"), nullable=False),
        Column("at", Instant, nullable=False),
        Column("system", String(64), nullable=False),
        Column("method", String(16), nullable=False),
        Column("path", Text, nullable=False),
        Column("status", Integer),
        Column("milliseconds", Float, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("bytes", BigId),
        Column("sent", Boolean, nullable=False),
        Column("error", Text),
    )
    op.create_index("ix_http_calls_job_log", "http_calls", ["job_log_id", "id"])


def create_workers() -> None:
    """Create the worker processes."""
    op.create_table(
        "workers",
        Column("id", BigId, primary_key=True),
        Column("host", String(200), nullable=False),
        Column("pid", Integer, nullable=False),
        Column("nonce", String(32), nullable=False, unique=True),
        Column("queue", String(64), nullable=False),
        Column("threads", Integer, nullable=False),
        Column("version", String(64), nullable=False),
        Column("key_fingerprints", Text, nullable=False),
        Column("started_at", Instant, nullable=False),
        Column("seen_at", Instant, nullable=False),
        Column("stopped_at", Instant),
    )


def create_audit() -> None:
    """Create the acts of persons."""
    op.create_table(
        "audit",
        Column("id", BigId, primary_key=True),
        Column("at", Instant, nullable=False),
        Column("actor", String(200), nullable=False),
        Column("role", String(16), nullable=False),
        Column("via", String(16), nullable=False),
        Column("action", String(64), nullable=False),
        Column("target_kind", String(16), nullable=False),
        Column("target_id", BigId),
        Column("target_name", Text, nullable=False),
        Column("detail", JSON, nullable=False),
    )
    op.create_index("ix_audit_target", "audit", ["target_kind", "target_id", "id"])


def create_alert_outbox() -> None:
    """Create the alerts that are owed."""
    op.create_table(
        "alert_outbox",
        Column("id", BigId, primary_key=True),
        Column("job_log_id", BigId),
        Column("job_id", BigId),
        Column("kind", String(32), nullable=False),
        Column("detail", JSON, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("sent_at", Instant),
    )
    op.create_index("ix_alert_outbox_owed", "alert_outbox", ["id"], **where("sent_at IS NULL"))
