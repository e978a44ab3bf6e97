"""The tables and the words that stand in them; every statement on them is in the modules beside this one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from connecthub.db.types import Instant

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only INTEGER primary keys."""
NAME_MAX = 200

metadata = MetaData()


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


# What holds for the whole database: one row.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_fingerprint", String(64)),  # Of the key in use; a process whose key file lacks it refuses to start.
    Column("created_at", Instant, nullable=False),
    Column("alert_policy", JSON(none_as_null=True)),  # Of jobs that have none of their own; None: the program's.
    Column("alert_state", JSON(none_as_null=True)),  # Up to where the rules have looked.
)

# What runs, when, with which settings.
jobs = Table(
    "jobs",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", String(NAME_MAX), unique=True, nullable=False),
    Column("handler_path", Text, nullable=False),
    Column("cron_expr", String(256), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("public_cfg", JSON, nullable=False),
    Column("secret_cfg", Text),  # One Fernet token whose plaintext names this job.
    Column("tags", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("timeout", Float, nullable=False),  # Seconds.
    Column("max_retries", Integer, nullable=False),
    Column("overlap", String(16), nullable=False),
    Column("queue_limit", Integer, nullable=False),
    Column("catch_up", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("queue", String(64), nullable=False),
    Column("next_run_at", Instant),  # The next slot; None where the job is disabled or its schedule cannot be computed.
    Column("schedule_error", Text),
    Column("version", Integer, nullable=False),  # Counts the saves.
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("retry_delay", Float, nullable=False, server_default="60"),  # Seconds before the first retry.
    Column("retry_backoff", Float, nullable=False, server_default="2"),  # Each further delay is so many times longer.
    Column("keep_last", Integer),  # So many ended JobLogs stay, whatever their age; None: LOG_RETENTION_DAYS alone.
    Column("alert_policy", JSON(none_as_null=True)),  # Which rules tell which channels; None: the installation's.
    Column("old_id", Text),  # Its number in the system that it was imported from.
    Index("ux_jobs_old_id", "old_id", unique=True, **_where("old_id IS NOT NULL")),
    Index("ix_jobs_due", "next_run_at", "id", **_where("next_run_at IS NOT NULL")),
    sqlite_autoincrement=True,
)

# A job as one save left it; of secrets only which fields were set and whether the save changed them.
job_revisions = Table(
    "job_revisions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("job_id", BigId, nullable=False),
    Column("version", Integer, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("actor", String(NAME_MAX), nullable=False),
    Column("saved_at", Instant, nullable=False),
    Index("ux_job_revisions", "job_id", "version", unique=True),
)

# One run, or one slot that does not run.
job_logs = Table(
    "job_logs",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("job_id", BigId, ForeignKey("jobs.id", ondelete="SET NULL")),
    Column("job_name", String(NAME_MAX), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),  # Why a slot was skipped or a run cancelled: misfire, …
    Column("trigger", String(16), nullable=False),
    Column("scheduled_for", Instant),  # The slot.
    Column("missed_from", Instant),  # First slot of a misfire row; `scheduled_for` is its last.
    Column("missed_count", Integer),
    Column("attempt", Integer, nullable=False),
    Column("root_id", BigId),  # The first run of its chain; None on that run itself.
    Column("retry_of", BigId),
    Column("exclusive", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("queue", String(64), nullable=False),
    Column("requested_by", String(NAME_MAX)),
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
    Column("worker", String(NAME_MAX)),  # Host, pid and nonce of the worker that claimed it.
    Column("progress", JSON(none_as_null=True)),
    Column("error", Text),
    Column("traceback", Text),
    Column("fingerprint", Text),  # Groups equal failures: exception class and innermost plugin frame.
    Column("result", Text),  # JSON text.
    Column("run_log", Text),  # The log's rest, after its chunks.
    Column("ring_at", Instant),  # When the bell of a queued row is due, again or for the first time.
    Column("old_id", Text),  # Its number in the system that it was imported from.
    Index("ux_job_logs_old_id", "old_id", unique=True, **_where("old_id IS NOT NULL")),
    Index(
        "ux_job_logs_slot",
        "job_id",
        "scheduled_for",
        unique=True,
        **_where("\"trigger\" IN ('schedule', 'catch_up')"),
    ),
    Index("ux_job_logs_running", "job_id", unique=True, **_where("exclusive AND status = 'running'")),
    Index("ux_job_logs_token", "token", unique=True, **_where("status = 'running'")),
    Index("ux_job_logs_chain", text("coalesce(root_id, id)"), unique=True, **_where("status IN ('queued', 'running')")),
    Index("ix_job_logs_open", "job_id", **_where("status IN ('queued', 'running')")),
    Index("ix_job_logs_waiting", "queue", text("priority DESC"), "available_at", "id", **_where("status = 'queued'")),
    Index("ix_job_logs_ring", "ring_at", **_where("status = 'queued'")),
    Index("ix_job_logs_line", "job_id", "id", **_where("exclusive AND status = 'queued'")),
    Index("ix_job_logs_job", "job_id", "id"),
    Index("ix_job_logs_job_status", "job_id", "status", "queued_at"),
    Index("ix_job_logs_root", "root_id", "id", **_where("root_id IS NOT NULL")),
    Index("ix_job_logs_not_ok", "id", **_where("status NOT IN ('succeeded', 'queued', 'running')")),
    postgresql_with={"fillfactor": 80},
    sqlite_autoincrement=True,
)

# A piece of a run's log, written while it went on.
job_log_chunks = Table(
    "job_log_chunks",
    metadata,
    Column("job_log_id", BigId, ForeignKey("job_logs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
)

# One call of a run to an outside system: never its query, headers or body.
http_calls = Table(
    "http_calls",
    metadata,
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
    Column("sent", Boolean, nullable=False),  # False for a write that a dry run held back.
    Column("error", Text),
    Column("note", Text, nullable=False, server_default=""),  # What the call is for, in its client's words.
    Index("ix_http_calls_job_log", "job_log_id", "id"),
)

# What runs of all workers do in turn, at a set distance; see `connecthub/core/turns.py`.
turns = Table(
    "turns",
    metadata,
    Column("key", String(NAME_MAX), primary_key=True),  # What the turns are of: `didi:HOST:COMPANY`.
    Column("free_at", Instant, nullable=False),  # When the next turn may be, by the database's clock.
)

# A worker process that lives, or lived; kept by its heartbeat.
workers = Table(
    "workers",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("host", String(NAME_MAX), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("nonce", String(32), unique=True, nullable=False),
    Column("queue", String(64), nullable=False),
    Column("threads", Integer, nullable=False),
    Column("version", String(64), nullable=False),
    Column("key_fingerprints", Text, nullable=False),  # Of all keys in its key file, in its order, joined by commas.
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("stopped_at", Instant),
)

# One act of a person; only ever added to.
audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(NAME_MAX), nullable=False),
    Column("role", String(16), nullable=False),
    Column("via", String(16), nullable=False),
    Column("action", String(64), nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target_id", BigId),
    Column("target_name", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("fingerprint", String(64)),  # Of the SSH key that the person came with.
    Column("address", String(NAME_MAX)),  # Where the person came from.
    Column("reason", Text),  # As the person gave it, where one is asked for.
    Column("result", String(16), nullable=False, server_default="done"),  # done, or refused: nothing was changed.
    Index("ix_audit_target", "target_kind", "target_id", "id"),
)

# Somebody has seen that a job's run did not succeed; it counts as long as that run is the newest that has ended.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("job_id", BigId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("log_id", BigId, nullable=False),
    Column("actor", String(NAME_MAX), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# An alert that is owed; written with the outcome that owes it.
alert_outbox = Table(
    "alert_outbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("job_log_id", BigId),
    Column("job_id", BigId),
    Column("kind", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),  # When it went to its channels, or to nobody; its deliveries say what became of it.
    Column("dedup_key", String(NAME_MAX)),  # What it is about: a second alert of the same key is not written.
    Column("series_of", BigId),  # The job whose failures it began, as long as that job has not recovered.
    Index("ix_alert_outbox_owed", "id", **_where("sent_at IS NULL")),
    Index("ux_alert_outbox_dedup", "dedup_key", unique=True, **_where("dedup_key IS NOT NULL")),
    Index("ux_alert_outbox_series", "series_of", unique=True, **_where("series_of IS NOT NULL")),
)

# Where alerts go; the URL holds a token or a password.
alert_channels = Table(
    "alert_channels",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", String(NAME_MAX), unique=True, nullable=False),
    Column("service", String(32), nullable=False),  # What the URL begins with.
    Column("sealed_url", Text, nullable=False),  # One Fernet token whose plaintext names this channel.
    Column("created_at", Instant, nullable=False),
    Column("last_sent_at", Instant),
    Column("last_error", Text),
    Column("last_error_at", Instant),
)

# One alert on its way to one channel.
alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("alert_id", BigId, ForeignKey("alert_outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("channel_id", BigId, ForeignKey("alert_channels.id", ondelete="CASCADE"), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Instant),  # None: it was sent, or given up.
    Column("sent_at", Instant),
    Column("last_error", Text),
    Index("ix_alert_deliveries_due", "channel_id", "next_try_at", **_where("next_try_at IS NOT NULL")),
)

# A person who comes over SSH.
operators = Table(
    "operators",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", String(64), unique=True, nullable=False),
    Column("role", String(16), nullable=False),  # viewer, operator or admin.
    Column("language", String(8), nullable=False),  # en or zh; empty: UI_LANG.
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

# A public key of an operator; its number stands in the authorized_keys file and is never given twice.
operator_keys = Table(
    "operator_keys",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("operator_id", BigId, ForeignKey("operators.id", ondelete="CASCADE"), nullable=False),
    Column("fingerprint", String(64), unique=True, nullable=False),  # SHA256:…, as ssh-keygen prints it.
    Column("public_key", Text, nullable=False),  # Its type and its base64, without options or comment.
    Column("comment", String(NAME_MAX), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_operator_keys_operator", "operator_id"),
    sqlite_autoincrement=True,
)
