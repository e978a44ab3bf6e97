"""The tables. One class a table; every statement that reads or writes them stands in the modules beside this one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Table, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from connecthub.db.types import Instant

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only INTEGER primary keys."""
NAME_MAX = 200


class Status(StrEnum):
    """Where a JobLog stands in its life; `connecthub/db/job_logs.py` has one function for each arrow."""

    QUEUED = "queued"
    """Waits for a worker, or for its time (`available_at`)."""
    RUNNING = "running"
    """Claimed by a worker that holds its token and keeps its lease alive."""
    SUCCEEDED = "succeeded"
    """The plugin returned."""
    FAILED = "failed"
    """The plugin raised, or could not be loaded, or its settings do not fit its models."""
    TIMED_OUT = "timed_out"
    """Stopped after the job's timeout."""
    CANCELLED = "cancelled"
    """Stopped by a person or a policy."""
    CRASHED = "crashed"
    """The process died, or its worker was lost."""
    SKIPPED = "skipped"
    """A slot that does not run; `reason` says why."""


FINAL = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED, Status.CRASHED, Status.SKIPPED)


class Trigger(StrEnum):
    """What made a JobLog."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch_up"
    MANUAL = "manual"
    RETRY = "retry"
    BACKFILL = "backfill"


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {datetime: Instant(), dict[str, Any]: JSON(), list[str]: JSON()}  # noqa: RUF012


def table_of(model: type[Base]) -> Table:
    """The Core table of a class: statements are built on tables, not on classes."""
    return cast(Table, model.__table__)


class Installation(Base):
    """What holds for the whole database: one row."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_fingerprint: Mapped[str | None] = mapped_column(String(64))
    """Of the Fernet key in use; a process whose key file lacks it refuses to start."""
    created_at: Mapped[datetime]


