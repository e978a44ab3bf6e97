"""What a person may do with jobs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from connecthub.control.actions import act, check
from connecthub.control.actor import Actor
from connecthub.db import job_logs, jobs
from connecthub.db.engine import Database
from connecthub.db.job_logs import NewLog
from connecthub.db.models import NAME_MAX, Trigger
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotFound, Refused
from connecthub.runner.questions import PluginQuestions
from connecthub.schedule.cron import next_fire_time, validate_cron, validate_timezone
from connecthub.security.fernet import open_secrets, seal
from connecthub.security.key_ring import KeyRing

TIMEOUT_MAX = 7 * 24 * 3600.0
"""Seconds."""
QUEUE_MAX = 64


@dataclass(frozen=True)
class NewJob:
    """A job to be added."""

    name: str
    handler_path: str
    cron_expr: str
    timezone: str
    params: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    timeout: float = 3600.0
    """Seconds."""
    enabled: bool = True
    tags: tuple[str, ...] = ()
    queue: str = "default"
    priority: int = 0


def add_job(
    database: Database, keys: KeyRing, questions: PluginQuestions, actor: Actor, new: NewJob, now: datetime
) -> AnyRow:
    """Add a job after its schedule, its plugin and its settings were checked; returns its row.

    Raises ScheduleError, PluginError, InvalidSettings, Refused (the name is taken), Forbidden.
    """
    check(actor, "job.add")
    _check_name(new.name)
    check_queue_name(new.queue)
    validate_cron(new.cron_expr)
    validate_timezone(new.timezone)
    if not 0 < new.timeout <= TIMEOUT_MAX:
        raise ConfigError(f"timeout {new.timeout:g} is out of range: write seconds, up to {TIMEOUT_MAX:g}")
    questions.validate(new.handler_path, new.params, new.secrets)
    with _refused_if_taken(new.name), act(database, actor, "job.add") as going_on:
        connection = going_on.connection
        if (taken := jobs.find_job(connection, new.name)) is not None:
            raise Refused(f"job {new.name!r} is there already (number {taken.id}); choose another name")
        job_id = jobs.insert_job(connection, _row_of(new, now))
        if new.secrets:
            jobs.set_secret_cfg(connection, job_id, seal(keys, job_id, new.secrets))
        settings = {**_settings_of(new), "secrets": sorted(new.secrets)}
        jobs.insert_revision(connection, job_id, 1, settings, actor.name, now)
        going_on.target_id, going_on.target_name = job_id, new.name
        going_on.detail = settings
        return _found(connection, new.name)


def run_job(database: Database, ring: Callable[[Iterable[AnyRow]], None], actor: Actor, reference: str) -> AnyRow:
    """Queue a run of the job now and ring; returns the new row (id, queue, priority)."""
    with act(database, actor, "job.run") as going_on:
        job = _found(going_on.connection, reference)
        new = NewLog(job, Trigger.MANUAL, exclusive=job.overlap != "allow", requested_by=actor.name)
        (row,) = job_logs.insert_queued(going_on.connection, [new])
        going_on.target_id, going_on.target_name = job.id, job.name
        going_on.detail = {"log": row.id}
    ring([row])
    return row


def list_jobs(database: Database) -> Sequence[AnyRow]:
    """All jobs by name, without their settings."""
    with database.read() as connection:
        return jobs.list_jobs(connection)


def show_job(database: Database, reference: str) -> AnyRow:
    """One job with its settings; its `secret_cfg` is sealed. Raises NotFound."""
    with database.read() as connection:
        return _found(connection, reference)


def secret_fields(keys: KeyRing, job: AnyRow) -> dict[str, str]:
    """The names of a job's secret fields, each masked; raises SecretUnreadable."""
    return dict.fromkeys(sorted(open_secrets(keys, job.id, job.secret_cfg)), "***")


@contextmanager
def _refused_if_taken(name: str) -> Iterator[None]:
    """Refuse a name that another add took in the same moment."""
    try:
        yield
    except IntegrityError:
        raise Refused(f"job {name!r} was added in this moment; choose another name") from None


def _found(connection: Connection, reference: str) -> AnyRow:
    job = jobs.find_job(connection, reference)
    if job is None:
        raise NotFound(f"no job {reference!r}; `connecthub job list` shows what is there")
    return job


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > NAME_MAX:
        raise ConfigError(f"job name of {len(name)} characters: write 1 to {NAME_MAX}")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name):
        raise ConfigError(f"job name {name!r} holds control or invisible characters; leave them out")
    if name.isdigit():
        raise ConfigError(f"job name {name!r} is a number, which names jobs by their id; add a letter")


def check_queue_name(queue: str) -> None:
    """Refuse a queue that no column takes; raises ConfigError."""
    if not 0 < len(queue) <= QUEUE_MAX or not queue.isprintable():
        raise ConfigError(f"queue {queue!r}: write 1 to {QUEUE_MAX} printable characters")


def _row_of(new: NewJob, now: datetime) -> dict[str, Any]:
    return {
        **_settings_of(new),
        "secret_cfg": None,
        "max_retries": 0,
        "overlap": "allow",
        "queue_limit": 1,
        "catch_up": "latest",
        "next_run_at": next_fire_time(new.cron_expr, new.timezone, now) if new.enabled else None,
        "schedule_error": None,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _settings_of(new: NewJob) -> dict[str, Any]:
    return {
        "name": new.name,
        "handler_path": new.handler_path,
        "cron_expr": new.cron_expr,
        "timezone": new.timezone,
        "public_cfg": new.params,
        "tags": list(new.tags),
        "enabled": new.enabled,
        "timeout": new.timeout,
        "priority": new.priority,
        "queue": new.queue,
    }