class Job(Base):
    """What runs, when, with which settings."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_due", "next_run_at", "id", **_where("next_run_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX), unique=True)
    handler_path: Mapped[str] = mapped_column(Text)
    cron_expr: Mapped[str] = mapped_column(String(256))
    timezone: Mapped[str] = mapped_column(String(64))
    public_cfg: Mapped[dict[str, Any]]
    secret_cfg: Mapped[str | None] = mapped_column(Text)
    """One Fernet token whose plaintext names this job."""
    tags: Mapped[list[str]]
    enabled: Mapped[bool] = mapped_column(Boolean)
    timeout: Mapped[float] = mapped_column(Float)
    """Seconds."""
    max_retries: Mapped[int]
    overlap: Mapped[str] = mapped_column(String(16))
    queue_limit: Mapped[int]
    catch_up: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    queue: Mapped[str] = mapped_column(String(64))
    next_run_at: Mapped[datetime | None]
    """The next slot; None where the job is disabled or its schedule cannot be computed."""
    schedule_error: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    """Counts the saves."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class JobRevision(Base):
    """A job as one save left it; of secrets only which fields were set and whether the save changed them."""

    __tablename__ = "job_revisions"
    __table_args__ = (Index("ux_job_revisions", "job_id", "version", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_id: Mapped[int] = mapped_column(BigId)
    version: Mapped[int]
    settings: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(NAME_MAX))
    saved_at: Mapped[datetime]


class JobLog(Base):
    """One run, or one slot that does not run."""

    __tablename__ = "job_logs"
    __table_args__ = (
        Index(
            "ux_job_logs_slot",
            "job_id",
            "scheduled_for",
            unique=True,
            **_where("\"trigger\" IN ('schedule', 'catch_up')"),
        ),
        Index("ux_job_logs_running", "job_id", unique=True, **_where("exclusive AND status = 'running'")),
        Index("ux_job_logs_token", "token", unique=True, **_where("status = 'running'")),
        Index(
            "ux_job_logs_chain", text("coalesce(root_id, id)"), unique=True, **_where("status IN ('queued', 'running')")
        ),
        Index("ix_job_logs_open", "job_id", **_where("status IN ('queued', 'running')")),
        Index(
            "ix_job_logs_waiting", "queue", text("priority DESC"), "available_at", "id", **_where("status = 'queued'")
        ),
        Index("ix_job_logs_line", "job_id", "id", **_where("exclusive AND status = 'queued'")),
        Index("ix_job_logs_job", "job_id", "id"),
        Index("ix_job_logs_job_status", "job_id", "status", "queued_at"),
        Index("ix_job_logs_not_ok", "id", **_where("status NOT IN ('succeeded', 'queued', 'running')")),
        {"postgresql_with": {"fillfactor": 80}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("jobs.id", ondelete="SET NULL"))
    job_name: Mapped[str] = mapped_column(String(NAME_MAX))
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why a slot was skipped or a run cancelled: misfire, …"""
    trigger: Mapped[str] = mapped_column("trigger", String(16))
    scheduled_for: Mapped[datetime | None]
    """The slot."""
    missed_from: Mapped[datetime | None]
    """First slot of a misfire row; `scheduled_for` is its last."""
    missed_count: Mapped[int | None]
    attempt: Mapped[int]
    root_id: Mapped[int | None] = mapped_column(BigId)
    """The first run of its chain; None on that run itself."""
    retry_of: Mapped[int | None] = mapped_column(BigId)
    exclusive: Mapped[bool] = mapped_column(Boolean)
    priority: Mapped[int]
    queue: Mapped[str] = mapped_column(String(64))
    requested_by: Mapped[str | None] = mapped_column(String(NAME_MAX))
    handler_path: Mapped[str] = mapped_column(Text)
    public_cfg: Mapped[dict[str, Any]]
    timeout: Mapped[float] = mapped_column(Float)
    job_version: Mapped[int]
    plugin_version: Mapped[str | None] = mapped_column(String(64))
    dry_run: Mapped[bool] = mapped_column(Boolean)
    queued_at: Mapped[datetime]
    available_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(NAME_MAX))
    """Host, pid and nonce of the worker that claimed it."""
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str | None] = mapped_column(Text)
    traceback: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str | None] = mapped_column(Text)
    """Groups equal failures: exception class and innermost plugin frame."""
    result: Mapped[str | None] = mapped_column(Text)
    """JSON text."""
    run_log: Mapped[str | None] = mapped_column(Text)
    """The log's rest, after its chunks."""


class JobLogChunk(Base):
    """A piece of a run's log, written while it went on."""

    __tablename__ = "job_log_chunks"

    job_log_id: Mapped[int] = mapped_column(BigId, ForeignKey("job_logs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class HttpCall(Base):
    """One call of a run to an outside system: never its query, headers or body."""

    __tablename__ = "http_calls"
    __table_args__ = (Index("ix_http_calls_job_log", "job_log_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_log_id: Mapped[int] = mapped_column(BigId, ForeignKey("job_logs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    system: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None]
    milliseconds: Mapped[float] = mapped_column(Float)
    attempt: Mapped[int]
    bytes: Mapped[int | None] = mapped_column(BigId)
    sent: Mapped[bool] = mapped_column(Boolean)
    """False for a write that a dry run held back."""
    error: Mapped[str | None] = mapped_column(Text)


class Worker(Base):
    """A worker process that lives, or lived; kept by its heartbeat."""

    __tablename__ = "workers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    host: Mapped[str] = mapped_column(String(NAME_MAX))
    pid: Mapped[int]
    nonce: Mapped[str] = mapped_column(String(32), unique=True)
    queue: Mapped[str] = mapped_column(String(64))
    threads: Mapped[int]
    version: Mapped[str] = mapped_column(String(64))
    key_fingerprints: Mapped[str] = mapped_column(Text)
    """Of all keys in its key file, in the file's order, joined by commas."""
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class Audit(Base):
    """One act of a person; only ever added to."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_target", "target_kind", "target_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(NAME_MAX))
    role: Mapped[str] = mapped_column(String(16))
    via: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    target_kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[int | None] = mapped_column(BigId)
    target_name: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]


class AlertOutbox(Base):
    """An alert that is owed; written with the outcome that owes it."""

    __tablename__ = "alert_outbox"
    __table_args__ = (Index("ix_alert_outbox_owed", "id", **_where("sent_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_log_id: Mapped[int | None] = mapped_column(BigId)
    job_id: Mapped[int | None] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
